//! Where the registry's state is kept: the one place that knows databases.
//!
//! A store keeps two things in one transaction: the log of changes, in one order over all nodes, and the
//! state that the log adds up to, so that a start reads the state and never replays the log.

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

mod effect;
pub mod memory;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migrations;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub mod sql;

use crate::model::TextId;
use crate::registry::change::Change;
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::watch;

/// The place of an entry in the log; 0 is before the first one.
pub type Seq = i64;

/// The longest subject or context that a store keeps, in bytes: Postgres cannot index much longer ones, and one
/// of them would fail its whole batch, so the registry refuses them before they get here.
pub const LONGEST_NAME: usize = crate::model::Subject::MAX_BYTES;

/// What one write adds to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was decided, in milliseconds since 1970.
    pub at: i64,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The texts that the changes name and that may be new.
    pub texts: Vec<(TextId, Arc<str>)>,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Its place.
    pub seq: Seq,
    /// When it was decided, in milliseconds since 1970.
    pub at: i64,
    /// The changes, in order.
    pub changes: Vec<Change>,
}

/// The whole state at one place of the log, as the changes that make it from nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The place.
    pub seq: Seq,
    /// Contexts, then schemas, then versions, then settings.
    pub state: Vec<Change>,
}

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else committed first: catch up and decide again.
    #[error("the log has moved on")]
    Behind,
    /// The database was written by a newer version of this program.
    #[error(
        "the database has format {found}, this program knows formats up to {known}: use a newer version"
    )]
    TooNew {
        /// The database's number.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The URL names no store this program has.
    #[error("{0}")]
    Unsupported(String),
    /// Another process uses the database, which is for one alone.
    #[error("{0} is in use by another process: only one may use a file at a time")]
    InUse(String),
    /// A subject or context is longer than [`LONGEST_NAME`].
    #[error("a name of {0} bytes is too long to be stored")]
    NameTooLong(usize),
    /// What the database holds cannot be read.
    #[error("the database holds something unreadable: {0}")]
    Corrupt(String),
    /// The database failed or could not be reached.
    #[error("the database failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where the registry's state is kept.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The state, for a start.
    async fn load(&self) -> Result<Loaded, StoreError>;

    /// The place of the last entry.
    async fn head(&self) -> Result<Seq, StoreError>;

    /// Up to `limit` entries after `after`, in order and without gaps.
    async fn changes_since(&self, after: Seq, limit: u32) -> Result<Vec<Committed>, StoreError>;

    /// Adds the entries, the first at `after + 1`, if the log still ends at `after`; all or nothing, and
    /// durable when it returns. Returns the place of the last one.
    async fn commit(&self, after: Seq, batch: &[Entry]) -> Result<Seq, StoreError>;

    /// The texts that are kept under these keys; unknown ones are left out.
    async fn texts(&self, ids: &[TextId]) -> Result<Vec<(TextId, Arc<str>)>, StoreError>;

    /// A number that changes when another node may have committed: a hint, never the truth.
    fn hints(&self) -> watch::Receiver<u64>;

    /// Whether others may write to it too, so that what is not known here may be known there.
    fn is_shared(&self) -> bool {
        true
    }

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what is open.
    async fn close(&self);
}

/// Opens the store that a URL names: `sqlite://file`, `postgres://…`, or `memory:`. Migrations run first.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    if url == "memory:" || url == "memory://" {
        return Ok(Arc::new(memory::Memory::new()));
    }
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return Ok(Arc::new(sqlite::Sqlite::open(url).await?));
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return Ok(Arc::new(postgres::Postgres::open(url).await?));
    }
    Err(no_store(url))
}

/// Brings the database that a URL names up to this program's tables, and returns how many steps that took.
pub async fn migrate(url: &str) -> Result<u64, StoreError> {
    if url == "memory:" || url == "memory://" {
        return Ok(0);
    }
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return sqlite::migrate(url).await;
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return postgres::migrate(url).await;
    }
    Err(no_store(url))
}

fn no_store(url: &str) -> StoreError {
    let scheme = url.split(':').next().unwrap_or_default();
    StoreError::Unsupported(format!(
        "no store for URLs that start with '{scheme}:'; use sqlite://FILE or postgres://…"
    ))
}
