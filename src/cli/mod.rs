//! The command line: one file per command. Here: the list of commands, and what a failure's exit code is.
//!
//! Only this module and `server` print or log.

mod api;
mod check;
#[cfg(feature = "server")]
mod database;
pub mod exit;
mod explain;
#[cfg(feature = "server")]
mod logging;
mod output;
pub mod project;
mod remote;
#[cfg(feature = "server")]
mod serve;
mod shell;
mod transfer;

use clap::{Parser, Subcommand};
use exit::Failure;
use std::io::Write;
use std::process::ExitCode;

/// Accord, a schema registry.
#[derive(Debug, Parser)]
#[command(name = "accord", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the registry's server.
    #[cfg(feature = "server")]
    Serve(Box<serve::Arguments>),
    /// The tables of a database.
    #[cfg(feature = "server")]
    #[command(subcommand)]
    Database(database::Command),
    /// Say of every changed schema whether it breaks somebody.
    Check(Box<check::Arguments>),
    /// Say what a rule of a report means, with an example and the ways out.
    Explain(explain::Arguments),
    /// Register a schema under a subject.
    Register(Box<api::register::Register>),
    /// Print a schema.
    Get(Box<api::get::Arguments>),
    /// List subjects.
    List(Box<api::list::List>),
    /// List a subject's versions.
    Versions(Box<api::list::Versions>),
    /// Find the version of a subject that has a schema.
    Lookup(Box<api::register::Lookup>),
    /// Delete a subject or a version; soft unless told otherwise.
    Delete(Box<api::delete::Arguments>),
    /// Settings: get, set, unset.
    #[command(subcommand)]
    Config(Box<api::settings::Config>),
    /// Modes: get, set, unset.
    #[command(subcommand)]
    Mode(Box<api::settings::Mode>),
    /// List contexts.
    Contexts(Box<api::list::Contexts>),
    /// Write a registry's content into a file.
    Export(Box<transfer::export::Arguments>),
    /// Write a file's content into a registry.
    Import(Box<transfer::import::Arguments>),
    /// Copy a registry's content to another one.
    Migrate(Box<transfer::migrate::Arguments>),
    /// Print a shell's completions.
    Completions(shell::Completions),
    /// Write the manual's pages.
    Man(shell::Man),
}

/// Runs the program with the process's arguments and environment.
pub fn main() -> ExitCode {
    // clap answers `--help` with 0 and wrong usage with 2 by itself.
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.is_silent() {
                eprintln!("accord: {failure}");
            }
            failure.code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        #[cfg(feature = "server")]
        Command::Serve(arguments) => serve::run(*arguments),
        #[cfg(feature = "server")]
        Command::Database(command) => database::run(&command),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Register(arguments) => api::register::register(&arguments),
        Command::Get(arguments) => api::get::run(&arguments),
        Command::List(arguments) => api::list::list(&arguments),
        Command::Versions(arguments) => api::list::versions(&arguments),
        Command::Lookup(arguments) => api::register::lookup(&arguments),
        Command::Delete(arguments) => api::delete::run(&arguments),
        Command::Config(command) => api::settings::config(&command),
        Command::Mode(command) => api::settings::mode(&command),
        Command::Contexts(arguments) => api::list::contexts(&arguments),
        Command::Export(arguments) => transfer::export::run(&arguments),
        Command::Import(arguments) => transfer::import::run(&arguments),
        Command::Migrate(arguments) => transfer::migrate::run(&arguments),
        Command::Completions(arguments) => shell::completions(&arguments),
        Command::Man(arguments) => shell::man(&arguments),
    }
}

/// Prints what was asked for. A reader that has seen enough closes the pipe, which is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::outside(error))
        }
        _ => Ok(()),
    }
}
