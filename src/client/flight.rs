//! One request for one question, however many ask it at once.

use super::error::ClientError;
use super::key::Key;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a question gets.
pub(super) type Outcome<V> = Result<Arc<V>, ClientError>;
type Flight<V> = BoxFuture<'static, Outcome<V>>;

/// The questions that are being asked. They are asked by whoever waits: if one gives up, the others go on, and if
/// all do, the question is dropped.
pub(super) struct Flights<V>(Arc<Mutex<Table<V>>>);

struct Table<V> {
    flights: HashMap<Key, (u64, WeakShared<Flight<V>>)>,
    next: u64,
}

impl<V> Clone for Flights<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Table {
            flights: HashMap::new(),
            next: 0,
        })))
    }
}

impl<V> fmt::Debug for Flights<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.table().flights.len())
    }
}

/// Takes a flight off the table when it has ended, or nobody waits for it any more.
struct Landing<V> {
    flights: Flights<V>,
    key: Key,
    number: u64,
}

impl<V> Drop for Landing<V> {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = self.flights.table().flights.entry(self.key.clone())
            && entry.get().0 == self.number
        {
            entry.remove();
        }
    }
}

impl<V> Flights<V> {
    /// Nothing under this lock can panic half-way.
    fn table(&self) -> MutexGuard<'_, Table<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the flight for a key, or starts the one that `start` makes.
    pub fn join(&self, key: &Key, start: impl FnOnce() -> Flight<V>) -> Shared<Flight<V>>
    where
        V: Send + Sync + 'static,
    {
        let mut table = self.table();
        if let Some(flight) = table.flights.get(key).and_then(|(_, weak)| weak.upgrade()) {
            return flight;
        }
        let number = table.next;
        table.next += 1;
        let landing = Landing {
            flights: self.clone(),
            key: key.clone(),
            number,
        };
        let work = start();
        let flight = async move {
            let outcome = work.await;
            drop(landing);
            outcome
        }
        .boxed()
        .shared();
        if let Some(weak) = flight.downgrade() {
            table.flights.insert(key.clone(), (number, weak));
        }
        flight
    }
}
