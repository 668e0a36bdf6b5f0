//! The one task per node that writes: decides what waits, one after another on the same snapshot, and commits
//! it together.

use super::follow::until_stopped;
use super::gather::{Gathered, panic_text};
use super::{Error, Fault, Service, now};
use crate::model::TextId;
use crate::registry::Decision;
use crate::registry::library::{Library, Stop};
use crate::store::{Entry, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use tokio::sync::{mpsc, oneshot, watch};

/// How many writes are committed together at most.
const BATCH: usize = 128;
/// How often a batch is decided afresh because another node was first.
const MAX_ATTEMPTS: usize = 20;

/// A decision that is run again whenever the state has moved.
pub type Decide<T> = dyn Fn(&Library<'_>, i64) -> Result<Decision<T>, Stop> + Send + Sync;

/// A waiting write.
pub trait Job: Send + std::fmt::Debug {
    /// Decides on a snapshot. The answer is kept for [`Job::finish`].
    fn decide(&mut self, library: &Library<'_>, now: i64) -> Result<Option<Entry>, Vec<TextId>>;
    /// Hands out the answer, or the reason for which nothing was committed.
    fn finish(self: Box<Self>, outcome: Result<(), Fault>);
    /// Whether whoever asked is gone.
    fn is_abandoned(&self) -> bool;
}

struct Write<T> {
    decide: Arc<Decide<T>>,
    answer: Option<Result<T, Error>>,
    sender: oneshot::Sender<Result<T, Error>>,
}

impl<T> std::fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Write")
    }
}

impl<T: Send> Job for Write<T> {
    fn decide(&mut self, library: &Library<'_>, now: i64) -> Result<Option<Entry>, Vec<TextId>> {
        // One write that panics must not take its neighbours along.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.decide)(library, now)));
        let (answer, entry) = match outcome {
            Ok(Ok(decision)) => {
                let entry = (!decision.changes.is_empty()).then_some(Entry {
                    at: now,
                    changes: decision.changes,
                    texts: decision.texts,
                });
                (Ok(decision.reply), entry)
            }
            Ok(Err(Stop::Refused(refusal))) => (Err(refusal.into()), None),
            Ok(Err(Stop::Need(ids))) => return Err(ids),
            Err(panic) => (Err(Fault::Bug(panic_text(&*panic)).into()), None),
        };
        self.answer = Some(answer);
        Ok(entry)
    }

    fn finish(self: Box<Self>, outcome: Result<(), Fault>) {
        let answer = match (outcome, self.answer) {
            // A refusal stands whether or not the neighbours could be committed.
            (_, Some(Err(refused))) => Err(refused),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(Fault::Bug("a write was never decided".into()).into()),
            (Err(fault), _) => Err(fault.into()),
        };
        // Whoever asked may have gone: the write stands all the same.
        drop(self.sender.send(answer));
    }

    fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }
}

impl Service {
    /// Decides, commits and applies. Decided once on the snapshot first, where refusals and repetitions end
    /// without troubling the writer.
    pub(super) async fn write<T, F>(&self, decide: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>, i64) -> Result<Decision<T>, Stop> + Send + Sync + 'static,
    {
        let decide: Arc<Decide<T>> = Arc::new(decide);
        let trial = decide.clone();
        let decision = self.run(move |library| trial(library, now())).await?;
        if decision.changes.is_empty() {
            return Ok(decision.reply);
        }
        let (sender, answer) = oneshot::channel();
        let job = Box::new(Write {
            decide,
            answer: None,
            sender,
        });
        self.writes.send(job).await.map_err(|_| Fault::Stopping)?;
        answer.await.map_err(|_| Fault::Stopping)?
    }
}

