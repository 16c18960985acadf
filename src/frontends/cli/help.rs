//! Completions and the man page, generated from the clap arguments.

use std::io::Write;

use anyhow::Error;
use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Arguments;
use super::print;

pub fn completions(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "ollacode", &mut script);
    print(|out| out.write_all(&script))
}

/// Prints one page: the program, then each command.
pub fn man_page() -> Result<(), Error> {
    let command = Arguments::command();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for command in command.get_subcommands() {
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
    }
    print(|out| out.write_all(&page))
}
