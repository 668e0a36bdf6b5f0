//! `accord migrate`: the tables of a database are brought up to date apart from a server's start.

use super::exit::Failure;
use crate::store;
use clap::Args;

/// Which database.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The database: sqlite://FILE or postgres://USER@HOST/NAME.
    #[arg(long, env = "ACCORD_DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::outside)?;
    let applied = runtime
        .block_on(store::migrate(&arguments.database_url))
        .map_err(|error| Failure::from(&error))?;
    println!("{applied} migrations applied");
    Ok(())
}
