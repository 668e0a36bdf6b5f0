//! Postgres: any number of equal nodes on one database.
//!
//! A commit moves the one row of `head` first; its lock makes writers take turns, so that the order of the log
//! is the order of commits and a reader never sees a place before the ones in front of it. `NOTIFY` in the same
//! transaction tells the other nodes, who must not rely on it.

mod escape;
mod listener;
pub mod sql;
mod write;

use self::escape::{escape, unescape};
use self::listener::Listener;
use self::sql as own;
use super::effect::{Effect, last_place};
use super::rows::{self, Cells, Read, failed};
use super::{Committed, Entry, Loaded, Seq, Store, StoreError, migrations, sql as shared};
use crate::model::TextId;
use crate::registry::change::FORMAT;
use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use std::borrow::Cow;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Connections for requests; the listener has one more.
const CONNECTIONS: u32 = 10;
/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a piece of work may take, should the server's own bounds not end it: it may be unreachable.
const LIMIT: Duration = Duration::from_secs(30);
/// The same for loading.
const LOAD_LIMIT: Duration = Duration::from_secs(130);
/// How long migrations may take, those of another node included, for which this one waits.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(120);

/// Begins a commit. The level is said out loud, because a stricter default would turn a lost race into another
/// error than `Behind`.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Begins a reading that sees one moment.
const BEGIN_LOAD: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// A store in a database that many nodes share.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    hints: watch::Sender<u64>,
    /// Ends the listener, when it says so or is dropped.
    closing: watch::Sender<bool>,
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl Postgres {
    /// Connects to the database that the URL names and brings its tables up to date. A `statement_timeout` in the
    /// URL (`?options[statement_timeout]=2s`) replaces the usual bound on statements.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let options = options(url)?;
        migrate_with(&options).await?;
        let bounded = options
            .get_options()
            .is_some_and(|o| o.contains("statement_timeout"));
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if !bounded {
                        sqlx::query(own::BOUNDS).execute(connection).await?;
                    }
                    Ok(())
                })
            })
            .connect_lazy_with(options.clone());
        let hints = watch::Sender::new(0);
        let closing = watch::Sender::new(false);
        let listener = Listener {
            options,
            hints: hints.clone(),
        };
        let task = tokio::spawn(listener.run(closing.subscribe()));
        let store = Self {
            pool,
            hints,
            closing,
            listener: Mutex::new(Some(task)),
        };
        match store.head().await {
            Ok(_) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }
}

impl Postgres {
    async fn lease(&self) -> Result<Lease, StoreError> {
        Ok(Lease {
            connection: self.pool.acquire().await.map_err(failed)?,
            ended: false,
        })
    }
}

/// Brings the database's tables up to date and returns how many steps that took.
pub(super) async fn migrate(url: &str) -> Result<u64, StoreError> {
    migrate_with(&options(url)?).await
}

async fn migrate_with(options: &PgConnectOptions) -> Result<u64, StoreError> {
    // A connection of its own, which ends with the lock and has no bound on statements.
    let mut connection = within(PATIENCE, options.connect()).await?;
    let steps = async {
        let encoding: String = sqlx::query_scalar(own::ENCODING)
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        if encoding != "UTF8" {
            return Err(StoreError::Unsupported(format!(
                "the database's encoding is {encoding}; it must be UTF8"
            )));
        }
        migrations::run(&mut connection, migrations::POSTGRES).await
    };
    let done = match timeout(MIGRATION_PATIENCE, steps).await {
        Ok(done) => done,
        Err(late) => Err(StoreError::Failed(Box::new(late))),
    };
    // Whatever closing says, the server frees the lock when the socket goes.
    let _ = timeout(PATIENCE, connection.close()).await;
    done
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|e: sqlx::Error| StoreError::Unsupported(e.to_string()))?;
    let named = options.get_application_name().is_some();
    let options = options.disable_statement_logging();
    Ok(if named {
        options
    } else {
        options.application_name("accord")
    })
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(failed),
        Err(_) => Err(failed(sqlx::Error::PoolTimedOut)),
    }
}

/// A connection that goes back to the pool only if its work came to an end. One whose work was cut off, by a
/// caller that left or by a peer that does not answer, is closed: the pool would wait for it without a bound.
struct Lease {
    connection: PoolConnection<sqlx::Postgres>,
    ended: bool,
}

