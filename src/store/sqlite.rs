//! SQLite: one file, one process.
//!
//! Writes go through one connection, because SQLite has one writer anyway; reads have their own and see the
//! last commit (WAL). A lock file keeps a second process out, whose writes the first one would not notice.

use super::effect::{Effect, VersionStep, last_place};
use super::rows::{self, CONFIG, Cells, MODE, Read, failed};
use super::sql::{self, sqlite as own};
use super::{Committed, Entry, Loaded, Seq, Store, StoreError, migrations};
use crate::model::TextId;
use crate::registry::change::FORMAT;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, SqliteConnection};
use std::borrow::Cow;
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a statement waits for a lock, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Reads at a time.
const READERS: u32 = 4;

/// A store in a file.
#[derive(Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    hints: watch::Sender<u64>,
    /// Held while the store is open. The system lets go of it when the process ends, however it ends.
    lock: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens or makes the file that the URL names (`sqlite://accord.db`, `sqlite:///var/lib/accord.db`), or
    /// a database in memory (`sqlite::memory:`).
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let place = Place::of(url)?;
        let lock = place.lock()?;
        let writer = place.pool(1).connect_with(place.options.clone()).await;
        let writer = writer.map_err(failed)?;
        let readers = if place.in_memory {
            // A second connection would share its cache and fail where this one waits.
            writer.clone()
        } else {
            let options = place.options.clone().pragma("query_only", "ON");
            place.pool(READERS).connect_lazy_with(options)
        };
        let store = Self {
            writer,
            readers,
            hints: watch::Sender::new(0),
            lock: Mutex::new(lock),
        };
        let opened = async {
            let mut connection = store.writer.acquire().await.map_err(failed)?;
            migrations::run(&mut *connection, migrations::SQLITE).await?;
            head(&mut connection).await
        };
        match opened.await {
            Ok(_) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

/// Brings the file's tables up to date and returns how many steps that took.
pub(super) async fn migrate(url: &str) -> Result<u64, StoreError> {
    let place = Place::of(url)?;
    let _lock = place.lock()?;
    let pool = place.pool(1).connect_with(place.options.clone()).await;
    let pool = pool.map_err(failed)?;
    let done = async {
        let mut connection = pool.acquire().await.map_err(failed)?;
        migrations::run(&mut *connection, migrations::SQLITE).await
    };
    let done = done.await;
    pool.close().await;
    done
}

/// Where the database is and how to open it.
struct Place {
    options: SqliteConnectOptions,
    in_memory: bool,
}

impl Place {
    fn of(url: &str) -> Result<Self, StoreError> {
        let options: SqliteConnectOptions = url
            .parse()
            .map_err(|e: sqlx::Error| StoreError::Unsupported(e.to_string()))?;
        let rest = url.trim_start_matches("sqlite:").trim_start_matches("//");
        let (file, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let in_memory = file == ":memory:" || parameters.split('&').any(|p| p == "mode=memory");
        if !in_memory && file.is_empty() {
            return Err(StoreError::Unsupported(format!("'{url}' names no file")));
        }
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        Ok(Self {
            options: if in_memory {
                options
            } else {
                options.journal_mode(SqliteJournalMode::Wal)
            },
            in_memory,
        })
    }

    fn pool(&self, connections: u32) -> SqlitePoolOptions {
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE);
        if self.in_memory {
            // The database lives as long as its connection.
            pool.idle_timeout(None).max_lifetime(None)
        } else {
            pool
        }
    }

    /// Takes the file for this process.
    fn lock(&self) -> Result<Option<File>, StoreError> {
        if self.in_memory {
            return Ok(None);
        }
        let file = self.options.get_filename();
        let failed = |error: std::io::Error| {
            let error = std::io::Error::new(error.kind(), format!("{}: {error}", file.display()));
            StoreError::Failed(Box::new(error))
        };
        // By its real name, so that two spellings of one file meet at one lock.
        let real = match file.canonicalize() {
            Ok(real) => real,
            Err(_) => {
                let folder = file.parent().filter(|p| !p.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).canonicalize();
                folder
                    .map_err(failed)?
                    .join(file.file_name().unwrap_or_default())
            }
        };
        let mut name = real.clone().into_os_string();
        name.push(".lock");
        // Never removed: a process that waited at a removed file would hold a lock that nobody sees.
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(name)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(real.display().to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn is_shared(&self) -> bool {
        // One process per file: the lock sees to it.
        false
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        // A transaction that only reads sees one moment, from its first statement on.
        let mut tx = self.readers.begin().await.map_err(failed)?;
        let seq = head(&mut tx).await?;
        let mut state = Vec::new();
        let mut found = sqlx::query(sql::CONTEXTS).fetch(&mut *tx);
        while let Some(row) = found.try_next().await.map_err(failed)? {
            rows::context(&row, &mut state)?;
        }
        drop(found);
        let readings: [(&'static str, Read<SqliteRow>); 3] = [
            (sql::SCHEMAS, rows::schema),
            (sql::VERSIONS, rows::version),
            (sql::SETTINGS, rows::setting),
        ];
        for (statement, read) in readings {
            let mut found = sqlx::query(statement).fetch(&mut *tx);
            while let Some(row) = found.try_next().await.map_err(failed)? {
                state.push(read(&row)?);
            }
        }
        tx.rollback().await.map_err(failed)?;
        Ok(Loaded { seq, state })
    }

    async fn head(&self) -> Result<Seq, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        head(&mut connection).await
    }

    async fn changes_since(&self, after: Seq, limit: u32) -> Result<Vec<Committed>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        let mut found = sqlx::query(sql::CHANGES_SINCE)
            .bind(after)
            .bind(i64::from(limit))
            .fetch(&mut *connection);
        let mut last = after;
        let mut entries = Vec::new();
        while let Some(row) = found.try_next().await.map_err(failed)? {
            let entry = rows::committed(&row, last)?;
            last = entry.seq;
            entries.push(entry);
        }
        Ok(entries)
    }

    async fn commit(&self, after: Seq, batch: &[Entry]) -> Result<Seq, StoreError> {
        let last = last_place(after, batch)?;
        let effect = Effect::of(after, batch)?;
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await;
        let mut tx = tx.map_err(failed)?;
        let moved = sqlx::query(own::MOVE_HEAD)
            .bind(last)
            .bind(after)
            .bind(FORMAT)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        if moved.rows_affected() == 0 {
            head(&mut tx).await?;
            return Err(StoreError::Behind);
        }
        for (place, entry) in (after..last).zip(batch) {
            let payload = rows::payload(entry)?;
            sqlx::query(own::ADD_CHANGES)
                .bind(place + 1)
                .bind(entry.at)
                .bind(payload)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        apply(&mut tx, &effect).await?;
        tx.commit().await.map_err(failed)?;
        if last != after {
            self.hints.send_modify(|n| *n = n.wrapping_add(1));
        }
        Ok(last)
    }

    async fn texts(&self, ids: &[TextId]) -> Result<Vec<(TextId, Arc<str>)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.readers.acquire().await.map_err(failed)?;
        let found = sqlx::query(own::TEXTS)
            .bind(rows::to_json(&ids)?)
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        found.iter().map(rows::text).collect()
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let ping = sqlx::query(sql::PING).execute(&self.readers).await;
        ping.map(drop).map_err(failed)
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        *lock = None;
    }
}

async fn head(connection: &mut SqliteConnection) -> Result<Seq, StoreError> {
    let row = sqlx::query(sql::HEAD).fetch_one(connection).await;
    rows::head(&row.map_err(failed)?)
}

/// Writes the effect's rows: what is pointed at before what points, and removals the other way round.
async fn apply(tx: &mut SqliteConnection, effect: &Effect<'_>) -> Result<(), StoreError> {
    for (context, step) in &effect.contexts {
        let raise = sqlx::query(own::RAISE_CONTEXT)
            .bind(context.as_str())
            .bind(i64::from(step.max_id));
        raise.execute(&mut *tx).await.map_err(failed)?;
        if let Some(listed) = step.listed {
            let list = sqlx::query(own::LIST_CONTEXT)
                .bind(context.as_str())
                .bind(i64::from(listed));
            list.execute(&mut *tx).await.map_err(failed)?;
        }
    }
    for (id, text) in &effect.texts {
        let add = sqlx::query(own::ADD_TEXT)
            .bind(id.to_string())
            .bind(Arc::clone(text));
        add.execute(&mut *tx).await.map_err(failed)?;
    }
    for (schema, stored) in effect.schemas.values().flatten() {
        let store = sqlx::query(own::STORE_SCHEMA)
            .bind(schema.context.as_str())
            .bind(i64::from(schema.id.0))
            .bind(schema.schema_type.as_str())
            .bind(schema.text.to_string())
            .bind(schema.shape.to_string())
            .bind(schema.guid.to_string())
            .bind(rows::to_json(&schema.references)?)
            .bind(rows::maybe_json(schema.metadata.as_ref())?)
            .bind(rows::maybe_json(schema.rule_set.as_ref())?)
            .bind(*stored);
        store.execute(&mut *tx).await.map_err(failed)?;
    }
    for ((subject, version), step) in &effect.versions {
        let (subject_text, number) = (subject.as_str(), i64::from(version.0));
        let statement = match step {
            VersionStep::Stored(stored) => sqlx::query(own::STORE_VERSION)
                .bind(subject_text)
                .bind(number)
                .bind(subject.context().as_str())
                .bind(i64::from(stored.id.0))
                .bind(i64::from(stored.deleted))
                .bind(stored.at),
            VersionStep::Deleted => sqlx::query(own::DELETE_VERSION)
                .bind(subject_text)
                .bind(number),
            VersionStep::Removed => sqlx::query(own::REMOVE_VERSION)
                .bind(subject_text)
                .bind(number),
        };
        statement.execute(&mut *tx).await.map_err(failed)?;
    }
    for ((context, id), schema) in &effect.schemas {
        if schema.is_none() {
            let remove = sqlx::query(own::REMOVE_SCHEMA)
                .bind(context.as_str())
                .bind(i64::from(id.0));
            remove.execute(&mut *tx).await.map_err(failed)?;
        }
    }
    for (scope, config) in &effect.configs {
        let value = rows::maybe_json(config.as_ref())?;
        set(tx, scope.as_str(), CONFIG, value).await?;
    }
    for (scope, mode) in &effect.modes {
        let value = mode.map(|mode| mode.as_str().to_owned());
        set(tx, scope.as_str(), MODE, value).await?;
    }
    Ok(())
}

async fn set(
    tx: &mut SqliteConnection,
    scope: &str,
    kind: &'static str,
    value: Option<String>,
) -> Result<(), StoreError> {
    let statement = match value {
        Some(value) => sqlx::query(own::STORE_SETTING)
            .bind(scope)
            .bind(kind)
            .bind(value),
        None => sqlx::query(own::REMOVE_SETTING).bind(scope).bind(kind),
    };
    statement.execute(tx).await.map(drop).map_err(failed)
}

impl Cells for SqliteRow {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(failed)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<Cow<'_, str>>, StoreError> {
        let text: Option<&str> = self.try_get(column).map_err(failed)?;
        Ok(text.map(Cow::Borrowed))
    }
}
