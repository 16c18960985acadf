//! The program `ollacode`: everything is in the library.

use std::process::ExitCode;

/// glibc's allocator keeps what LanceDB frees and faults its pages in again for each scan.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ollacode::frontends::cli::main()
}
