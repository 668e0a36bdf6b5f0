//! The steps from an empty database to this program's tables, carried inside the program.

use super::StoreError;
use sqlx::SqlStr;
use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use std::borrow::Cow;

/// A step's title and script.
type Step = (&'static str, &'static str);

/// SQLite's steps, in order; the first one is number 1.
#[cfg(feature = "sqlite")]
pub(super) const SQLITE: &[Step] = &[(
    "initial",
    include_str!("../../migrations/sqlite/0001_initial.sql"),
)];

/// Postgres' steps: the same numbers and titles.
#[cfg(feature = "postgres")]
pub(super) const POSTGRES: &[Step] = &[(
    "initial",
    include_str!("../../migrations/postgres/0001_initial.sql"),
)];

/// Takes the steps that are missing and returns how many there were.
///
/// On Postgres the lock makes nodes that start together take turns; it is per session and counted, so the
/// migrator may take it again. A failed run leaves it to the end of the connection, which the caller closes.
pub(super) async fn run<C: Migrate>(connection: &mut C, steps: &[Step]) -> Result<u64, StoreError> {
    let migrator = migrator(steps);
    run_all(connection, &migrator)
        .await
        .map_err(|error| match error {
            MigrateError::VersionMissing(found) => StoreError::TooNew {
                found,
                known: migrator.iter().map(|m| m.version).max().unwrap_or(0),
            },
            MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => {
                StoreError::Corrupt(error.to_string())
            }
            error => StoreError::Failed(Box::new(error)),
        })
}

async fn run_all<C: Migrate>(connection: &mut C, migrator: &Migrator) -> Result<u64, MigrateError> {
    connection.lock().await?;
    connection
        .ensure_migrations_table(&migrator.table_name)
        .await?;
    let before = applied(connection, migrator).await?;
    migrator.run_direct(None, connection, false).await?;
    let after = applied(connection, migrator).await?;
    connection.unlock().await?;
    Ok(after.saturating_sub(before))
}

async fn applied<C: Migrate>(connection: &mut C, migrator: &Migrator) -> Result<u64, MigrateError> {
    let list = connection
        .list_applied_migrations(&migrator.table_name)
        .await?;
    Ok(list.len() as u64)
}

fn migrator(steps: &[Step]) -> Migrator {
    let migrations = (1..).zip(steps).map(|(number, (title, script))| {
        let sql = SqlStr::from_static(script);
        Migration::new(
            number,
            Cow::Borrowed(title),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    Migrator::with_migrations(migrations.collect())
}
