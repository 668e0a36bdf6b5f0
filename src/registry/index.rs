//! Everything the registry knows except the texts, as one immutable value.
//!
//! Cloning is cheap and clones share their parts, so a reader holds one moment while writers make the next.
//! The only way from one state to another is [`Index::apply`].

use super::change::{Change, StoredSchema};
use crate::model::{Config, Context, Guid, Mode, SchemaId, SchemaType, Subject, Version};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync, RedBlackTreeSetSync};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A version of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRecord {
    /// The version.
    pub version: Version,
    /// The id it holds, in the subject's context.
    pub id: SchemaId,
    /// Whether it is soft-deleted.
    pub deleted: bool,
    /// When it was registered, in milliseconds since 1970.
    pub at: i64,
}

/// What is known about a context.
#[derive(Debug, Clone, Default)]
struct ContextState {
    listed: bool,
    max_id: i32,
    schemas: HashTrieMapSync<SchemaId, Arc<StoredSchema>>,
    /// Ids of a content in the order they were stored; the last one is the one to reuse.
    by_guid: HashTrieMapSync<Guid, Arc<[SchemaId]>>,
    holders: HashTrieMapSync<SchemaId, RedBlackTreeSetSync<(Subject, Version)>>,
}

/// A change that does not fit the state: a fault of ours, never a refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a change does not fit the state: {0}")]
pub struct Misfit(pub String);

type Referrers = HashTrieMapSync<(Subject, Version), RedBlackTreeSetSync<(Context, SchemaId)>>;

/// The registry's state.
#[derive(Debug, Clone, Default)]
pub struct Index {
    contexts: RedBlackTreeMapSync<Context, Arc<ContextState>>,
    subjects: RedBlackTreeMapSync<Subject, Arc<[VersionRecord]>>,
    referrers: Referrers,
    configs: HashTrieMapSync<Subject, Arc<Config>>,
    modes: HashTrieMapSync<Subject, Mode>,
    /// The subjects that stand behind others, by the alias's target.
    aliases: HashTrieMapSync<Subject, Arc<BTreeSet<Subject>>>,
    version_count: usize,
    deleted_count: usize,
    /// Schema ids by language, in the order of [`SchemaType::ALL`].
    schema_counts: [usize; 3],
}

impl Index {
    /// The state that `changes` make from nothing.
    pub fn fold<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Result<Self, Misfit> {
        let mut index = Self::default();
        for change in changes {
            index.apply(change)?;
        }
        Ok(index)
    }

    /// Goes one step further.
    pub fn apply(&mut self, change: &Change) -> Result<(), Misfit> {
        match change {
            Change::Context { context, max_id } => self.with_context(context, |state| {
                state.listed = true;
                state.max_id = state.max_id.max(*max_id);
            }),
            Change::ContextRemoved { context } => {
                self.with_context(context, |state| state.listed = false);
            }
            Change::SchemaStored(schema) => self.store_schema(schema),
            Change::SchemaRemoved { context, id } => self.remove_schema(context, *id)?,
            Change::VersionStored {
                subject,
                version,
                id,
                deleted,
                at,
            } => self.store_version(
                subject,
                VersionRecord {
                    version: *version,
                    id: *id,
                    deleted: *deleted,
                    at: *at,
                },
            )?,
            Change::VersionsDeleted { subject, versions } => {
                let mut records = self.versions(subject).to_vec();
                for version in versions {
                    let at = position(&records, subject, *version)?;
                    if let Some(record) = records.get_mut(at) {
                        self.deleted_count += usize::from(!record.deleted);
                        record.deleted = true;
                    }
                }
                self.subjects.insert_mut(subject.clone(), records.into());
            }
            Change::VersionsRemoved { subject, versions } => {
                self.remove_versions(subject, versions)?;
            }
            Change::ConfigSet { scope, config } => self.set_config(scope, config.as_ref()),
            Change::ModeSet { scope, mode } => {
                match mode {
                    Some(mode) => self.modes.insert_mut(scope.clone(), *mode),
                    None => {
                        self.modes.remove_mut(scope);
                    }
                };
            }
        }
        Ok(())
    }

