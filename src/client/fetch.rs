//! From a question to its answer: memory, what was refused lately, one flight, the registry, and what is left when
//! the registry is away.

use super::auth::Secret;
use super::disk::{Disk, DiskOptions};
use super::error::ClientError;
use super::flight::{Flights, Outcome};
use super::key::Key;
use super::memory::{Memory, Remembered};
use super::pool::Pool;
use super::stats::{Counters, Stats};
use super::target::Target;
use super::transport::{Answer, Method, Request, Transport};
use super::tuning::Tuning;
use super::types::{Association, Registered};
use crate::model::{Context, Subject, TextId};
use bytes::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What clones of a client share.
#[derive(Debug)]
pub(super) struct Inner {
    pub pool: Pool,
    pub context: Context,
    pub memory: Memory,
    disk: Option<Disk>,
    schemas: Flights<Registered>,
    associations: Flights<Vec<Association>>,
    counters: Arc<Counters>,
    pub tuning: Tuning,
    /// Until when the registry counts as out of reach.
    away: Mutex<Option<Instant>>,
}

/// Whether the registry can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It answered last time.
    Near,
    /// It did not, a short while ago.
    Away,
    /// It did not, some time ago.
    Probe,
}

/// What an answer's body means, given the question.
pub(super) type Reading<V> = Box<dyn FnOnce(&[u8]) -> Result<V, String> + Send>;

/// An answer that is kept.
pub(super) trait Kept:
    Remembered + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The questions of this kind that are being asked.
    fn flights(inner: &Inner) -> &Flights<Self>;

    /// What it means that the registry says that there is nothing, if that is an answer, too.
    fn nothing() -> Option<Self>;
}

impl Kept for Registered {
    fn flights(inner: &Inner) -> &Flights<Self> {
        &inner.schemas
    }

    fn nothing() -> Option<Self> {
        None
    }
}

impl Kept for Vec<Association> {
    fn flights(inner: &Inner) -> &Flights<Self> {
        &inner.associations
    }

    /// A registry that knows no associations has none of a topic.
    fn nothing() -> Option<Self> {
        Some(Self::new())
    }
}

impl Inner {
    pub fn new(
        transports: Vec<Arc<dyn Transport>>,
        context: Context,
        tuning: Tuning,
        disk: Option<&DiskOptions>,
        tenant: &Secret,
    ) -> Result<Self, ClientError> {
        let counters = Arc::new(Counters::default());
        let pool = Pool::new(transports, tuning.clone(), Arc::clone(&counters));
        let mut identity = pool.identity();
        if !tenant.reveal().is_empty() {
            // A digest, because headers may be secret.
            identity = format!("{identity} {}", TextId::of(tenant.reveal()));
        }
        let disk = disk.map(|options| Disk::new(options, &identity, Arc::clone(&counters)));
        Ok(Self {
            memory: Memory::new(&tuning)?,
            disk,
            pool,
            context,
            schemas: Flights::default(),
            associations: Flights::default(),
            counters,
            tuning,
            away: Mutex::new(None),
        })
    }

    pub fn stats(&self) -> Stats {
        let (schemas, bytes) = self.memory.schemas();
        let (files, disk_bytes) = self.disk.as_ref().map_or((0, 0), Disk::size);
        Stats {
            disk_files: files as u64,
            disk_bytes,
            cached_schemas: schemas as u64,
            cached_bytes: bytes,
            cached_latest: self.memory.latest() as u64,
            cached_unknown: self.memory.unknowns() as u64,
            ..self.counters.read()
        }
    }

    /// The subject in the client's context, unless it names one, be it the default one.
    pub fn place(&self, subject: &Subject) -> Subject {
        if subject.names_context() {
            subject.clone()
        } else {
            Subject::new(&self.context, subject.name())
        }
    }

    /// The subject to ask for ids with: the given one, or the client's context. None is the default context.
    pub fn place_id(&self, subject: Option<&Subject>) -> Option<Subject> {
        let subject = match subject {
            Some(subject) => self.place(subject),
            None if self.context.is_default() => return None,
            None => Subject::new(&self.context, ""),
        };
        (!subject.as_str().is_empty()).then_some(subject)
    }

    /// Answers a question whose answer is kept.
    pub async fn kept<V: Kept>(
        self: &Arc<Self>,
        key: Key,
        request: impl FnOnce() -> Result<Request, ClientError>,
        reading: impl FnOnce(&[u8]) -> Result<V, String> + Send + 'static,
    ) -> Outcome<V> {
        if let Some(known) = V::get(&self.memory, &key) {
            return Ok(known);
        }
        if let Some(refused) = self.memory.unknown(&key) {
            return Err(refused);
        }
        let request = request()?;
        let reach = self.reach();
        let flight = V::flights(self).join(&key, || {
            let inner = Arc::clone(self);
            let key = key.clone();
            let reading = Box::new(reading);
            async move { inner.fly(key, request, reading, reach).await }.boxed()
        });
        // While the registry is away, nobody waits for it who has something older.
        match reach {
            Reach::Near => flight.await,
            Reach::Away => match self.stale(&key) {
                Some(old) => Ok(old),
                None => flight.await,
            },
            Reach::Probe => match self.stale(&key) {
                Some(old) => {
                    // What it finds is in memory then.
                    tokio::spawn(flight);
                    Ok(old)
                }
                None => flight.await,
            },
        }
    }

