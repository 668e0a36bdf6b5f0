//! Schema texts at hand, by content, bounded in bytes.

use crate::model::TextId;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<TextId, Arc<str>> for Bytes {
    fn weight(&self, _: &TextId, text: &Arc<str>) -> u64 {
        text.len() as u64 + 96
    }
}

/// The cache. A key stands for one text for ever, so nothing is ever invalidated.
#[derive(Debug)]
pub struct Texts {
    cache: Cache<TextId, Arc<str>, Bytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Texts {
    /// Keeps up to `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self {
            cache: Cache::with_weighter(16_384, bytes, Bytes),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// A text, if it is at hand.
    pub fn get(&self, id: &TextId) -> Option<Arc<str>> {
        let text = self.cache.get(id);
        let counter = if text.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        text
    }

    /// Keeps a text.
    pub fn put(&self, id: TextId, text: Arc<str>) {
        self.cache.insert(id, text);
    }

    /// Bytes kept.
    pub fn bytes(&self) -> u64 {
        self.cache.weight()
    }

    /// Whether more texts would push others out.
    pub fn is_full(&self) -> bool {
        self.cache.weight().saturating_mul(10) > self.cache.capacity().saturating_mul(9)
    }

    /// How often a text was at hand.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How often it had to be fetched.
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}
