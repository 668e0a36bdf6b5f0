//! What a serializer keeps ready: found without a lock or a hash for the few entries that most records want, bounded
//! for all.

use arc_swap::{ArcSwap, Guard};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// How many entries are compared one by one; comparing more would cost what a hash does.
const NEAR: usize = 8;

type Entries<K, V> = Vec<(K, Arc<V>)>;

/// A bounded map. A producer of a few topics, or a consumer of records of a few versions, finds everything in `first`,
/// which is read like any memory. What comes later, or is replaced from time to time, is found in `near`.
pub(super) struct Warm<K, V> {
    /// Values that stay as they are, written once: nothing has to be counted or given back to read them.
    first: [OnceLock<(K, Arc<V>)>; NEAR],
    /// The newest of the others.
    near: ArcSwap<Entries<K, V>>,
    all: Cache<K, Arc<V>>,
}

impl<K: Hash + Eq + Clone, V> Warm<K, V> {
    /// For at most so many entries, and a few more.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            first: [const { OnceLock::new() }; NEAR],
            near: ArcSwap::from_pointee(Vec::new()),
            all: Cache::new(capacity.max(1)),
        }
    }

    /// The value, if it is one that stays: found at the price of a comparison, and returned in a register.
    #[inline]
    pub(super) fn first<Q: Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        for slot in &self.first {
            match slot.get() {
                Some((known, value)) if key.equivalent(known) => return Some(value),
                Some(_) => {}
                None => break,
            }
        }
        None
    }

    /// The value, if it is one of the others.
    pub(super) fn other<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Kept<K, V>> {
        let near = self.near.load();
        match near.iter().position(|(known, _)| key.equivalent(known)) {
            Some(at) => Some(Kept::Near(near, at)),
            None => self.all.get(key).map(Kept::Far),
        }
    }

    /// The value, to keep.
    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<Arc<V>> {
        for slot in &self.first {
            match slot.get() {
                Some((known, value)) if key.equivalent(known) => return Some(value.clone()),
                _ => {}
            }
        }
        self.other(key).map(|kept| kept.value().clone())
    }

    /// Keeps a value that may be replaced by another one.
    pub(super) fn insert(&self, key: K, value: Arc<V>) {
        self.near.rcu(|near| {
            let others = near.iter().filter(|(known, _)| *known != key);
            let new = std::iter::once((key.clone(), value.clone()));
            new.chain(others.cloned()).take(NEAR).collect::<Vec<_>>()
        });
        self.all.insert(key, value);
    }

    /// Keeps a value for which no other one will ever be inserted but its equal.
    pub(super) fn insert_for_good(&self, key: K, value: Arc<V>) {
        let mut entry = (key, value);
        for slot in &self.first {
            match slot.set(entry) {
                Ok(()) => return,
                Err(back) => entry = back,
            }
            if slot.get().is_some_and(|(known, _)| *known == entry.0) {
                return;
            }
        }
        self.insert(entry.0, entry.1);
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
    fn value(&self) -> &Arc<V> {
        match self {
            #[expect(clippy::indexing_slicing, reason = "the entries never change")]
            Self::Near(near, at) => &near[*at].1,
            Self::Far(value) => value,
        }
    }
}

impl<K, V> Deref for Kept<K, V> {
    type Target = V;

    fn deref(&self) -> &V {
        self.value()
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

    fn all(warm: &Warm<u32, u32>) -> Vec<Option<u32>> {
        (0..21).map(|n| warm.get(&n).map(|kept| *kept)).collect()
    }

    #[test]
    fn entries_are_found_whether_near_or_far_and_the_newest_counts() {
        let warm: Warm<u32, u32> = Warm::new(100);
        for n in 0..20 {
            warm.insert(n, Arc::new(n * 2));
        }
        warm.insert(3, Arc::new(7));
        let expected: Vec<Option<u32>> = (0..20)
            .map(|n| Some(if n == 3 { 7 } else { n * 2 }))
            .chain([None])
            .collect();
        assert_eq!(all(&warm), expected);
        assert!(matches!(warm.other(&19), Some(Kept::Near(..))));
        assert!(matches!(warm.other(&0), Some(Kept::Far(_))));
    }

    #[test]
    fn what_stays_is_found_first_and_what_no_longer_fits_there_is_found_too() {
        let warm: Warm<u32, u32> = Warm::new(100);
        for n in (0..20).chain(0..20) {
            warm.insert_for_good(n, Arc::new(n * 2));
        }
        let expected: Vec<Option<u32>> = (0..20).map(|n| Some(n * 2)).chain([None]).collect();
        assert_eq!(all(&warm), expected);
        assert_eq!(warm.first(&7), Some(&14));
        assert_eq!(warm.first(&8), None);
        assert!(warm.other(&7).is_none() && warm.other(&8).is_some());
    }
}
