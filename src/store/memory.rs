//! A store without a disk, for tests and trials: the same promises as the databases, durability aside.

use super::effect::{Effect, StoredVersion, VersionStep, last_place};
use super::{Committed, Entry, Loaded, Seq, Store, StoreError};
use crate::model::{Config, Context, Mode, SchemaId, Subject, TextId, Version};
use crate::registry::change::{Change, StoredSchema};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A store in memory. Clones are handles to the same state, as nodes are to one database.
#[derive(Debug, Clone)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
    hints: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Tables {
    log: Vec<Committed>,
    texts: HashMap<TextId, Arc<str>>,
    /// The counter, and whether it is listed.
    contexts: BTreeMap<Context, (i32, bool)>,
    /// With the place of the entry that stored it.
    schemas: BTreeMap<(Context, SchemaId), (Seq, Arc<StoredSchema>)>,
    versions: BTreeMap<(Subject, Version), StoredVersion>,
    configs: BTreeMap<Subject, Arc<Config>>,
    modes: BTreeMap<Subject, Mode>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self {
            tables: Arc::default(),
            hints: watch::Sender::new(0),
        }
    }

    /// A batch is checked before the first row is touched, so that a panic elsewhere cannot leave half of one.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    async fn load(&self) -> Result<Loaded, StoreError> {
        let tables = self.tables();
        Ok(Loaded {
            seq: tables.head(),
            state: tables.state(),
        })
    }

    async fn head(&self) -> Result<Seq, StoreError> {
        Ok(self.tables().head())
    }

    async fn changes_since(&self, after: Seq, limit: u32) -> Result<Vec<Committed>, StoreError> {
        let skip = usize::try_from(after.max(0)).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let tables = self.tables();
        Ok(tables.log.iter().skip(skip).take(limit).cloned().collect())
    }

    async fn commit(&self, after: Seq, batch: &[Entry]) -> Result<Seq, StoreError> {
        let last = last_place(after, batch)?;
        let effect = Effect::of(after, batch)?;
        {
            let mut tables = self.tables();
            if tables.head() != after {
                return Err(StoreError::Behind);
            }
            tables.check(&effect)?;
            tables.apply(&effect);
            let entries = (after..last).zip(batch).map(|(place, entry)| Committed {
                seq: place + 1,
                at: entry.at,
                changes: entry.changes.clone(),
            });
            tables.log.extend(entries);
        }
        if last != after {
            self.hints.send_modify(|n| *n = n.wrapping_add(1));
        }
        Ok(last)
    }

    async fn texts(&self, ids: &[TextId]) -> Result<Vec<(TextId, Arc<str>)>, StoreError> {
        let tables = self.tables();
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids
            .into_iter()
            .filter_map(|id| Some((*id, tables.texts.get(id)?.clone())))
            .collect())
    }

    fn hints(&self) -> watch::Receiver<u64> {
        self.hints.subscribe()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}
}

impl Tables {
    fn head(&self) -> Seq {
        self.log.last().map_or(0, |entry| entry.seq)
    }

    /// The foreign keys of the databases.
    fn check(&self, effect: &Effect<'_>) -> Result<(), StoreError> {
        for (schema, _) in effect.schemas.values().flatten() {
            if !effect.texts.contains_key(&schema.text) && !self.texts.contains_key(&schema.text) {
                return Err(broken(format!("text {} is missing", schema.text)));
            }
        }
        for ((subject, version), step) in &effect.versions {
            let VersionStep::Stored(stored) = step else {
                continue;
            };
            let key = (subject.context(), stored.id);
            let there = match effect.schemas.get(&key) {
                Some(step) => step.is_some(),
                None => self.schemas.contains_key(&(key.0.clone(), key.1)),
            };
            if !there {
                return Err(broken(format!(
                    "{subject} version {version} holds id {}, which does not exist",
                    stored.id
                )));
            }
        }
        if effect.schemas.values().any(Option::is_none) {
            let held = self.versions.iter().find(|((subject, version), stored)| {
                let removed = effect.schemas.get(&(subject.context(), stored.id));
                matches!(removed, Some(None))
                    && !matches!(
                        effect.versions.get(&(subject, *version)),
                        Some(VersionStep::Stored(_) | VersionStep::Removed)
                    )
            });
            if let Some(((subject, version), stored)) = held {
                return Err(broken(format!(
                    "id {} is removed while {subject} version {version} holds it",
                    stored.id
                )));
            }
        }
        Ok(())
    }

    fn apply(&mut self, effect: &Effect<'_>) {
        for (&context, step) in &effect.contexts {
            let (max_id, listed) = self.contexts.entry(context.clone()).or_insert((0, true));
            *max_id = step.max_id.max(*max_id);
            *listed = step.listed.unwrap_or(*listed);
        }
        for (id, &text) in &effect.texts {
            self.texts.entry(*id).or_insert_with(|| text.clone());
        }
        for ((context, id), schema) in &effect.schemas {
            put_or_drop(
                &mut self.schemas,
                ((*context).clone(), *id),
                schema.map(|(schema, seq)| (seq, schema.clone())),
            );
        }
        for (&(subject, version), step) in &effect.versions {
            let key = (subject.clone(), version);
            match step {
                VersionStep::Stored(stored) => {
                    self.versions.insert(key, *stored);
                }
                VersionStep::Deleted => {
                    if let Some(stored) = self.versions.get_mut(&key) {
                        stored.deleted = true;
                    }
                }
                VersionStep::Removed => {
                    self.versions.remove(&key);
                }
            }
        }
        for (&scope, config) in &effect.configs {
            put_or_drop(&mut self.configs, scope.clone(), config.cloned());
        }
        for (&scope, mode) in &effect.modes {
            put_or_drop(&mut self.modes, scope.clone(), *mode);
        }
    }

    fn state(&self) -> Vec<Change> {
        let mut state = Vec::new();
        for (context, (max_id, listed)) in &self.contexts {
            state.push(Change::Context {
                context: context.clone(),
                max_id: *max_id,
            });
            if !listed {
                state.push(Change::ContextRemoved {
                    context: context.clone(),
                });
            }
        }
        let mut schemas: Vec<_> = self.schemas.iter().collect();
        schemas.sort_by_key(|(key, (seq, _))| (*seq, *key));
        state.extend(
            schemas
                .into_iter()
                .map(|(_, (_, schema))| Change::SchemaStored(schema.clone())),
        );
        let versions = self.versions.iter();
        state.extend(
            versions.map(|((subject, version), v)| Change::VersionStored {
                subject: subject.clone(),
                version: *version,
                id: v.id,
                deleted: v.deleted,
                at: v.at,
            }),
        );
        let configs = self.configs.iter();
        state.extend(configs.map(|(scope, config)| Change::ConfigSet {
            scope: scope.clone(),
            config: Some(config.clone()),
        }));
        state.extend(self.modes.iter().map(|(scope, mode)| Change::ModeSet {
            scope: scope.clone(),
            mode: Some(*mode),
        }));
        state
    }
}

fn put_or_drop<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

fn broken(what: String) -> StoreError {
    StoreError::Failed(what.into())
}