impl Lease {
    /// Ends the work, unless time was up first.
    fn end<T>(mut self, done: Result<Result<T, StoreError>, Elapsed>) -> Result<T, StoreError> {
        match done {
            Ok(done) => {
                self.ended = true;
                done
            }
            Err(late) => Err(StoreError::Failed(Box::new(late))),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

#[async_trait]
impl Store for Postgres {
    async fn load(&self) -> Result<Loaded, StoreError> {
        let mut lease = self.lease().await?;
        let done = timeout(LOAD_LIMIT, load(&mut lease.connection)).await;
        lease.end(done)
    }

    async fn head(&self) -> Result<Seq, StoreError> {
        let mut lease = self.lease().await?;
        let done = timeout(LIMIT, head(&mut lease.connection)).await;
        lease.end(done)
    }

    async fn changes_since(&self, after: Seq, limit: u32) -> Result<Vec<Committed>, StoreError> {
        let mut lease = self.lease().await?;
        let done = timeout(LIMIT, changes_since(&mut lease.connection, after, limit)).await;
        lease.end(done)
    }

    async fn commit(&self, after: Seq, batch: &[Entry]) -> Result<Seq, StoreError> {
        let last = last_place(after, batch)?;
        let effect = Effect::of(after, batch)?;
        let payloads = batch.iter().map(|entry| Ok(escape(&rows::payload(entry)?)));
        let log = Log {
            places: (after..last).map(|place| place + 1).collect(),
            times: batch.iter().map(|entry| entry.at).collect(),
            payloads: payloads.collect::<Result<_, StoreError>>()?,
        };
        let mut lease = self.lease().await?;
        let done = timeout(
            LIMIT,
            commit(&mut lease.connection, after, last, log, &effect),
        )
        .await;
        lease.end(done)?;
        Ok(last)
    }

    async fn texts(&self, ids: &[TextId]) -> Result<Vec<(TextId, Arc<str>)>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut lease = self.lease().await?;
        let done = timeout(LIMIT, texts(&mut lease.connection, ids)).await;
        lease.end(done)
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        let ping = async {
            let ping = sqlx::query(shared::PING).execute(&mut *lease.connection);
            ping.await.map(drop).map_err(failed)
        };
        let done = timeout(PATIENCE, ping).await;
        lease.end(done)
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let listener = {
            let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
            listener.take()
        };
        if let Some(task) = listener {
            let _ = task.await;
        }
        // A dead peer must not keep a node from ending.
        let _ = timeout(PATIENCE, self.pool.close()).await;
    }
}

/// The rows of the log, column by column.
struct Log {
    places: Vec<i64>,
    times: Vec<i64>,
    payloads: Vec<String>,
}

async fn load(connection: &mut PgConnection) -> Result<Loaded, StoreError> {
    let mut tx = connection.begin_with(BEGIN_LOAD).await.map_err(failed)?;
    let bounds = sqlx::query(own::LOAD_BOUNDS).execute(&mut *tx).await;
    bounds.map_err(failed)?;
    let seq = head(&mut tx).await?;
    let mut state = Vec::new();
    let mut found = sqlx::query(shared::CONTEXTS).fetch(&mut *tx);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        rows::context(&row, &mut state)?;
    }
    drop(found);
    let readings: [(&'static str, Read<PgRow>); 3] = [
        (shared::SCHEMAS, rows::schema),
        (shared::VERSIONS, rows::version),
        (shared::SETTINGS, rows::setting),
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

async fn changes_since(
    connection: &mut PgConnection,
    after: Seq,
    limit: u32,
) -> Result<Vec<Committed>, StoreError> {
    let mut found = sqlx::query(shared::CHANGES_SINCE)
        .bind(after)
        .bind(i64::from(limit))
        .fetch(connection);
    let mut last = after;
    let mut entries = Vec::new();
    while let Some(row) = found.try_next().await.map_err(failed)? {
        let entry = rows::committed(&row, last)?;
        last = entry.seq;
        entries.push(entry);
    }
    Ok(entries)
}

async fn texts(
    connection: &mut PgConnection,
    ids: &[TextId],
) -> Result<Vec<(TextId, Arc<str>)>, StoreError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found = sqlx::query(own::TEXTS)
        .bind(ids)
        .fetch_all(connection)
        .await;
    found.map_err(failed)?.iter().map(rows::text).collect()
}

async fn commit(
    connection: &mut PgConnection,
    after: Seq,
    last: Seq,
    log: Log,
    effect: &Effect<'_>,
) -> Result<(), StoreError> {
    let mut tx = connection.begin_with(BEGIN_WRITE).await.map_err(failed)?;
    let moved = sqlx::query(own::MOVE_HEAD)
        .bind(last)
        .bind(after)
        .bind(FORMAT)
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed)?;
    if moved.is_none() {
        head(&mut tx).await?;
        return Err(StoreError::Behind);
    }
    if !log.places.is_empty() {
        let add = sqlx::query(own::ADD_CHANGES)
            .bind(log.places)
            .bind(log.times)
            .bind(log.payloads);
        add.execute(&mut *tx).await.map_err(failed)?;
    }
    write::apply(&mut tx, effect).await?;
    tx.commit().await.map_err(failed)
}

async fn head(connection: &mut PgConnection) -> Result<Seq, StoreError> {
    let row = sqlx::query(shared::HEAD).fetch_one(connection).await;
    rows::head(&row.map_err(failed)?)
}

impl Cells for PgRow {
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(failed)
    }

    fn maybe_text(&self, column: usize) -> Result<Option<Cow<'_, str>>, StoreError> {
        let text: Option<&str> = self.try_get(column).map_err(failed)?;
        text.map(unescape).transpose()
    }
}
