//! One round of moving: compare, write what is missing, set what is set, look whether it is there.

use super::endpoint::Endpoint;
use super::entry::Scope;
use super::load;
use super::manifest::{Manifest, Supply};
use super::plan::{self, Conflict, Held};
use super::progress;
use super::settings::{self, Differing};
use super::stop::Stop;
use crate::cli::exit::Failure;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a round came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    /// Whether it was only tried.
    pub dry_run: bool,
    /// Versions that were written, or would be.
    pub written: usize,
    /// Versions that were soft-deleted, or would be.
    pub soft_deleted: usize,
    /// Versions that were there already.
    pub equal: usize,
    /// Versions of the same subjects that are only at the target; they are left alone.
    pub only_at_target: usize,
    /// Settings and modes that were set, or would be.
    pub settings: usize,
    /// Settings and modes of the target that differ and stay.
    pub settings_kept: usize,
    /// What stood in the way, so that nothing was written.
    pub conflicts: Vec<Conflict>,
    /// What the target did not take.
    pub failures: Vec<Conflict>,
    pub notes: Vec<String>,
}

impl Outcome {
    pub fn is_clean(&self) -> bool {
        self.conflicts.is_empty() && self.failures.is_empty()
    }

    /// Whether anything was, or would be, written.
    pub fn is_nothing(&self) -> bool {
        self.is_clean() && self.written + self.soft_deleted + self.settings == 0
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if !self.conflicts.is_empty() {
            let _ = writeln!(
                text,
                "nothing was written, because {} would have to be overwritten or left out:",
                things(self.conflicts.len(), "thing", "things")
            );
            list(&mut text, &self.conflicts);
            return text;
        }
        let would = if self.dry_run { "would be " } else { "" };
        let _ = write!(
            text,
            "{} {would}written",
            things(self.written, "version", "versions")
        );
        if self.soft_deleted > 0 {
            let _ = write!(text, ", {} {would}soft-deleted", self.soft_deleted);
        }
        let _ = writeln!(
            text,
            "; {} there already; {} {would}set",
            self.equal,
            things(self.settings, "setting", "settings")
        );
        if self.settings_kept > 0 {
            let kept = things(self.settings_kept, "setting", "settings");
            let _ = writeln!(text, "{kept} of the target differ and stay");
        }
        if self.only_at_target > 0 {
            let extra = things(self.only_at_target, "version", "versions");
            let _ = writeln!(
                text,
                "{extra} of these subjects are only at the target and stay"
            );
        }
        if !self.failures.is_empty() {
            let failed = things(self.failures.len(), "thing", "things");
            let _ = writeln!(text, "the target did not take {failed}:");
            list(&mut text, &self.failures);
        } else if !self.dry_run {
            text.push_str("checked: everything is there\n");
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }
}

/// How many conflicts are told; the JSON has all.
const TOLD: usize = 50;

fn list(text: &mut String, conflicts: &[Conflict]) {
    for conflict in conflicts.iter().take(TOLD) {
        let _ = writeln!(text, "  {conflict}");
    }
    if conflicts.len() > TOLD {
        let _ = writeln!(text, "  and {} more", conflicts.len() - TOLD);
    }
}

pub(super) fn things(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Write,
    Try,
}

/// Moves what is missing. `before` is what the source had set in an earlier round.
pub(super) async fn round(
    manifest: &Manifest,
    supply: &Supply,
    target: &Endpoint,
    differing: Differing,
    before: &BTreeMap<Arc<str>, Scope>,
    intent: Intent,
    stop: &Stop,
) -> Result<Outcome, Failure> {
    let counter = progress::counter("at target");
    let held = Held::of(target, |count| counter.set_position(count as u64)).await?;
    counter.finish_and_clear();
    let plan = plan::plan(manifest, supply, &held, target).await?;
    let settings = settings::plan(manifest, before, differing, target).await?;
    let mut outcome = Outcome {
        dry_run: intent == Intent::Try,
        written: plan.writes(),
        soft_deleted: plan.deletes(),
        equal: plan.equal,
        only_at_target: plan.extra,
        settings: settings.writes(),
        settings_kept: settings.kept,
        conflicts: plan.conflicts.clone(),
        notes: settings.notes.clone(),
        ..Outcome::default()
    };
    outcome.conflicts.extend(settings.conflicts.iter().cloned());
    outcome.notes.extend(counters(manifest));
    if !outcome.conflicts.is_empty() {
        (outcome.written, outcome.soft_deleted, outcome.settings) = (0, 0, 0);
        return Ok(outcome);
    }
    if intent == Intent::Try {
        return Ok(outcome);
    }
    if !plan.groups.is_empty() {
        let bar = progress::bar("versions", plan.writes());
        let (written, failures) = load::load(&plan, manifest, supply, target, stop, &bar).await?;
        bar.finish_and_clear();
        outcome.written = written.versions;
        outcome.soft_deleted = written.deleted;
        outcome.failures = failures;
    }
    outcome.settings = settings::apply(&settings, target).await?;
    if !outcome.is_nothing() && outcome.failures.is_empty() {
        outcome.failures = check(manifest, supply, target, differing).await?;
    }
    Ok(outcome)
}

/// Reads the target again: what is still to be done was not taken as it was meant.
async fn check(
    manifest: &Manifest,
    supply: &Supply,
    target: &Endpoint,
    differing: Differing,
) -> Result<Vec<Conflict>, Failure> {
    let counter = progress::counter("checked");
    let held = Held::of(target, |count| counter.set_position(count as u64)).await?;
    counter.finish_and_clear();
    let plan = plan::plan(manifest, supply, &held, target).await?;
    let mut wrong = plan.conflicts;
    for group in &plan.groups {
        let missing = [
            (&group.write, "it is not there"),
            (&group.delete, "it is still live"),
        ];
        for (items, reason) in missing {
            for item in items.iter().filter_map(|&at| manifest.items.get(at)) {
                wrong.push(Conflict {
                    subject: item.subject.to_string(),
                    version: Some(item.version),
                    reason: format!("after all was written, {reason}"),
                });
            }
        }
    }
    let settings = settings::plan(manifest, &BTreeMap::new(), differing, target).await?;
    wrong.extend(settings.conflicts);
    wrong.extend(settings.changes.iter().map(|change| Conflict {
        subject: change.scope().to_owned(),
        version: None,
        reason: "after all was written, the settings differ".into(),
    }));
    Ok(wrong)
}

/// Ids that the source has handed out and that nothing holds any more: the target will hand them out again.
fn counters(manifest: &Manifest) -> Vec<String> {
    let mut highest: BTreeMap<String, i32> = BTreeMap::new();
    for item in &manifest.items {
        let (context, id) = item.placed_id();
        let known = highest.entry(context).or_default();
        *known = id.max(*known);
    }
    manifest
        .contexts
        .iter()
        .filter_map(|context| {
            let handed_out = context.max_id?;
            let moved = *highest.get(&context.context)?;
            (handed_out > moved).then(|| {
                format!(
                    "in the context {} ids up to {handed_out} were handed out, and the last one that is moved is {moved}: \
                     records that were written with a deleted schema in between would be read with a new one",
                    context.context
                )
            })
        })
        .collect()
}
