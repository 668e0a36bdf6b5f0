//! `accord database upgrade`: the tables of a database are brought up to date apart from a server's start.

use super::exit::Failure;
use crate::store;
use clap::{Args, Subcommand};

/// What to do with a database.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring the tables up to date, and stop.
    Upgrade(Upgrade),
}

/// Which database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  accord database upgrade --database-url sqlite://accord.db
  accord database upgrade --database-url postgres://accord@db.internal/accord

A server does the same when it starts. Tables that are up to date are left alone.

Exit codes: 0 up to date, 2 usage, 3 the database could not be used.")]
pub(super) struct Upgrade {
    /// The database: sqlite://FILE or postgres://USER@HOST/NAME.
    #[arg(long, env = "ACCORD_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Upgrade(arguments) = command;
    let applied = super::remote::block_on(store::migrate(&arguments.database_url))?
        .map_err(|error| Failure::from(&error))?;
    super::print(&match applied {
        1 => "1 migration applied\n".to_owned(),
        count => format!("{count} migrations applied\n"),
    })
}
