//! What a batch of entries does to the state tables, reduced to one step per row.
//!
//! The stores apply it with a few statements per table, in an order that suits the foreign keys, instead of
//! one statement per change. Later changes win over earlier ones, as if each had been applied in turn.

use super::{Entry, LONGEST_NAME, Seq, StoreError};
use crate::model::{Config, Context, Mode, SchemaId, Subject, TextId, Version};
use crate::registry::change::{Change, StoredSchema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A schema, and the place of the entry that stores it.
pub(super) type PlacedSchema<'a> = (&'a Arc<StoredSchema>, Seq);

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub(super) struct Effect<'a> {
    /// Contexts that exist now.
    pub contexts: BTreeMap<&'a Context, ContextStep>,
    /// Texts that may be new.
    pub texts: BTreeMap<TextId, &'a Arc<str>>,
    /// Schemas that are stored (`Some`, with the place of their entry) or removed.
    pub schemas: BTreeMap<(&'a Context, SchemaId), Option<PlacedSchema<'a>>>,
    /// Versions that are stored, marked or removed.
    pub versions: BTreeMap<(&'a Subject, Version), VersionStep>,
    /// Settings that are replaced (`Some`) or forgotten.
    pub configs: BTreeMap<&'a Subject, Option<&'a Arc<Config>>>,
    /// Modes that are replaced (`Some`) or forgotten.
    pub modes: BTreeMap<&'a Subject, Option<Mode>>,
}

/// What happens to a context's row, which is made (listed, with counter 0) if it is missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ContextStep {
    /// The counter is at least this.
    pub max_id: i32,
    /// Listed or not, if the batch says so.
    pub listed: Option<bool>,
}

/// What happens to a version's row.
#[derive(Debug, Clone, Copy)]
pub(super) enum VersionStep {
    /// It is stored, whatever was there.
    Stored(StoredVersion),
    /// It is soft-deleted if it is there.
    Deleted,
    /// It is removed if it is there.
    Removed,
}

/// A version's row without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredVersion {
    pub id: SchemaId,
    pub deleted: bool,
    pub at: i64,
}

impl<'a> Effect<'a> {
    /// Reduces the batch. Refuses names that not every engine can keep.
    pub(super) fn of(after: Seq, batch: &'a [Entry]) -> Result<Self, StoreError> {
        let mut effect = Self::default();
        let mut seq = after;
        for entry in batch {
            seq = seq.saturating_add(1);
            effect
                .texts
                .extend(entry.texts.iter().map(|(id, text)| (*id, text)));
            for change in &entry.changes {
                effect.add(change, seq)?;
            }
        }
        Ok(effect)
    }

    fn add(&mut self, change: &'a Change, seq: Seq) -> Result<(), StoreError> {
        match change {
            Change::Context { context, max_id } => {
                let step = self.context(context)?;
                step.max_id = step.max_id.max(*max_id);
                step.listed = Some(true);
            }
            Change::ContextRemoved { context } => self.context(context)?.listed = Some(false),
            Change::SchemaStored(schema) => {
                let step = self.context(&schema.context)?;
                step.max_id = step.max_id.max(schema.id.0);
                self.schemas
                    .insert((&schema.context, schema.id), Some((schema, seq)));
            }
            Change::SchemaRemoved { context, id } => {
                short(context.as_str())?;
                self.schemas.insert((context, *id), None);
            }
            Change::VersionStored {
                subject,
                version,
                id,
                deleted,
                at,
            } => {
                short(subject.as_str())?;
                let stored = StoredVersion {
                    id: *id,
                    deleted: *deleted,
                    at: *at,
                };
                self.versions
                    .insert((subject, *version), VersionStep::Stored(stored));
            }
            Change::VersionsDeleted { subject, versions } => {
                short(subject.as_str())?;
                for version in versions {
                    self.versions
                        .entry((subject, *version))
                        .and_modify(|step| {
                            if let VersionStep::Stored(stored) = step {
                                stored.deleted = true;
                            }
                        })
                        .or_insert(VersionStep::Deleted);
                }
            }
            Change::VersionsRemoved { subject, versions } => {
                short(subject.as_str())?;
                for version in versions {
                    self.versions
                        .insert((subject, *version), VersionStep::Removed);
                }
            }
            Change::ConfigSet { scope, config } => {
                short(scope.as_str())?;
                self.configs.insert(scope, config.as_ref());
            }
            Change::ModeSet { scope, mode } => {
                short(scope.as_str())?;
                self.modes.insert(scope, *mode);
            }
        }
        Ok(())
    }

    fn context(&mut self, context: &'a Context) -> Result<&mut ContextStep, StoreError> {
        short(context.as_str())?;
        Ok(self.contexts.entry(context).or_default())
    }
}

fn short(name: &str) -> Result<(), StoreError> {
    if name.len() > LONGEST_NAME {
        return Err(StoreError::NameTooLong(name.len()));
    }
    Ok(())
}

/// The place of the last entry of a batch that follows `after`.
pub(super) fn last_place(after: Seq, batch: &[Entry]) -> Result<Seq, StoreError> {
    Seq::try_from(batch.len())
        .ok()
        .and_then(|count| after.checked_add(count))
        .ok_or(StoreError::Behind)
}
