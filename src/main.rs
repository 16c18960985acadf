//! The program `ollacode`: everything is in the library.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = ollacode::allocator::ALLOCATOR;

fn main() -> ExitCode {
    // A helper process that confines a command does nothing else, and must start fast.
    if let Some(code) = ollacode::sandbox::confine::enter() {
        return code;
    }
    ollacode::allocator::set_up();
    ollacode::frontends::main()
}
