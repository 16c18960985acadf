//! The program `ollacode`: everything is in the library.

use std::process::ExitCode;

/// glibc's allocator keeps memory that LanceDB frees, and faults its pages in again for each scan.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A helper process that confines a command does nothing else, and must start fast.
    if let Some(code) = ollacode::sandbox::confine::enter() {
        return code;
    }
    ollacode::frontends::main()
}