/// Runs until the service is stopped or dropped; what was accepted before a stop is still written.
pub async fn run(
    service: Weak<Service>,
    mut inbox: mpsc::Receiver<Box<dyn Job>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut jobs = Vec::with_capacity(BATCH);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            count = inbox.recv_many(&mut jobs, BATCH) => {
                if count == 0 {
                    return;
                }
            }
            () = until_stopped(&mut stopped), if !stopping => {
                // Whatever is in the queue was accepted: take no more, and empty it.
                inbox.close();
                stopping = true;
                continue;
            }
        }
        let Some(service) = service.upgrade() else {
            return;
        };
        jobs.retain(|job| !job.is_abandoned());
        let (batch, outcome) = service.write_batch(std::mem::take(&mut jobs)).await;
        for job in batch {
            job.finish(outcome.clone());
        }
    }
}

type Batch = Vec<Box<dyn Job>>;

impl Service {
    async fn write_batch(&self, mut jobs: Batch) -> (Batch, Result<(), Fault>) {
        let mut gathered = Gathered::new();
        let advance = self.advance.lock().await;
        for attempt in 0..MAX_ATTEMPTS {
            if attempt > 0
                && let Err(fault) = self.catch_up().await
            {
                return (jobs, Err(fault));
            }
            let decided;
            (jobs, decided) = self.decide_batch(jobs, &mut gathered).await;
            let (entries, index) = match decided {
                Ok(decided) => decided,
                Err(fault) => return (jobs, Err(fault)),
            };
            if entries.is_empty() {
                return (jobs, Ok(()));
            }
            let after = self.state.load().seq;
            match self.store.commit(after, &entries).await {
                Ok(seq) => {
                    for (id, text) in entries.iter().flat_map(|e| &e.texts) {
                        self.texts.put(*id, text.clone());
                    }
                    self.advance_to(seq, index);
                    self.note_answer();
                    return (jobs, Ok(()));
                }
                Err(StoreError::Behind) => {}
                Err(error) => {
                    tracing::error!(%error, "a commit failed");
                    // It may have been committed all the same, so what is true must be asked for.
                    let fault = Fault::from(error);
                    if let Err(error) = self.catch_up().await {
                        tracing::error!(%error, "and the log cannot be read");
                    }
                    return (jobs, Err(fault));
                }
            }
        }
        drop(advance);
        (jobs, Err(Fault::Busy))
    }

    /// Decides every job, each on the state that the ones before it make.
    async fn decide_batch(
        &self,
        mut jobs: Batch,
        gathered: &mut Gathered,
    ) -> (
        Batch,
        Result<(Vec<Entry>, crate::registry::index::Index), Fault>,
    ) {
        loop {
            let state = self.state.load_full();
            let (settings, readings) = (self.settings.clone(), self.readings.clone());
            let mut texts = std::mem::take(gathered);
            let decided = tokio::task::spawn_blocking(move || {
                let mut index = state.index.clone();
                let mut entries = Vec::new();
                let mut needed = Vec::new();
                for job in &mut jobs {
                    let library = Library {
                        index: &index,
                        settings: &settings,
                        readings: &readings,
                        texts: &texts,
                    };
                    match job.decide(&library, now()) {
                        Ok(None) => {}
                        Ok(Some(entry)) => {
                            for change in &entry.changes {
                                if let Err(misfit) = index.apply(change) {
                                    return (jobs, texts, Err(Fault::Bug(misfit.to_string())));
                                }
                            }
                            texts.extend(entry.texts.iter().cloned());
                            entries.push(entry);
                        }
                        Err(ids) => {
                            needed = ids;
                            break;
                        }
                    }
                }
                (jobs, texts, Ok((entries, index, needed)))
            })
            .await;
            let needed = match decided {
                Ok((back, texts, Ok((entries, index, needed)))) => {
                    jobs = back;
                    *gathered = texts;
                    if needed.is_empty() {
                        return (jobs, Ok((entries, index)));
                    }
                    needed
                }
                Ok((back, texts, Err(fault))) => {
                    *gathered = texts;
                    return (back, Err(fault));
                }
                Err(error) => return (Vec::new(), Err(Fault::Bug(error.to_string()))),
            };
            if let Err(fault) = self.texts_of(&needed, gathered).await {
                return (jobs, Err(fault));
            }
        }
    }
}
