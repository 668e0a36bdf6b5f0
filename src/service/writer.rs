//! The one task per node that writes: decides what waits, one after another on the same snapshot, and commits
//! it together.

use super::follow::until_stopped;
use super::gather::{AtHand, Gathered, panic_text};
use super::{Error, Fault, Service, State, now};
use crate::model::TextId;
use crate::registry::Decision;
use crate::registry::index::{Index, Misfit};
use crate::registry::library::{Library, Stop};
use crate::store::{Entry, StoreError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

/// How many writes are committed together at most.
const BATCH: usize = 128;
/// How many bytes of texts are committed together, one write aside.
const BATCH_BYTES: usize = 16 << 20;
/// How long a write may wait for a place in the queue.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// How often a batch is decided afresh because another node was first.
const MAX_ATTEMPTS: usize = 20;

/// A decision that is run again whenever the state has moved.
pub type Decide<T> = dyn Fn(&Library<'_>, i64) -> Result<Decision<T>, Stop> + Send + Sync;

/// Whether a decision was made on a state that includes writes of the same batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// On what is committed.
    Committed,
    /// On what the batch will commit.
    Pending,
}

/// A waiting write.
pub trait Job: Send + std::fmt::Debug {
    /// Decides on a snapshot. The answer is kept for [`Job::finish`].
    fn decide(
        &mut self,
        library: &Library<'_>,
        now: i64,
        basis: Basis,
    ) -> Result<Option<Entry>, Vec<TextId>>;
    /// Hands out the answer, or the reason for which nothing was committed.
    fn finish(self: Box<Self>, outcome: Result<(), Fault>);
    /// Whether whoever asked is gone.
    fn is_abandoned(&self) -> bool;
}

struct Write<T> {
    decide: Arc<Decide<T>>,
    answer: Option<Result<T, Error>>,
    basis: Basis,
    sender: oneshot::Sender<Result<T, Error>>,
}

impl<T> std::fmt::Debug for Write<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Write")
    }
}

impl<T: Send> Job for Write<T> {
    fn decide(
        &mut self,
        library: &Library<'_>,
        now: i64,
        basis: Basis,
    ) -> Result<Option<Entry>, Vec<TextId>> {
        self.answer = None;
        self.basis = basis;
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
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(Fault::Bug("a write was never decided".into()).into()),
            // A refusal stands without the commit if it does not rest on it.
            (Err(_), Some(Err(refused))) if self.basis == Basis::Committed => Err(refused),
            (Err(fault), _) => Err(fault.into()),
        };
        // Whoever asked may have gone: the write stands all the same.
        drop(self.sender.send(answer));
    }

    fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }
}

/// Whether a write is meant, or only its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// What is decided is committed.
    Commit,
    /// What is decided is answered, and nothing is committed.
    DryRun,
}

/// An answer, and the texts that it rests on and that the store may not have.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub reply: T,
    pub texts: Gathered,
}

impl<T> Answer<T> {
    /// The answer of a decision that is not committed.
    fn uncommitted(decision: Decision<T>) -> Self {
        Self {
            reply: decision.reply,
            texts: decision.texts.into_iter().collect(),
        }
    }
}

impl Service {
    /// Decides, commits and applies. Decided once on the snapshot first, where refusals and repetitions end
    /// without troubling the writer, and so does what is only tried.
    pub(super) async fn write<T, F>(&self, intent: Intent, decide: F) -> Result<Answer<T>, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>, i64) -> Result<Decision<T>, Stop> + Send + Sync + 'static,
    {
        let decide: Arc<Decide<T>> = Arc::new(decide);
        if intent == Intent::DryRun {
            // The answer has to be the one that a write would get now.
            self.refresh().await;
        }
        let seen = self.state.load().seq;
        let trial = || {
            let decide = decide.clone();
            self.run(move |library| decide(library, now()))
        };
        let mut decision = trial().await?;
        if decision.changes.is_empty() {
            self.settle().await;
            if self.state.load().seq != seen {
                decision = trial().await?;
            }
        }
        if decision.changes.is_empty() {
            return Ok(Answer::uncommitted(decision));
        }
        if self.is_cut_off() {
            return Err(Fault::Away.into());
        }
        if intent == Intent::DryRun {
            return Ok(Answer::uncommitted(decision));
        }
        let (sender, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Write {
            decide,
            answer: None,
            basis: Basis::Committed,
            sender,
        });
        match tokio::time::timeout(QUEUE_WAIT, self.writes.send(job)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Fault::Stopping.into()),
            Err(_) => return Err(Fault::Busy.into()),
        }
        let reply = answer.await.map_err(|_| {
            if *self.stop.borrow() {
                Fault::Stopping
            } else {
                Fault::Bug("a write was lost".into())
            }
        })??;
        Ok(Answer {
            reply,
            texts: Gathered::new(),
        })
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
            () = until_stopped(&mut stopped), if !stopping => {
                // Whatever is in the queue was accepted: take no more, and empty it.
                inbox.close();
                stopping = true;
                continue;
            }
            count = inbox.recv_many(&mut jobs, BATCH) => {
                if count == 0 {
                    return;
                }
            }
        }
        let Some(service) = service.upgrade() else {
            return;
        };
        jobs.retain(|job| !job.is_abandoned());
        service.write_all(std::mem::take(&mut jobs)).await;
    }
}

type Batch = Vec<Box<dyn Job>>;

/// What a batch was decided to be, and on which state.
struct Decided {
    base: Arc<State>,
    entries: Vec<Entry>,
    index: Index,
    /// How many jobs were decided; the others have to wait for the next batch.
    count: usize,
}

