//! From a question to its answer: memory, what was refused lately, one flight, the registry, and what is left when
//! the registry is away.

use super::error::ClientError;
use super::flight::{Flights, Outcome};
use super::key::Key;
use super::memory::Memory;
use super::pool::Pool;
use super::stats::{Counters, Stats};
use super::target::Target;
use super::transport::{Answer, Method, Request, Transport};
use super::tuning::Tuning;
use super::types::Registered;
use crate::model::{Context, Subject};
use bytes::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// What clones of a client share.
#[derive(Debug)]
pub(super) struct Inner {
    pool: Pool,
    pub context: Context,
    pub memory: Memory,
    flights: Flights,
    counters: Arc<Counters>,
    tuning: Tuning,
    /// Until when the registry counts as out of reach.
    away: Mutex<Option<Instant>>,
}

/// What an answer's body means, given the question.
pub(super) type Reading = Box<dyn FnOnce(&[u8]) -> Result<Registered, String> + Send>;

impl Inner {
    pub fn new(
        transports: Vec<Arc<dyn Transport>>,
        context: Context,
        tuning: Tuning,
    ) -> Result<Self, ClientError> {
        let counters = Arc::new(Counters::default());
        Ok(Self {
            memory: Memory::new(&tuning)?,
            pool: Pool::new(transports, tuning.clone(), Arc::clone(&counters)),
            context,
            flights: Flights::default(),
            counters,
            tuning,
            away: Mutex::new(None),
        })
    }

    pub fn stats(&self) -> Stats {
        let (schemas, bytes) = self.memory.schemas();
        Stats {
            cached_schemas: schemas as u64,
            cached_bytes: bytes,
            cached_latest: self.memory.latest() as u64,
            cached_unknown: self.memory.unknowns() as u64,
            ..self.counters.read()
        }
    }

    /// The subject in the client's context, unless it names one.
    pub fn place(&self, subject: &Subject) -> Subject {
        if subject.context().is_default() && !self.context.is_default() {
            Subject::new(&self.context, subject.name())
        } else {
            subject.clone()
        }
    }

    /// The subject to ask for ids with: the given one, or the client's context.
    pub fn place_id(&self, subject: Option<&Subject>) -> Option<Subject> {
        match subject {
            Some(subject) => Some(self.place(subject)),
            None if self.context.is_default() => None,
            None => Some(Subject::new(&self.context, "")),
        }
    }

    /// Answers a question about a schema.
    pub async fn schema(
        self: &Arc<Self>,
        key: Key,
        request: impl FnOnce() -> Result<Request, ClientError>,
        reading: impl FnOnce(&[u8]) -> Result<Registered, String> + Send + 'static,
    ) -> Outcome {
        if let Some(known) = self.memory.get(&key) {
            return Ok(known);
        }
        if let Some(refused) = self.memory.unknown(&key) {
            return Err(refused);
        }
        let request = request()?;
        self.flights
            .join(&key, || {
                let inner = Arc::clone(self);
                let key = key.clone();
                async move { inner.fly(key, request, Box::new(reading)).await }.boxed()
            })
            .await
    }

    /// The way of a question that memory does not answer; one at a time for each key.
    async fn fly(&self, key: Key, request: Request, reading: Reading) -> Outcome {
        // Another flight may have landed since the caller looked.
        if let Some(known) = self.memory.get(&key) {
            return Ok(known);
        }
        if self.is_away()
            && let Some(old) = self.left_over(&key)
        {
            return Ok(old);
        }
        match self.ask(&request, reading).await {
            Ok(found) => {
                self.back();
                let found = Arc::new(found);
                self.memory.put(key, Arc::clone(&found));
                Ok(found)
            }
            Err(error) if error.is_outage() => {
                self.gone();
                match self.left_over(&key) {
                    Some(old) => {
                        tracing::warn!(%error, "the registry is away; an older answer is used");
                        Ok(old)
                    }
                    None => Err(error),
                }
            }
            Err(error) => {
                if error.is_not_found() {
                    self.memory.put_unknown(key, error.clone());
                }
                Err(error)
            }
        }
    }

    async fn ask(&self, request: &Request, reading: Reading) -> Result<Registered, ClientError> {
        let (answer, url) = self.pool.call(request).await?;
        reading(&answer.body).map_err(|reason| unreadable(&answer, url, reason))
    }

    /// What there is when the registry is away.
    fn left_over(&self, key: &Key) -> Option<Arc<Registered>> {
        let old = self.memory.stale(key)?;
        Counters::add(&self.counters.fallbacks);
        Some(old)
    }

    /// After this client deleted something of a subject, or tried.
    pub async fn deleted(&self, subject: &Subject) {
        self.memory.deleted(subject);
    }

    fn is_away(&self) -> bool {
        let away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|until| Instant::now() < until)
    }

    fn gone(&self) {
        let until = Instant::now() + self.tuning.outage_pause;
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
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
        let (answer, url) = self.pool.call(&request).await?;
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
