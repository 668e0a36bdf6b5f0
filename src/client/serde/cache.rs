//! What a serializer keeps ready: found without a lock for the one entry that most records want, bounded for all.

use arc_swap::ArcSwapOption;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::Hash;
use std::sync::Arc;

/// A bounded map. The entry that was put in last is found fastest: a producer of one topic, or a consumer of records
/// of one version, asks for nothing else.
pub(super) struct Warm<K, V> {
    last: ArcSwapOption<(K, Arc<V>)>,
    all: Cache<K, Arc<V>>,
}

impl<K: Hash + Eq + Clone, V> Warm<K, V> {
    /// For at most so many entries.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            last: ArcSwapOption::empty(),
            all: Cache::new(capacity.max(1)),
        }
    }

    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Arc<V>> {
        if let Some(entry) = &*self.last.load()
            && key.equivalent(&entry.0)
        {
            return Some(entry.1.clone());
        }
        self.all.get(key)
    }

    pub(super) fn insert(&self, key: K, value: Arc<V>) {
        self.last
            .store(Some(Arc::new((key.clone(), value.clone()))));
        self.all.insert(key, value);
    }
}
