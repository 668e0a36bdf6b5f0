//! Following the log: hints say that there may be news, the poll says that there is.

use super::{Error, Fault, POLL, Service, State};
use crate::registry::index::Index;
use crate::store::{Seq, StoreError};
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
        match service.catch_up_after(Instant::now(), 0).await {
            Ok(_) => {
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
            let mut index = state.index.clone();
            let mut seq = state.seq;
            for entry in &news {
                if entry.seq != seq + 1 {
                    return self.reload("the log has a gap").await;
                }
                for change in &entry.changes {
                    if let Err(misfit) = index.apply(change) {
                        return self.reload(&misfit.to_string()).await;
                    }
                }
                seq = entry.seq;
            }
            self.advance_to(seq, index);
            if !full {
                return Ok(());
            }
        }
    }

    /// Starts again from the store's state: the log and what we know do not fit.
    async fn reload(&self, reason: &str) -> Result<(), Fault> {
        tracing::error!(reason, "the state does not fit the log; loading it afresh");
        let loaded = self.store.load().await?;
        let index = Index::fold(&loaded.state).map_err(|e| Fault::Bug(e.to_string()))?;
        self.advance_to(loaded.seq, index);
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
