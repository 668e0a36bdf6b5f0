//! The running registry: gathers what a decision needs, lets the engine decide, commits, applies.
//!
//! Reads hold one snapshot of the index and never wait for writes. Writes go through one task per node; the
//! store's compare-and-set puts the writes of all nodes in one order. This room knows the clock and the
//! async runtime, and nothing of HTTP.

mod error;
mod follow;
mod gather;
mod reads;
mod render;
mod texts;
mod truths;
mod writer;
mod writes;

pub use error::{Error, Fault};
pub use reads::{ByIdOptions, ReadOptions};
pub use truths::{Checked, Meters};
pub use writer::Intent;
pub use writes::{CheckOptions, LookupOptions, RegisterOptions, Reported, Writes};

use crate::format::Limits;
use crate::model::Subject;
use crate::registry::Settings;
use crate::registry::index::Index;
use crate::registry::library::Readings;
use crate::store::{Loaded, Seq, Store};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio::time::Instant;

/// What is known at one place of the log.
#[derive(Debug, Default)]
struct State {
    seq: Seq,
    index: Index,
}

/// Sizes of caches and queues.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// Bytes of schema texts to keep.
    pub text_bytes: u64,
    /// Bytes of parsed schemas to keep, by estimate.
    pub reading_bytes: u64,
    /// Bytes of truths about pairs of schemas to keep, by estimate.
    pub truth_bytes: u64,
    /// How many decisions may run at once.
    pub decisions: usize,
    /// How many writes may wait.
    pub waiting_writes: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            text_bytes: 128 << 20,
            reading_bytes: 256 << 20,
            truth_bytes: 64 << 20,
            decisions: std::thread::available_parallelism().map_or(2, |n| n.get()) * 2,
            waiting_writes: 1_024,
        }
    }
}

/// How long a node may go without hearing from the store before it is no longer ready.
const STALE_AFTER: Duration = Duration::from_secs(15);
/// How often the store is asked for news when no hint came.
const POLL: Duration = Duration::from_secs(1);

/// A running registry.
#[derive(Debug)]
pub struct Service {
    store: Arc<dyn Store>,
    settings: Settings,
    state: ArcSwap<State>,
    /// Held by whoever moves the state forward.
    advance: Mutex<Advance>,
    readings: Arc<Readings>,
    texts: Arc<texts::Texts>,
    truths: Arc<truths::Truths>,
    decisions: Arc<Semaphore>,
    writes: mpsc::Sender<Box<dyn writer::Job>>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// When the store last answered, in milliseconds since the start.
    heard: AtomicI64,
    started: Instant,
    broken: std::sync::Mutex<Option<String>>,
}

/// When the state was last compared with the store.
#[derive(Debug)]
struct Advance {
    asked: Option<Instant>,
}

/// Figures of a running registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Stats {
    pub seq: i64,
    pub subjects: usize,
    pub versions: usize,
    pub deleted_versions: usize,
    pub schemas: usize,
    /// Of them by language, in the order of [`SchemaType::ALL`](crate::model::SchemaType::ALL).
    pub schemas_by_type: [usize; 3],
    pub contexts: usize,
    pub text_cache_bytes: u64,
    pub text_cache_hits: u64,
    pub text_cache_misses: u64,
}

impl Service {
    /// Loads the state and starts the tasks that keep it current.
    pub async fn start(store: Arc<dyn Store>, settings: Settings) -> Result<Arc<Self>, Fault> {
        Self::start_with(store, settings, &Capacity::default()).await
    }

    /// The same with given sizes.
    pub async fn start_with(
        store: Arc<dyn Store>,
        settings: Settings,
        capacity: &Capacity,
    ) -> Result<Arc<Self>, Fault> {
        let loaded = store.load().await?;
        let state = fold(loaded).await?;
        let (writes, inbox) = mpsc::channel(capacity.waiting_writes);
        let (stop, stopped) = watch::channel(false);
        let service = Arc::new(Self {
            settings,
            state: ArcSwap::from_pointee(state),
            advance: Mutex::new(Advance { asked: None }),
            readings: Arc::new(Readings::new(capacity.reading_bytes, Limits::default())),
            texts: Arc::new(texts::Texts::new(capacity.text_bytes)),
            truths: Arc::new(truths::Truths::new(capacity.truth_bytes)),
            decisions: Arc::new(Semaphore::new(capacity.decisions)),
            writes,
            stop,
            tasks: Mutex::default(),
            heard: AtomicI64::new(0),
            started: Instant::now(),
            broken: std::sync::Mutex::default(),
            store,
        });
        service.warm().await?;
        let mut tasks = service.tasks.lock().await;
        tasks.push(tokio::spawn(writer::run(
            Arc::downgrade(&service),
            inbox,
            stopped.clone(),
        )));
        tasks.push(tokio::spawn(follow::run(
            Arc::downgrade(&service),
            service.store.hints(),
            stopped,
        )));
        drop(tasks);
        Ok(service)
    }