    fn with_context(&mut self, context: &Context, change: impl FnOnce(&mut ContextState)) {
        let mut state = self
            .contexts
            .get(context)
            .map_or_else(ContextState::default, |s| ContextState::clone(s));
        change(&mut state);
        self.contexts.insert_mut(context.clone(), Arc::new(state));
    }

    fn store_schema(&mut self, schema: &Arc<StoredSchema>) {
        if let Some(old) = self.schema(&schema.context, schema.id).cloned() {
            self.forget_content(&old);
            *self.count_of(old.schema_type) -= 1;
        }
        *self.count_of(schema.schema_type) += 1;
        for reference in &schema.references {
            let target = target_of(schema, &reference.subject, reference.version);
            let mut set = self.referrers.get(&target).cloned().unwrap_or_default();
            set.insert_mut((schema.context.clone(), schema.id));
            self.referrers.insert_mut(target, set);
        }
        self.with_context(&schema.context, |state| {
            state.max_id = state.max_id.max(schema.id.0);
            let ids: Vec<SchemaId> = state
                .by_guid
                .get(&schema.guid)
                .into_iter()
                .flat_map(|ids| ids.iter().copied())
                .filter(|id| *id != schema.id)
                .chain([schema.id])
                .collect();
            state.by_guid.insert_mut(schema.guid, ids.into());
            state.schemas.insert_mut(schema.id, schema.clone());
        });
    }

    /// Undoes what storing `schema` added beside the schema itself.
    fn forget_content(&mut self, schema: &StoredSchema) {
        for reference in &schema.references {
            let target = target_of(schema, &reference.subject, reference.version);
            if let Some(set) = self.referrers.get(&target) {
                let set = set.remove(&(schema.context.clone(), schema.id));
                if set.is_empty() {
                    self.referrers.remove_mut(&target);
                } else {
                    self.referrers.insert_mut(target, set);
                }
            }
        }
        self.with_context(&schema.context, |state| {
            let ids: Vec<SchemaId> = state
                .by_guid
                .get(&schema.guid)
                .into_iter()
                .flat_map(|ids| ids.iter().copied())
                .filter(|id| *id != schema.id)
                .collect();
            if ids.is_empty() {
                state.by_guid.remove_mut(&schema.guid);
            } else {
                state.by_guid.insert_mut(schema.guid, ids.into());
            }
        });
    }

    fn remove_schema(&mut self, context: &Context, id: SchemaId) -> Result<(), Misfit> {
        let schema = self
            .schema(context, id)
            .cloned()
            .ok_or_else(|| Misfit(format!("context {context} has no id {id}")))?;
        self.forget_content(&schema);
        self.with_context(context, |state| {
            state.schemas.remove_mut(&id);
        });
        *self.count_of(schema.schema_type) -= 1;
        Ok(())
    }

    fn count_of(&mut self, schema_type: SchemaType) -> &mut usize {
        let [json, protobuf, avro] = &mut self.schema_counts;
        match schema_type {
            SchemaType::Json => json,
            SchemaType::Protobuf => protobuf,
            SchemaType::Avro => avro,
        }
    }

    fn store_version(&mut self, subject: &Subject, record: VersionRecord) -> Result<(), Misfit> {
        if self.schema(subject.context(), record.id).is_none() {
            return Err(Misfit(format!("{subject} names unknown id {}", record.id)));
        }
        let mut records = self.versions(subject).to_vec();
        match records.binary_search_by_key(&record.version, |r| r.version) {
            Ok(at) => {
                if let Some(slot) = records.get_mut(at) {
                    let old = std::mem::replace(slot, record);
                    self.deleted_count -= usize::from(old.deleted);
                    self.release(subject, record.version, old.id);
                }
            }
            Err(at) => {
                records.insert(at, record);
                self.version_count += 1;
            }
        }
        self.deleted_count += usize::from(record.deleted);
        self.subjects.insert_mut(subject.clone(), records.into());
        self.with_context(subject.context(), |state| {
            let mut holders = state.holders.get(&record.id).cloned().unwrap_or_default();
            holders.insert_mut((subject.clone(), record.version));
            state.holders.insert_mut(record.id, holders);
        });
        Ok(())
    }

