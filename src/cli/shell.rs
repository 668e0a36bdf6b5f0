//! `accord completions` and `accord man`: what shells and manuals need, made from the commands themselves.

use super::exit::Failure;
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  accord completions bash > /etc/bash_completion.d/accord

Exit codes: 0 printed, 2 no such shell.")]
pub(super) struct Completions {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  accord man /usr/local/share/man/man1

Exit codes: 0 written, 2 the folder cannot be written to.")]
pub(super) struct Man {
    /// The folder; it is made if it is not there.
    folder: PathBuf,
}

pub(super) fn completions(arguments: &Completions) -> Result<(), Failure> {
    let mut out = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut super::Arguments::command(),
        "accord",
        &mut out,
    );
    super::print(&String::from_utf8(out).map_err(Failure::outside)?)
}

pub(super) fn man(arguments: &Man) -> Result<(), Failure> {
    let folder = &arguments.folder;
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(super::Arguments::command(), folder).map_err(failed)
}