    /// The way of a question that memory does not answer; one at a time for each key.
    async fn fly<V: Kept>(
        &self,
        key: Key,
        request: Request,
        reading: Reading<V>,
        reach: Reach,
    ) -> Outcome<V> {
        // Another flight may have landed since the caller looked.
        if let Some(known) = V::get(&self.memory, &key) {
            return Ok(known);
        }
        // The content of an id never changes, so the disk is as good as the registry.
        if key.is_content()
            && let Some(known) = self.disk_copy(&key).await
        {
            return Ok(known);
        }
        let mut old = V::stale(&self.memory, &key);
        if old.is_none() && reach != Reach::Near {
            old = self.disk_copy(&key).await;
        }
        if let Some(old) = &old
            && reach == Reach::Away
        {
            Counters::add(&self.counters.fallbacks);
            return Ok(Arc::clone(old));
        }
        // Who has something older does not insist.
        let retries = if old.is_some() {
            0
        } else {
            self.tuning.retries
        };
        match self.ask(&request, retries, reading).await {
            Ok(found) => {
                self.back();
                let found = Arc::new(found);
                self.memory.put(key.clone(), Arc::clone(&found));
                if let Some(disk) = &self.disk {
                    disk.write(&key, &found).await;
                }
                Ok(found)
            }
            Err(error) if error.is_outage() => {
                let is_away = error.is_away();
                if is_away {
                    self.gone();
                }
                if old.is_none() {
                    old = self.disk_copy(&key).await;
                }
                let Some(old) = old else {
                    if matches!(error, ClientError::Unreadable { .. }) {
                        self.memory.put_unknown(key, error.clone());
                    }
                    return Err(error);
                };
                tracing::warn!(%error, question = %key, "no news of the registry; an older answer is used");
                Counters::add(&self.counters.fallbacks);
                if !is_away {
                    // It fails at this question alone, which need not be put for every record.
                    let pause = self.tuning.outage_pause;
                    V::put_old(&self.memory, key, Arc::clone(&old), pause);
                }
                Ok(old)
            }
            Err(error) => {
                self.back();
                if error.is_not_found() {
                    self.memory.put_unknown(key.clone(), error.clone());
                    if let Some(disk) = &self.disk {
                        disk.remove(&key).await;
                    }
                }
                Err(error)
            }
        }
    }

    async fn ask<V: Kept>(
        &self,
        request: &Request,
        retries: u32,
        reading: Reading<V>,
    ) -> Result<V, ClientError> {
        let (answer, url) = match self.pool.call(request, retries).await {
            Err(error) if error.is_not_found() => return V::nothing().ok_or(error),
            outcome => outcome?,
        };
        reading(&answer.body).map_err(|reason| unreadable(&answer, url, reason))
    }

    /// What memory has left when the registry is away.
    fn stale<V: Kept>(&self, key: &Key) -> Option<Arc<V>> {
        let old = V::stale(&self.memory, key)?;
        Counters::add(&self.counters.fallbacks);
        Some(old)
    }

    /// What the disk has; memory has it from then on, for what it is worth.
    async fn disk_copy<V: Kept>(&self, key: &Key) -> Option<Arc<V>> {
        let found: Arc<V> = self.disk.as_ref()?.read(key).await?;
        V::put_old(
            &self.memory,
            key.clone(),
            Arc::clone(&found),
            Duration::ZERO,
        );
        Some(found)
    }

    /// After this client deleted something of a subject, or tried.
    pub async fn deleted(&self, subject: &Subject) {
        self.memory.deleted(subject);
        if let Some(disk) = &self.disk {
            disk.forget(subject).await;
        }
    }

    /// Whether the registry was in reach when it was asked last. When that is some time ago, one caller is told
    /// to try.
    fn reach(&self) -> Reach {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match *away {
            None => Reach::Near,
            Some(until) if Instant::now() < until => Reach::Away,
            Some(_) => {
                *away = Some(Instant::now() + self.tuning.outage_pause);
                Reach::Probe
            }
        }
    }

    /// Does not make a pause longer that has begun: whoever is refused again and again must not keep the others
    /// from trying.
    fn gone(&self) {
        let now = Instant::now();
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if away.is_none_or(|until| until <= now) {
            *away = Some(now + self.tuning.outage_pause);
        }
    }

    fn back(&self) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Asks for something that is not kept.
    pub async fn value<T: DeserializeOwned>(
        &self,
        method: Method,
        target: Target,
        body: Option<Bytes>,
    ) -> Result<T, ClientError> {
        let request = Request {
            method,
            target: target.into_text(),
            body,
        };
        let (answer, url) = self.pool.call(&request, self.tuning.retries).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| unreadable(&answer, url, error.to_string()))
    }
}

/// A body to send.
pub(super) fn body<T: Serialize>(value: &T) -> Result<Bytes, ClientError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| ClientError::invalid(format!("this cannot be sent as JSON: {error}")))
}

fn unreadable(answer: &Answer, url: Arc<str>, reason: String) -> ClientError {
    ClientError::Unreadable {
        url,
        status: answer.status,
        reason: Arc::from(reason),
    }
}
