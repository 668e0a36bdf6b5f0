//! Maps and sets of the checkers, where hashing is a good part of the work: a faster hash than the standard one, seeded
//! afresh in each process. Every checker counts its steps, so keys that collide cost what they may and no more.

use foldhash::fast::RandomState;

/// A map.
pub(in crate::format) type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
/// A set.
pub(in crate::format) type HashSet<K> = std::collections::HashSet<K, RandomState>;
