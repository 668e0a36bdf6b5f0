//! Writing a plan to a registry.
//!
//! Any moment may be the last: every step leaves the registry such that the next run's plan completes it.

use super::endpoint::{Endpoint, is_refusal};
use super::entry::{Placed, in_path};
use super::gates::Gates;
use super::manifest::{Item, Manifest, Supply};
use super::plan::{Conflict, Group, Plan};
use super::stop::Stop as Interrupt;
use crate::cli::exit::Failure;
use crate::client::{ClientError, Method};
use crate::wire::ErrorCode;
use futures_util::{StreamExt, stream};
use indicatif::ProgressBar;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The target is referred to, so it cannot be deleted yet.
const REFERENCED: ErrorCode = ErrorCode(42206);
/// It is soft-deleted already.
const GONE: ErrorCode = ErrorCode(40406);

/// What was written.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Written {
    pub versions: usize,
    pub deleted: usize,
}

/// One run.
struct Run<'a> {
    manifest: &'a Manifest,
    supply: &'a Supply,
    target: &'a Endpoint,
    gates: Gates<'a>,
    bar: &'a ProgressBar,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    written: Written,
    failures: Vec<Conflict>,
    /// Groups that could not be written.
    failed: HashSet<usize>,
    /// Items whose deletion has to wait until who refers to them is deleted.
    waiting: Vec<usize>,
    /// What makes going on pointless.
    fatal: Option<Failure>,
}

/// Writes what is planned. What the target refuses is told, and the rest is written nevertheless; modes are as before
/// at the end, however it ends.
pub(super) async fn load(
    plan: &Plan,
    manifest: &Manifest,
    supply: &Supply,
    target: &Endpoint,
    stop: &Interrupt,
    bar: &ProgressBar,
) -> Result<(Written, Vec<Conflict>), Failure> {
    let run = Run {
        manifest,
        supply,
        target,
        gates: Gates::new(target, plan.groups.iter().map(|g| g.subject.clone())),
        bar,
        state: Mutex::default(),
    };
    let _open = stop.busy();
    let interrupted = tokio::select! {
        () = run.all(plan) => false,
        () = stop.asked() => true,
    };
    let closed = run.gates.close_all().await;
    let state = run
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(fatal) = state.fatal {
        return Err(match closed {
            Ok(()) => fatal,
            Err(left) => Failure::outside(format!("{fatal}\naccord: {left}")),
        });
    }
    closed?;
    if interrupted {
        return Err(Failure::outside(format!(
            "interrupted after {} versions; the same command goes on from there",
            state.written.versions
        )));
    }
    Ok((state.written, state.failures))
}

