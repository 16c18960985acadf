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
    let exit = ollacode::frontends::main();
    if exit.is_bare {
        end_at_once(exit.code);
    }
    exit.code.into()
}

/// Ends the process without a usual exit, at which the allocator gives its memory back page by page.
#[cfg(target_os = "linux")]
fn end_at_once(code: u8) {
    // SAFETY: all output is written, and what is open is closed by the system.
    unsafe { libc::_exit(code.into()) }
}

#[cfg(not(target_os = "linux"))]
fn end_at_once(_code: u8) {}
