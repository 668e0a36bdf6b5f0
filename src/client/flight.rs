//! One request for one question, however many ask it at once.

use super::error::ClientError;
use super::key::Key;
use super::types::Registered;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a question gets.
pub(super) type Outcome = Result<Arc<Registered>, ClientError>;
type Flight = BoxFuture<'static, Outcome>;

/// The questions that are being asked. They are asked by whoever waits: if one gives up, the others go on, and if
/// all do, the question is dropped.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    flights: HashMap<Key, (u64, WeakShared<Flight>)>,
    next: u64,
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.table().flights.len())
    }
}

/// Takes a flight off the table when it has ended, or nobody waits for it any more.
struct Landing {
    flights: Flights,
    key: Key,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = self.flights.table().flights.entry(self.key.clone())
            && entry.get().0 == self.number
        {
            entry.remove();
        }
    }
}

impl Flights {
    /// Nothing under this lock can panic half-way.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the flight for a key, or starts the one that `start` makes.
    pub fn join(&self, key: &Key, start: impl FnOnce() -> Flight) -> Shared<Flight> {
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