impl Run<'_> {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.state().fatal.is_some()
    }

    async fn all(&self, plan: &Plan) {
        for level in &plan.levels {
            stream::iter(level)
                .map(async |&at| {
                    if let Some(group) = plan.groups.get(at)
                        && !self.is_over()
                    {
                        self.group(at, group).await;
                    }
                })
                .buffer_unordered(self.target.jobs)
                .collect::<()>()
                .await;
        }
        self.wait_for_referrers().await;
    }

    async fn group(&self, at: usize, group: &Group) {
        if group
            .after
            .iter()
            .any(|other| self.state().failed.contains(other))
        {
            self.refused(at, group, "what it refers to could not be written".into());
            return;
        }
        match self.write(group).await {
            Ok(()) => {}
            Err(Stop::Refused(reason)) => self.refused(at, group, reason),
            Err(Stop::Fatal(failure)) => drop(self.state().fatal.get_or_insert(failure)),
        }
        if self.is_over() {
            return;
        }
        if let Err(error) = self.gates.leave(&group.subject).await {
            self.state().fatal.get_or_insert(error.into());
        }
    }

    fn refused(&self, at: usize, group: &Group, reason: String) {
        let item = group.write.first().or(group.delete.first());
        let version = item.and_then(|&i| self.item(i)).map(|item| item.version);
        let mut state = self.state();
        state.failed.insert(at);
        state.failures.push(Conflict {
            subject: group.subject.to_string(),
            version,
            reason,
        });
    }

    fn item(&self, at: usize) -> Option<&Item> {
        self.manifest.items.get(at)
    }

    async fn write(&self, group: &Group) -> Result<(), Stop> {
        self.gates.enter(&group.subject).await?;
        for item in group.write.iter().filter_map(|&at| self.item(at)) {
            let schema = self.supply.fetch(item).await.map_err(Stop::Fatal)?;
            let path = ["subjects", in_path(&item.subject), "versions"];
            let body = schema.body(Placed::Yes);
            let answer = self
                .target
                .ask(Method::Post, &path, &[], Some(&body))
                .await?;
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            // Old registries tell the id alone; the check at the end tells the rest.
            let version = answer.get("version").and_then(Value::as_i64);
            let placed = answer.get("id") == Some(&item.id.into())
                && version.is_none_or(|version| version == i64::from(item.version));
            if !placed {
                return Err(Stop::Refused(format!(
                    "the target took it with another id or version: {answer}"
                )));
            }
            self.state().written.versions += 1;
            self.bar.inc(1);
        }
        for &at in &group.delete {
            if !self.delete(at).await? {
                self.state().waiting.push(at);
            }
        }
        Ok(())
    }

    /// Soft-deletes a version; says whether it could be.
    async fn delete(&self, at: usize) -> Result<bool, Stop> {
        let Some(item) = self.item(at) else {
            return Ok(true);
        };
        let number = item.version.to_string();
        let path = ["subjects", in_path(&item.subject), "versions", &number];
        let mut asked = self.target.ask(Method::Delete, &path, &[], None).await;
        if matches!(&asked, Err(error) if error.status().is_none()) {
            // The answer was lost, and a delete is not repeated by itself. A second one is told that it is gone.
            asked = self.target.ask(Method::Delete, &path, &[], None).await;
        }
        match asked {
            Ok(_) => {}
            Err(error) if error.code() == Some(GONE) => {}
            Err(error) if error.code() == Some(REFERENCED) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        self.state().written.deleted += 1;
        Ok(true)
    }

    /// Deletes what had to wait, as long as each round deletes something.
    async fn wait_for_referrers(&self) {
        loop {
            if self.is_over() {
                return;
            }
            let waiting = std::mem::take(&mut self.state().waiting);
            let count = waiting.len();
            if count == 0 {
                return;
            }
            let gates = waiting.iter().filter_map(|&at| self.item(at));
            let gates = Gates::new(self.target, gates.map(|item| item.subject.clone()));
            let done = self.round(&gates, &waiting).await;
            let closed = gates.close_all().await;
            if let Err(failure) = done.and(closed) {
                self.state().fatal.get_or_insert(failure);
                return;
            }
            let mut state = self.state();
            if state.waiting.len() == count {
                let left = std::mem::take(&mut state.waiting);
                for item in left.iter().filter_map(|&at| self.item(at)) {
                    state.failures.push(Conflict {
                        subject: item.subject.to_string(),
                        version: Some(item.version),
                        reason: "it is soft-deleted at the source, and at the target live versions refer to it"
                            .into(),
                    });
                }
                return;
            }
        }
    }

    async fn round(&self, gates: &Gates<'_>, waiting: &[usize]) -> Result<(), Failure> {
        for &at in waiting {
            let Some(item) = self.item(at) else {
                continue;
            };
            gates.enter(&item.subject).await?;
            match self.delete(at).await {
                Ok(true) => {}
                Ok(false) => self.state().waiting.push(at),
                Err(Stop::Refused(reason)) => self.state().failures.push(Conflict {
                    subject: item.subject.to_string(),
                    version: Some(item.version),
                    reason,
                }),
                Err(Stop::Fatal(failure)) => return Err(failure),
            }
            gates.leave(&item.subject).await?;
        }
        Ok(())
    }
}

/// Why a group ends early.
enum Stop {
    /// The target says no to this one.
    Refused(String),
    /// Nothing else would succeed.
    Fatal(Failure),
}

impl From<ClientError> for Stop {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::Refused { code, message, .. } if is_refusal(&error) => {
                Stop::Refused(format!("{message} (error code {code})"))
            }
            _ => Stop::Fatal(error.into()),
        }
    }
}
