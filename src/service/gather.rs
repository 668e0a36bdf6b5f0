//! Runs pure functions on a snapshot: off the async threads, with the texts they ask for.

use super::texts::Texts;
use super::{Error, Fault, Service, State};
use crate::model::TextId;
use crate::registry::index::Index;
use crate::registry::library::{Library, Stop, TextSource};
use crate::registry::refusal::Refusal;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Texts gathered for one decision.
pub type Gathered = HashMap<TextId, Arc<str>>;

/// What a decision finds without the store: what was gathered for it, and the cache.
#[derive(Debug)]
pub(super) struct AtHand<'a> {
    pub gathered: &'a Gathered,
    pub cache: &'a Texts,
}

impl TextSource for AtHand<'_> {
    fn at_hand(&self, id: &TextId) -> Option<Arc<str>> {
        self.gathered
            .get(id)
            .cloned()
            .or_else(|| self.cache.get(id))
    }
}

/// How fresh an answer that writes nothing has to be on a shared store.
const FRESH: Duration = Duration::from_millis(50);
/// How long a store may be silent until answers no longer wait for it; the follower asks every second.
const AWAY_AFTER: Duration = Duration::from_secs(3);
/// How long an answer waits for news.
const REFRESH_WAIT: Duration = Duration::from_secs(2);

/// Each round of gathering adds texts; a decision that wants more rounds than this is going in circles.
const MAX_ROUNDS: usize = 10_000;

impl Service {
    /// Adds texts to `gathered`, from the cache or the store.
    pub(super) async fn texts_of(
        &self,
        ids: &[TextId],
        gathered: &mut Gathered,
    ) -> Result<(), Fault> {
        let mut missing = Vec::new();
        for id in ids {
            match self.texts.get(id) {
                Some(text) => {
                    gathered.insert(*id, text);
                }
                None => missing.push(*id),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        for (id, text) in self.store.texts(&missing).await? {
            self.texts.put(id, text.clone());
            gathered.insert(id, text);
        }
        match missing.iter().find(|id| !gathered.contains_key(id)) {
            None => Ok(()),
            Some(id) => Err(Fault::Bug(format!("the store has no text {id}"))),
        }
    }

    /// One text.
    pub(super) async fn text_of(&self, id: TextId) -> Result<Arc<str>, Fault> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(text);
        }
        let mut gathered = Gathered::new();
        self.texts_of(&[id], &mut gathered).await?;
        gathered
            .remove(&id)
            .ok_or_else(|| Fault::Bug(format!("the store has no text {id}")))
    }

    /// Answers from the index alone what may change at any moment: on a shared store the news are asked for
    /// first, so that every node shows an acknowledged write at once. While the store cannot be asked, what
    /// is known is better than nothing.
    pub(super) async fn ask_fresh<T>(
        &self,
        question: impl Fn(&Index) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        self.refresh().await;
        self.ask(question).await
    }

    /// Asks a shared store for news.
    pub async fn refresh(&self) {
        self.refresh_since(Instant::now()).await;
    }

    /// Asks a shared store for news unless that was done a moment ago, as at the start of a write.
    pub(super) async fn settle(&self) {
        let now = Instant::now();
        self.refresh_since(now.checked_sub(FRESH).unwrap_or(now))
            .await;
    }

    /// Whether the store has been away for a while: what needs it fails at once, the follower will find it again.
    pub(super) fn is_cut_off(&self) -> bool {
        self.store.is_shared() && self.silence() > AWAY_AFTER
    }

    /// A store that is away must not hold up what can be answered without it. Failures are the follower's to
    /// report.
    async fn refresh_since(&self, asked: Instant) {
        if !self.store.is_shared() || self.is_cut_off() {
            return;
        }
        let seen = self.state.load().seq;
        match tokio::time::timeout(REFRESH_WAIT, self.catch_up_after(asked, seen)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "answering from what is known"),
            Err(_) => tracing::debug!("answering from what is known: the store is slow"),
        }
    }

    /// Answers from the index alone. What is not known here may have been written elsewhere a moment ago, so
    /// a miss on a shared store asks once for news.
    pub(super) async fn ask<T>(
        &self,
        question: impl Fn(&Index) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let asked = Instant::now();
        let state = self.state.load_full();
        match question(&state.index) {
            Err(_) if self.is_cut_off() => Err(Fault::Away.into()),
            Err(refusal) if self.store.is_shared() => {
                if self.catch_up_after(asked, state.seq).await? {
                    Ok(question(&self.state.load_full().index)?)
                } else {
                    Err(refusal.into())
                }
            }
            answer => Ok(answer?),
        }
    }

    /// Runs a decision on the current snapshot. A refusal on a shared store is checked against the news.
    pub(super) async fn run<T, F>(&self, decide: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>) -> Result<T, Stop> + Send + Sync + 'static,
    {
        self.run_with(&Gathered::new(), decide).await
    }

    /// The same with texts that the store may not have.
    pub(super) async fn run_with<T, F>(&self, texts: &Gathered, decide: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>) -> Result<T, Stop> + Send + Sync + 'static,
    {
        let asked = Instant::now();
        let decide = Arc::new(decide);
        let state = self.state.load_full();
        let seen = state.seq;
        let first = self.run_on(state, texts.clone(), decide.clone()).await;
        if let Err(Error::Refused(_)) = &first
            && self.store.is_shared()
            && !self.is_cut_off()
            && self.catch_up_after(asked, seen).await?
        {
            let state = self.state.load_full();
            return self.run_on(state, texts.clone(), decide).await;
        }
        first
    }

    async fn run_on<T, F>(
        &self,
        state: Arc<State>,
        mut gathered: Gathered,
        decide: Arc<F>,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Library<'_>) -> Result<T, Stop> + Send + Sync + 'static,
    {
        let mut permit = self
            .decisions
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Fault::Stopping)?;
        for _ in 0..MAX_ROUNDS {
            let (state, decide) = (state.clone(), decide.clone());
            let (settings, readings) = (self.settings.clone(), self.readings.clone());
            let truths = self.truths.clone();
            let cache = self.texts.clone();
            // The permit goes along: whoever asked may leave, the work goes on.
            let done = tokio::task::spawn_blocking(move || {
                let library = Library {
                    index: &state.index,
                    settings: &settings,
                    readings: &readings,
                    texts: &AtHand {
                        gathered: &gathered,
                        cache: &cache,
                    },
                    truths: &*truths,
                };
                let outcome = catch_unwind(AssertUnwindSafe(|| decide(&library)));
                (outcome, gathered, permit)
            })
            .await
            .map_err(|e| Fault::Bug(e.to_string()))?;
            let outcome;
            (outcome, gathered, permit) = done;
            match outcome {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Stop::Refused(refusal))) => return Err(refusal.into()),
                Ok(Err(Stop::Need(ids))) => self.texts_of(&ids, &mut gathered).await?,
                Err(panic) => return Err(Fault::Bug(panic_text(&*panic)).into()),
            }
        }
        Err(Fault::Bug("a decision asked for texts without end".into()).into())
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
