//! What a serializer keeps ready: found without a lock or a hash for the few entries that most records want, bounded
//! for all.

use arc_swap::{ArcSwap, Guard};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

/// How many entries are compared one by one; comparing more would cost what a hash does.
const NEAR: usize = 8;

type Entries<K, V> = Vec<(K, Arc<V>)>;

/// A bounded map. The entries that were put in last are found fastest: a producer of a few topics, or a consumer of
/// records of a few versions, asks for nothing else.
pub(super) struct Warm<K, V> {
    near: ArcSwap<Entries<K, V>>,
    all: Cache<K, Arc<V>>,
}

impl<K: Hash + Eq + Clone, V> Warm<K, V> {
    /// For at most so many entries.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            near: ArcSwap::from_pointee(Vec::new()),
            all: Cache::new(capacity.max(1)),
        }
    }

    /// The value, without counting it once more: threads that share it don't write to the same memory.
    #[inline]
    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Kept<K, V>> {
        let near = self.near.load();
        match near.iter().position(|(known, _)| key.equivalent(known)) {
            Some(at) => Some(Kept::Near(near, at)),
            None => self.all.get(key).map(Kept::Far),
        }
    }

    pub(super) fn insert(&self, key: K, value: Arc<V>) {
        self.near.rcu(|near| {
            let others = near.iter().filter(|(known, _)| *known != key);
            let new = std::iter::once((key.clone(), value.clone()));
            new.chain(others.cloned()).take(NEAR).collect::<Vec<_>>()
        });
        self.all.insert(key, value);
    }
}

/// A value on loan. For a moment: it may keep others from being freed.
pub(super) enum Kept<K, V> {
    /// The entry at this place, which was there when it was found.
    Near(Guard<Arc<Entries<K, V>>>, usize),
    /// One of the others.
    Far(Arc<V>),
}

impl<K, V> Kept<K, V> {
    /// The value to keep.
    #[inline]
    pub(super) fn share(&self) -> Arc<V> {
        match self {
            #[expect(clippy::indexing_slicing, reason = "the entries never change")]
            Self::Near(near, at) => near[*at].1.clone(),
            Self::Far(value) => value.clone(),
        }
    }
}

impl<K, V> Deref for Kept<K, V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        match self {
            #[expect(clippy::indexing_slicing, reason = "the entries never change")]
            Self::Near(near, at) => &near[*at].1,
            Self::Far(value) => value,
        }
    }
}

/// Whether two texts are the same. Most are empty here, and an empty `Box<str>` points to no memory: the C library's
/// comparison touches it nevertheless, under a mask, which costs some processors 100 ns.
#[inline]
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && (a.is_empty() || a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_whether_near_or_far_and_the_newest_counts() {
        let warm: Warm<u32, u32> = Warm::new(100);
        for n in 0..20 {
            warm.insert(n, Arc::new(n * 2));
        }
        warm.insert(3, Arc::new(7));
        let found: Vec<Option<u32>> = (0..21).map(|n| warm.get(&n).map(|kept| *kept)).collect();
        let expected: Vec<Option<u32>> = (0..20)
            .map(|n| Some(if n == 3 { 7 } else { n * 2 }))
            .chain([None])
            .collect();
        assert_eq!(found, expected);
        assert!(matches!(warm.get(&19), Some(Kept::Near(..))));
        assert!(matches!(warm.get(&0), Some(Kept::Far(_))));
    }
}
