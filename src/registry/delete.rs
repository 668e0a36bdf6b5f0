//! Deleting versions, subjects and contexts. Source: sections 2.3.2, 2.4.5, 2.12 and 3.5 of the API contract.

use super::change::Change;
use super::index::{Index, VersionRecord};
use super::query::{Deleted, version_here};
use super::refusal::Refusal;
use super::{Decision, scope};
use crate::model::{Context, Mode, SchemaId, Subject, Version, VersionSpec};
use std::collections::BTreeSet;

/// How thorough a deletion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delete {
    /// Hidden, still found by id.
    Soft,
    /// For good.
    Permanent,
}

/// Refuses while the scope is read-only.
fn writable(index: &Index, subject: &Subject) -> Result<(), Refusal> {
    let mode: Mode = scope::mode_in_scope(index, subject);
    if mode.is_read_only() {
        return Err(Refusal::ReadOnly {
            subject: subject.to_string(),
            context: subject.context().delimited(),
        });
    }
    Ok(())
}

/// Whether a schema refers to the version that stands in the way of deleting it. Soft deletion looks at live
/// referrers; deleting a whole subject ignores the subject's own.
fn is_referenced(
    index: &Index,
    subject: &Subject,
    version: Version,
    how: Delete,
    ignore_own: bool,
) -> bool {
    index.referrers(subject, version).any(|(context, id)| {
        index
            .holders(context, *id)
            .any(|(s, r)| (how == Delete::Permanent || !r.deleted) && !(ignore_own && s == subject))
    })
}

/// The ids that nobody holds once these versions of a subject are gone.
fn orphans(index: &Index, subject: &Subject, gone: &[VersionRecord]) -> Vec<SchemaId> {
    let mut ids: Vec<_> = gone.iter().map(|r| r.id).collect();
    ids.sort();
    ids.dedup();
    let gone: BTreeSet<Version> = gone.iter().map(|r| r.version).collect();
    ids.retain(|id| {
        index
            .holders(subject.context(), *id)
            .all(|(s, r)| s == subject && gone.contains(&r.version))
    });
    ids
}

/// The changes that remove versions for good, with what hangs on them.
fn removal(index: &Index, subject: &Subject, gone: &[VersionRecord]) -> Vec<Change> {
    let mut changes = vec![Change::VersionsRemoved {
        subject: subject.clone(),
        versions: gone.iter().map(|r| r.version).collect(),
    }];
    for id in orphans(index, subject, gone) {
        changes.push(Change::SchemaRemoved {
            context: subject.context().clone(),
            id,
        });
    }
    changes.extend(forgotten(index, subject, gone.len()));
    changes
}

/// The settings that go with the last version of a subject.
fn forgotten(index: &Index, subject: &Subject, gone: usize) -> Vec<Change> {
    let mut changes = Vec::new();
    if gone < index.versions(subject).len() || subject.name().is_empty() {
        return changes;
    }
    if index.mode(subject).is_some() {
        changes.push(Change::ModeSet {
            scope: subject.clone(),
            mode: None,
        });
    }
    if index.config(subject).is_some() {
        changes.push(Change::ConfigSet {
            scope: subject.clone(),
            config: None,
        });
    }
    changes
}

/// Decides `DELETE /subjects/{subject}`; replies with the versions affected.
pub fn subject(
    index: &Index,
    subject: &Subject,
    how: Delete,
) -> Result<Decision<Vec<Version>>, Refusal> {
    let all = index.versions(subject);
    if all.is_empty() {
        return Err(Refusal::SubjectNotFound(subject.to_string()));
    }
    let affected: Vec<VersionRecord> = match how {
        Delete::Soft => index.live(subject).copied().collect(),
        Delete::Permanent => all.to_vec(),
    };
    if affected.is_empty() {
        return Err(Refusal::SubjectSoftDeleted(subject.clone()));
    }
    writable(index, subject)?;
    for record in &affected {
        if is_referenced(index, subject, record.version, how, true) {
            return Err(Refusal::Referenced {
                subject: subject.clone(),
                version: record.version,
            });
        }
        if how == Delete::Permanent && !record.deleted {
            return Err(Refusal::SubjectNotSoftDeleted(subject.clone()));
        }
    }
    let versions: Vec<Version> = affected.iter().map(|r| r.version).collect();
    let changes = match how {
        Delete::Soft => vec![Change::VersionsDeleted {
            subject: subject.clone(),
            versions: versions.clone(),
        }],
        Delete::Permanent => removal(index, subject, &affected),
    };
    Ok(Decision::new(changes, versions))
}

