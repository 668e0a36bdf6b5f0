//! What a client keeps in memory: schemas for good; latest versions, associations and refusals for a while; all
//! bounded.

use super::error::ClientError;
use super::key::Key;
use super::tuning::Tuning;
use super::types::{Association, Registered};
use crate::model::Subject;
use crate::wire::frame::SchemaKey;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Few, because a schema that does not fit into one shard is not kept at all.
const SHARDS: usize = 4;
/// What an entry costs beside its texts, by estimate.
const OVERHEAD: usize = 512;

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Registered>> for Bytes {
    fn weight(&self, _key: &Key, value: &Arc<Registered>) -> u64 {
        let schema = &value.schema;
        let references: usize = schema
            .references
            .iter()
            .map(|reference| reference.name.len() + reference.subject.len() + 64)
            .sum();
        let rules = schema.rule_set.as_ref().map_or(0, |set| {
            set.rules()
                .map(|rule| 512 + rule.expr.as_ref().map_or(0, String::len))
                .sum()
        });
        let properties = schema.metadata.as_ref().map_or(0, |metadata| {
            metadata
                .properties
                .iter()
                .map(|(name, value)| 128 + name.0.len() + value.len())
                .sum::<usize>()
                + metadata.tags.len() * 256
        });
        (OVERHEAD + schema.text.len() + references + rules + properties) as u64
    }
}

/// Something that is true for a while.
#[derive(Debug, Clone)]
struct Timed<T> {
    until: Instant,
    value: T,
}

impl<T> Timed<T> {
    fn new(value: T, ttl: Duration) -> Self {
        Self {
            until: Instant::now() + ttl,
            value,
        }
    }

    fn current(self) -> Option<T> {
        (Instant::now() < self.until).then_some(self.value)
    }
}

/// What memory keeps answers of one kind in.
pub(super) trait Remembered: Sized {
    /// What is known and current.
    fn get(memory: &Memory, key: &Key) -> Option<Arc<Self>>;
    /// What was known, however old.
    fn stale(memory: &Memory, key: &Key) -> Option<Arc<Self>>;
    /// Keeps something that may have changed since: what changes by itself counts as current for this long.
    fn put_old(memory: &Memory, key: Key, value: Arc<Self>, ttl: Duration);
}

impl Remembered for Registered {
    fn get(memory: &Memory, key: &Key) -> Option<Arc<Self>> {
        memory.get(key)
    }

    fn stale(memory: &Memory, key: &Key) -> Option<Arc<Self>> {
        if key.is_latest() {
            Some(memory.latest.get(key)?.value)
        } else {
            memory.schemas.get(key)
        }
    }

    fn put_old(memory: &Memory, key: Key, value: Arc<Self>, ttl: Duration) {
        if key.is_latest() {
            memory.latest.insert(key, Timed::new(value, ttl));
        } else {
            memory.schemas.insert(key, value);
        }
    }
}

impl Remembered for Vec<Association> {
    fn get(memory: &Memory, key: &Key) -> Option<Arc<Self>> {
        memory.associations.get(key)?.current()
    }

    fn stale(memory: &Memory, key: &Key) -> Option<Arc<Self>> {
        Some(memory.associations.get(key)?.value)
    }

    fn put_old(memory: &Memory, key: Key, value: Arc<Self>, ttl: Duration) {
        memory.associations.insert(key, Timed::new(value, ttl));
    }
}

/// The caches.
#[derive(Debug)]
pub(super) struct Memory {
    schemas: Cache<Key, Arc<Registered>, Bytes>,
    latest: Cache<Key, Timed<Arc<Registered>>>,
    associations: Cache<Key, Timed<Arc<Vec<Association>>>>,
    unknown: Cache<Key, Timed<ClientError>>,
    bad: Cache<(SchemaKey, Option<Subject>), Timed<Arc<str>>>,
    latest_ttl: Duration,
    negative_ttl: Duration,
    bad_ttl: Duration,
}

impl Memory {
    pub fn new(tuning: &Tuning) -> Result<Self, ClientError> {
        let capacity = tuning.cache_bytes.max(1);
        let items = usize::try_from(capacity / 2048)
            .unwrap_or(usize::MAX)
            .clamp(16, 1 << 20);
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(items)
            .weight_capacity(capacity)
            .build()
            .map_err(|error| ClientError::invalid(format!("the cache: {error}")))?;
        let entries = tuning.cache_entries.max(1);
        Ok(Self {
            schemas: Cache::with_options(
                options,
                Bytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            latest: Cache::new(entries),
            associations: Cache::new(entries),
            unknown: Cache::new(entries),
            bad: Cache::new(entries),
            latest_ttl: tuning.latest_ttl,
            negative_ttl: tuning.negative_ttl,
            bad_ttl: tuning.bad_schema_ttl,
        })
    }

    /// The schema that is known and current.
    #[inline]
    pub fn get(&self, key: &Key) -> Option<Arc<Registered>> {
        if key.is_latest() {
            self.latest.get(key)?.current()
        } else {
            self.schemas.get(key)
        }
    }

    /// Keeps what the registry has just answered.
    pub fn put<V: Remembered>(&self, key: Key, value: Arc<V>) {
        self.unknown.remove(&key);
        V::put_old(self, key, value, self.latest_ttl);
    }

    /// Why there is no answer, if that was found out a short while ago.
    pub fn unknown(&self, key: &Key) -> Option<ClientError> {
        self.unknown.get(key)?.current()
    }

    pub fn put_unknown(&self, key: Key, error: ClientError) {
        self.latest.remove(&key);
        self.associations.remove(&key);
        if !self.negative_ttl.is_zero() {
            self.unknown
                .insert(key, Timed::new(error, self.negative_ttl));
        }
    }

    pub fn bad(&self, key: SchemaKey, subject: Option<&Subject>) -> Option<ClientError> {
        let key = (key, subject.cloned());
        let reason = self.bad.get(&key)?.current()?;
        Some(ClientError::BadSchema {
            key: key.0,
            subject: key.1,
            reason,
        })
    }

    pub fn put_bad(&self, key: SchemaKey, subject: Option<&Subject>, reason: Arc<str>) {
        self.bad
            .insert((key, subject.cloned()), Timed::new(reason, self.bad_ttl));
    }

    /// After a registration: what was unknown may be known, and the latest version is another.
    pub fn registered(&self, subject: &Subject) {
        self.unknown.clear();
        self.latest.retain(|key, _| key.subject() != Some(subject));
    }

    /// After a deletion: nothing of the subject is sure but the content of its ids.
    pub fn deleted(&self, subject: &Subject) {
        let other = |key: &Key| key.is_content() || key.subject() != Some(subject);
        self.schemas.retain(|key, _| other(key));
        self.latest.retain(|key, _| other(key));
        // They go with their subjects.
        self.associations.clear();
    }

    pub fn schemas(&self) -> (usize, u64) {
        (self.schemas.len(), self.schemas.weight())
    }

    pub fn latest(&self) -> usize {
        self.latest.len()
    }

    pub fn unknowns(&self) -> usize {
        self.unknown.len()
    }
}
