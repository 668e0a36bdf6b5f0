//! Following the log: hints say that there may be news, the poll says that there is.

use super::{Error, Fault, POLL, Service, State};
use crate::registry::index::Index;
use crate::store::{Committed, Seq, StoreError};
use std::sync::{Arc, Weak};
use tokio::sync::watch;
use tokio::time::Instant;

/// How many entries are read at once.
const CHUNK: u32 = 500;

/// Keeps a service current until it is stopped or dropped.
pub async fn run(
    service: Weak<Service>,
    mut hints: watch::Receiver<u64>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = until_stopped(&mut stopped) => return,
            changed = hints.changed() => {
                if changed.is_err() {
                    // The store no longer gives hints; the poll goes on.
                    tokio::time::sleep(POLL).await;
                }
            }
            () = tokio::time::sleep(POLL) => {}
        }
        let Some(service) = service.upgrade() else {
            return;
        };
        match service.follow().await {
            Ok(()) => {
                if failing {
                    tracing::info!("the store answers again");
                }
                failing = false;
            }
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "cannot follow the log");
                }
                failing = true;
            }
        }
    }
}

/// Waits until the service is told to stop, or is gone.
pub(super) async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // The only error is that the sender, and so the service, is gone.
    drop(stopped.wait_for(|stop| *stop).await);
}

impl Service {
    /// One round of following: the news, and whether the store is still ahead of us. A database that was set
    /// back to an older moment is not, and what we know of its future is void.
    async fn follow(&self) -> Result<(), Fault> {
        let mut advance = self.advance.lock().await;
        advance.asked = Some(Instant::now());
        self.catch_up().await?;
        if self.store.is_shared() && self.store.head().await? < self.state.load().seq {
            return self
                .reload("the log is shorter than what was read of it")
                .await;
        }
        Ok(())
    }

    /// Brings the state up to the store's head, unless somebody did since `asked`. Says whether the state is
    /// now beyond `seen`.
    pub(super) async fn catch_up_after(&self, asked: Instant, seen: Seq) -> Result<bool, Error> {
        let mut advance = self.advance.lock().await;
        if advance.asked.is_none_or(|last| last < asked) {
            let started = Instant::now();
            self.catch_up().await?;
            advance.asked = Some(started);
        }
        Ok(self.state.load().seq != seen)
    }

    /// Applies everything the store has beyond the state. The caller holds `advance`.
    pub(super) async fn catch_up(&self) -> Result<(), Fault> {
        loop {
            let state = self.state.load_full();
            let news = match self.store.changes_since(state.seq, CHUNK).await {
                Ok(news) => news,
                Err(error @ StoreError::TooNew { .. }) => {
                    // A newer program writes here now: what it wrote must not be guessed at.
                    self.break_down(&error.to_string());
                    return Err(error.into());
                }
                Err(error) => return Err(error.into()),
            };
            self.note_answer();
            if news.is_empty() {
                return Ok(());
            }
            let full = news.len() >= CHUNK as usize;
            let applied = tokio::task::spawn_blocking(move || apply(&state, &news))
                .await
                .map_err(|e| Fault::Bug(e.to_string()))?;
            match applied {
                Ok(next) => self.state.store(Arc::new(next)),
                Err(reason) => return self.reload(&reason).await,
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Starts again from the store's state: the log and what we know do not fit.
    async fn reload(&self, reason: &str) -> Result<(), Fault> {
        tracing::error!(reason, "the state does not fit the log; loading it afresh");
        let loaded = self.store.load().await?;
        self.state.store(Arc::new(super::fold(loaded).await?));
        Ok(())
    }

    pub(super) fn advance_to(&self, seq: Seq, index: Index) {
        self.state.store(Arc::new(State { seq, index }));
    }

    fn break_down(&self, reason: &str) {
        if let Ok(mut broken) = self.broken.lock() {
            *broken = Some(reason.to_owned());
        }
    }
}

/// The state after these entries, or why they do not fit.
fn apply(state: &State, news: &[Committed]) -> Result<State, String> {
    let mut index = state.index.clone();
    let mut seq = state.seq;
    for entry in news {
        if entry.seq != seq + 1 {
            return Err("the log has a gap".to_owned());
        }
        for change in &entry.changes {
            index.apply(change).map_err(|misfit| misfit.to_string())?;
        }
        seq = entry.seq;
    }
    Ok(State { seq, index })
}