/// Decides `DELETE …/versions/{version}`; replies with the version.
pub fn version(
    index: &Index,
    subject: &Subject,
    version: VersionSpec,
    how: Delete,
) -> Result<Decision<Version>, Refusal> {
    if let (VersionSpec::Exact(number), Delete::Soft) = (version, how)
        && index.record(subject, number).is_some_and(|r| r.deleted)
    {
        return Err(Refusal::VersionSoftDeleted(subject.clone(), number.0));
    }
    let seen = match how {
        Delete::Soft => Deleted::None,
        Delete::Permanent => Deleted::Include,
    };
    let record = version_here(index, subject, version, seen)?.record;
    writable(index, subject)?;
    if is_referenced(index, subject, record.version, how, false) {
        return Err(Refusal::Referenced {
            subject: subject.clone(),
            version: record.version,
        });
    }
    if how == Delete::Permanent && !record.deleted {
        return Err(Refusal::VersionNotSoftDeleted(
            subject.clone(),
            record.version.0,
        ));
    }
    let changes = match how {
        Delete::Soft => vec![Change::VersionsDeleted {
            subject: subject.clone(),
            versions: vec![record.version],
        }],
        Delete::Permanent => removal(index, subject, &[record]),
    };
    Ok(Decision::new(changes, record.version))
}

/// The changes that remove the soft-deleted versions of these subjects, as going over to imports asks for. They
/// may refer to each other and share ids.
pub fn purge(index: &Index, subjects: &[&Subject]) -> Result<Vec<Change>, Refusal> {
    let gone = |subject: &Subject| -> Vec<VersionRecord> {
        let deleted = index.versions(subject).iter().filter(|r| r.deleted);
        deleted.copied().collect()
    };
    let purged: BTreeSet<(&Subject, Version)> = subjects
        .iter()
        .flat_map(|s| gone(s).into_iter().map(move |r| (*s, r.version)))
        .collect();
    for (subject, version) in &purged {
        let held = index.referrers(subject, *version).any(|(context, id)| {
            index
                .holders(context, *id)
                .any(|(s, r)| !purged.contains(&(s, r.version)))
        });
        if held {
            return Err(Refusal::Referenced {
                subject: Subject::clone(subject),
                version: *version,
            });
        }
    }
    let mut changes = Vec::new();
    let mut ids = BTreeSet::new();
    for subject in subjects {
        let gone = gone(subject);
        if !gone.is_empty() {
            changes.push(Change::VersionsRemoved {
                subject: Subject::clone(subject),
                versions: gone.iter().map(|r| r.version).collect(),
            });
            changes.extend(forgotten(index, subject, gone.len()));
        }
        ids.extend(gone.iter().map(|r| (subject.context(), r.id)));
    }
    for (context, id) in ids {
        let orphan = index
            .holders(context, id)
            .all(|(s, r)| purged.contains(&(s, r.version)));
        if orphan {
            changes.push(Change::SchemaRemoved {
                context: context.clone(),
                id,
            });
        }
    }
    Ok(changes)
}

/// Decides `DELETE /contexts/{context}`.
pub fn context(index: &Index, context: &Context) -> Result<Decision<()>, Refusal> {
    if index.subjects().any(|(s, _)| s.context() == context) {
        let name = format!(":{context}:");
        return Err(Refusal::ContextNotEmpty(name));
    }
    let changes = if index.has_context(context) && !context.is_default() {
        vec![Change::ContextRemoved {
            context: context.clone(),
        }]
    } else {
        Vec::new()
    };
    Ok(Decision::new(changes, ()))
}