    fn remove_versions(&mut self, subject: &Subject, versions: &[Version]) -> Result<(), Misfit> {
        let records = self.subjects.get(subject).cloned().unwrap_or_default();
        let mut gone = BTreeSet::new();
        for version in versions {
            let at = position(&records, subject, *version)?;
            if gone.insert(*version)
                && let Some(record) = records.get(at)
            {
                self.release(subject, *version, record.id);
                self.version_count -= 1;
                self.deleted_count -= usize::from(record.deleted);
            }
        }
        let kept: Vec<_> = records
            .iter()
            .filter(|r| !gone.contains(&r.version))
            .copied()
            .collect();
        if kept.is_empty() {
            self.subjects.remove_mut(subject);
        } else {
            self.subjects.insert_mut(subject.clone(), kept.into());
        }
        Ok(())
    }

    fn release(&mut self, subject: &Subject, version: Version, id: SchemaId) {
        self.with_context(subject.context(), |state| {
            if let Some(holders) = state.holders.get(&id) {
                let holders = holders.remove(&(subject.clone(), version));
                if holders.is_empty() {
                    state.holders.remove_mut(&id);
                } else {
                    state.holders.insert_mut(id, holders);
                }
            }
        });
    }

    fn set_config(&mut self, scope: &Subject, config: Option<&Arc<Config>>) {
        if let Some(old) = self.alias_target(scope)
            && let Some(set) = self.aliases.get(&old)
        {
            let mut set = BTreeSet::clone(set);
            set.remove(scope);
            if set.is_empty() {
                self.aliases.remove_mut(&old);
            } else {
                self.aliases.insert_mut(old, Arc::new(set));
            }
        }
        match config {
            Some(config) => self.configs.insert_mut(scope.clone(), config.clone()),
            None => {
                self.configs.remove_mut(scope);
            }
        };
        if let Some(target) = self.alias_target(scope) {
            let mut set = self
                .aliases
                .get(&target)
                .map_or_else(BTreeSet::new, |s| BTreeSet::clone(s));
            set.insert(scope.clone());
            self.aliases.insert_mut(target, Arc::new(set));
        }
    }

    /// The subject that stands behind `subject`, by its own settings; one hop.
    pub fn alias_target(&self, subject: &Subject) -> Option<Subject> {
        if subject.name().is_empty() {
            return None;
        }
        let alias = self.configs.get(subject)?.alias.as_deref()?;
        (!alias.is_empty()).then(|| Subject::parse_in(subject.context(), alias))
    }

    /// The subjects whose alias is `target`, in order.
    pub fn aliases_of(&self, target: &Subject) -> impl Iterator<Item = &Subject> {
        self.aliases
            .get(target)
            .into_iter()
            .flat_map(|set| set.iter())
    }

    /// Every context that was used and not removed, the default one first, the others sorted.
    pub fn contexts(&self) -> Vec<Context> {
        let default = Context::default_context();
        let others = self
            .contexts
            .iter()
            .filter(|(c, state)| state.listed && !c.is_default())
            .map(|(c, _)| c.clone());
        std::iter::once(default).chain(others).collect()
    }

    /// Whether a context is listed.
    pub fn has_context(&self, context: &Context) -> bool {
        self.contexts.get(context).is_some_and(|s| s.listed)
    }

    /// The highest id handed out or imported in a context.
    pub fn max_id(&self, context: &Context) -> i32 {
        self.contexts.get(context).map_or(0, |s| s.max_id)
    }

    /// The content of an id.
    pub fn schema(&self, context: &Context, id: SchemaId) -> Option<&Arc<StoredSchema>> {
        self.contexts.get(context)?.schemas.get(&id)
    }

    /// The ids that hold a content, in the order they were stored.
    pub fn ids_of(&self, context: &Context, guid: &Guid) -> &[SchemaId] {
        self.contexts
            .get(context)
            .and_then(|s| s.by_guid.get(guid))
            .map_or(&[], |ids| ids)
    }