impl Service {
    /// Writes every job, in as few batches as their size allows.
    async fn write_all(&self, mut jobs: Batch) {
        let mut size = jobs.len();
        while !jobs.is_empty() {
            let later = jobs.split_off(size.min(jobs.len()));
            let (batch, count, outcome) = self.write_batch(jobs).await;
            jobs = batch;
            if outcome.is_err() && count > 1 {
                // One of them may be what the store cannot take: it must not fail the others.
                size = 1;
                jobs.extend(later);
                continue;
            }
            let undecided = jobs.split_off(count.min(jobs.len()));
            for job in jobs {
                job.finish(outcome.clone());
            }
            jobs = undecided;
            jobs.extend(later);
        }
    }

    /// Decides as many of the jobs as fit in a batch and commits them. Returns all jobs and how many of them
    /// the outcome is for.
    async fn write_batch(&self, mut jobs: Batch) -> (Batch, usize, Result<(), Fault>) {
        let mut gathered = Gathered::new();
        let mut count = jobs.len();
        for _ in 0..MAX_ATTEMPTS {
            let decided;
            (jobs, decided) = self.decide_batch(jobs, &mut gathered).await;
            let decided = match decided {
                Ok(decided) => decided,
                Err(fault) => return (jobs, count, Err(fault)),
            };
            count = decided.count;
            // Held from here on, so that nobody else moves the state between the commit and its application.
            let mut advance = self.advance.lock().await;
            let state = self.state.load_full();
            if !Arc::ptr_eq(&state, &decided.base) {
                continue;
            }
            if decided.entries.is_empty() {
                if !self.store.is_shared() {
                    return (jobs, count, Ok(()));
                }
                advance.asked = Some(Instant::now());
                if let Err(fault) = self.catch_up().await {
                    return (jobs, count, Err(fault));
                }
                if Arc::ptr_eq(&self.state.load_full(), &state) {
                    return (jobs, count, Ok(()));
                }
                continue;
            }
            match self.store.commit(state.seq, &decided.entries).await {
                Ok(seq) => {
                    for (id, text) in decided.entries.iter().flat_map(|e| &e.texts) {
                        self.texts.put(*id, text.clone());
                    }
                    self.advance_to(seq, decided.index);
                    self.note_answer();
                    return (jobs, count, Ok(()));
                }
                Err(StoreError::Behind) => {
                    if let Err(fault) = self.catch_up().await {
                        return (jobs, count, Err(fault));
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "a commit failed");
                    // It may have been committed all the same, so what is true must be asked for.
                    let fault = Fault::from(error);
                    if let Err(error) = self.catch_up().await {
                        tracing::error!(%error, "and the log cannot be read");
                    }
                    return (jobs, count, Err(fault));
                }
            }
        }
        (jobs, count, Err(Fault::Busy))
    }

    /// Decides jobs until the batch is full, each on the state that the ones before it make.
    async fn decide_batch(
        &self,
        mut jobs: Batch,
        gathered: &mut Gathered,
    ) -> (Batch, Result<Decided, Fault>) {
        let base = self.state.load_full();
        let mut decided = Decided {
            index: base.index.clone(),
            base,
            entries: Vec::new(),
            count: 0,
        };
        loop {
            let (settings, readings) = (self.settings.clone(), self.readings.clone());
            let truths = self.truths.clone();
            let cache = self.texts.clone();
            let texts = std::mem::take(gathered);
            let done = tokio::task::spawn_blocking(move || {
                let mut texts = texts;
                let outcome = decide_on(
                    &mut decided,
                    &mut jobs,
                    &mut texts,
                    |index, texts, job, basis| {
                        let library = Library {
                            index,
                            settings: &settings,
                            readings: &readings,
                            texts: &AtHand {
                                gathered: texts,
                                cache: &cache,
                            },
                            truths: &*truths,
                        };
                        job.decide(&library, now(), basis)
                    },
                );
                (decided, jobs, texts, outcome)
            })
            .await;
            let outcome;
            match done {
                Ok(done) => (decided, jobs, *gathered, outcome) = done,
                Err(error) => return (Vec::new(), Err(Fault::Bug(error.to_string()))),
            }
            match outcome {
                Ok(needed) if needed.is_empty() => return (jobs, Ok(decided)),
                Ok(needed) => {
                    if let Err(fault) = self.texts_of(&needed, gathered).await {
                        return (jobs, Err(fault));
                    }
                }
                Err(misfit) => return (jobs, Err(misfit.into())),
            }
        }
    }
}

/// Goes on with a batch where it stopped; returns the texts it needs to go on again, none when it is done.
fn decide_on(
    decided: &mut Decided,
    jobs: &mut Batch,
    texts: &mut Gathered,
    decide: impl Fn(&Index, &Gathered, &mut dyn Job, Basis) -> Result<Option<Entry>, Vec<TextId>>,
) -> Result<Vec<TextId>, Misfit> {
    let mut bytes: usize = decided
        .entries
        .iter()
        .flat_map(|e| &e.texts)
        .map(|(_, text)| text.len())
        .sum();
    for job in jobs.iter_mut().skip(decided.count) {
        if bytes > BATCH_BYTES {
            break;
        }
        let basis = if decided.entries.is_empty() {
            Basis::Committed
        } else {
            Basis::Pending
        };
        match decide(&decided.index, texts, &mut **job, basis) {
            Ok(entry) => {
                if let Some(entry) = entry {
                    for change in &entry.changes {
                        decided.index.apply(change)?;
                    }
                    bytes += entry.texts.iter().map(|(_, t)| t.len()).sum::<usize>();
                    texts.extend(entry.texts.iter().cloned());
                    decided.entries.push(entry);
                }
                decided.count += 1;
            }
            Err(needed) => return Ok(needed),
        }
    }
    Ok(Vec::new())
}