    /// Fetches the text of each subject's latest version, as far as the cache goes.
    async fn warm(&self) -> Result<(), Fault> {
        let state = self.state.load_full();
        let latest: Vec<_> = state
            .index
            .subjects()
            .filter_map(|(s, versions)| {
                let record = versions.iter().rev().find(|r| !r.deleted)?;
                Some(state.index.schema(s.context(), record.id)?.text)
            })
            .collect();
        for ids in latest.chunks(256) {
            if self.texts.is_full() {
                break;
            }
            self.texts_of(ids, &mut HashMap::new()).await?;
        }
        Ok(())
    }

    /// Finishes the writes that were accepted, then the tasks and the store.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        for task in self.tasks.lock().await.drain(..) {
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(%error, "a background task failed while stopping");
            }
        }
        self.store.close().await;
    }

    /// Whether the node follows the log; if not, why.
    pub fn is_ready(&self) -> Result<(), String> {
        if let Ok(broken) = self.broken.lock()
            && let Some(reason) = &*broken
        {
            return Err(reason.clone());
        }
        if let Ok(tasks) = self.tasks.try_lock()
            && tasks.iter().any(tokio::task::JoinHandle::is_finished)
        {
            return Err("a background task has ended".to_owned());
        }
        let silent = self.silence();
        if silent > STALE_AFTER {
            return Err(format!(
                "the store has not answered for {} seconds",
                silent.as_secs()
            ));
        }
        Ok(())
    }

    /// Whether the store answers now.
    pub async fn ping(&self) -> Result<(), Fault> {
        Ok(self.store.ping().await?)
    }

    /// Figures for metrics.
    pub fn stats(&self) -> Stats {
        let state = self.state.load();
        let (subjects, versions, schemas) = state.index.counts();
        Stats {
            seq: state.seq,
            subjects,
            versions,
            deleted_versions: state.index.deleted_count(),
            schemas,
            schemas_by_type: state.index.schema_counts(),
            contexts: state.index.contexts().len(),
            text_cache_bytes: self.texts.bytes(),
            text_cache_hits: self.texts.hits(),
            text_cache_misses: self.texts.misses(),
        }
    }

    /// What is counted of semantic checks while they run.
    pub fn meters(&self) -> &Meters {
        self.truths.meters()
    }

    /// The subject that stands behind `subject`, if its settings name one.
    pub fn alias_of(&self, subject: &Subject) -> Option<Subject> {
        self.state.load().index.alias_target(subject)
    }

    /// The place in the log up to which this node knows.
    pub fn place(&self) -> Seq {
        self.state.load().seq
    }

    /// How long the store has not been heard.
    fn silence(&self) -> Duration {
        let heard = u64::try_from(self.heard.load(Ordering::Relaxed)).unwrap_or_default();
        self.started
            .elapsed()
            .saturating_sub(Duration::from_millis(heard))
    }

    /// Whether anything is known of a subject here: a version or settings.
    pub fn is_known(&self, subject: &Subject) -> bool {
        let state = self.state.load();
        !state.index.versions(subject).is_empty() || state.index.config(subject).is_some()
    }

    fn note_answer(&self) {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.heard.store(elapsed, Ordering::Relaxed);
    }
}

/// The state that a store holds.
async fn fold(loaded: Loaded) -> Result<State, Fault> {
    tokio::task::spawn_blocking(move || {
        let index = Index::fold(&loaded.state).map_err(|e| Fault::Bug(e.to_string()))?;
        Ok(State {
            seq: loaded.seq,
            index,
        })
    })
    .await
    .map_err(|e| Fault::Bug(e.to_string()))?
}

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}