    /// The versions that hold an id.
    pub fn holders(
        &self,
        context: &Context,
        id: SchemaId,
    ) -> impl Iterator<Item = (&Subject, VersionRecord)> {
        self.contexts
            .get(context)
            .and_then(|s| s.holders.get(&id))
            .into_iter()
            .flat_map(|set| set.iter())
            .filter_map(|(s, v)| Some((s, self.record(s, *v)?)))
    }

    /// The versions of a subject, ascending, soft-deleted ones included; empty if there is no such subject.
    pub fn versions(&self, subject: &Subject) -> &[VersionRecord] {
        self.subjects.get(subject).map_or(&[], |v| v)
    }

    /// The live versions of a subject, ascending.
    pub fn live(&self, subject: &Subject) -> impl DoubleEndedIterator<Item = &VersionRecord> {
        self.versions(subject).iter().filter(|r| !r.deleted)
    }

    /// One version of a subject, soft-deleted or not.
    pub fn record(&self, subject: &Subject, version: Version) -> Option<VersionRecord> {
        let records = self.versions(subject);
        let at = records.binary_search_by_key(&version, |r| r.version).ok()?;
        records.get(at).copied()
    }

    /// Every subject with its versions, in the order of qualified names.
    pub fn subjects(&self) -> impl Iterator<Item = (&Subject, &[VersionRecord])> {
        self.subjects.iter().map(|(s, v)| (s, &**v))
    }

    /// Every subject whose qualified name starts with `prefix`, in order.
    pub fn subjects_from<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a Subject, &'a [VersionRecord])> {
        // A subject orders by its qualified name, so a prefix is a range of the map.
        let start = Subject::parse(prefix);
        let exact = start.as_str() == prefix;
        self.subjects
            .range(if exact {
                (std::ops::Bound::Included(start), std::ops::Bound::Unbounded)
            } else {
                (
                    std::ops::Bound::Included(Subject::parse("")),
                    std::ops::Bound::Unbounded,
                )
            })
            .skip_while(move |(s, _)| !exact && !s.as_str().starts_with(prefix))
            .take_while(move |(s, _)| s.as_str().starts_with(prefix))
            .map(|(s, v)| (s, &**v))
    }

    /// The schemas that refer to a version of a subject, by context and id.
    pub fn referrers(
        &self,
        subject: &Subject,
        version: Version,
    ) -> impl Iterator<Item = &(Context, SchemaId)> {
        self.referrers
            .get(&(subject.clone(), version))
            .into_iter()
            .flat_map(|set| set.iter())
    }

    /// The settings stored for a scope.
    pub fn config(&self, scope: &Subject) -> Option<&Arc<Config>> {
        self.configs.get(scope)
    }

    /// The mode stored for a scope.
    pub fn mode(&self, scope: &Subject) -> Option<Mode> {
        self.modes.get(scope).copied()
    }

    /// The scopes that have a mode of their own.
    pub fn mode_scopes(&self) -> impl Iterator<Item = &Subject> {
        self.modes.keys()
    }

    /// How many subjects, versions and schema ids there are, soft-deleted ones included.
    pub fn counts(&self) -> (usize, usize, usize) {
        (
            self.subjects.size(),
            self.version_count,
            self.schema_counts.iter().sum(),
        )
    }

    /// How many versions are soft-deleted.
    pub fn deleted_count(&self) -> usize {
        self.deleted_count
    }

    /// How many schema ids each language has, in the order of [`SchemaType::ALL`].
    pub fn schema_counts(&self) -> [usize; 3] {
        self.schema_counts
    }
}

/// Where a version stands among the versions of its subject.
fn position(
    records: &[VersionRecord],
    subject: &Subject,
    version: Version,
) -> Result<usize, Misfit> {
    records
        .binary_search_by_key(&version, |r| r.version)
        .map_err(|_| Misfit(format!("{subject} has no version {version}")))
}

/// The version of a subject that a reference of `schema` names.
fn target_of(schema: &StoredSchema, subject: &str, version: i32) -> (Subject, Version) {
    (
        Subject::parse_in(&schema.context, subject),
        Version(version),
    )
}
