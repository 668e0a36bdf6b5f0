//! The schemas that candidates are compared with, as a registry in memory: the engine's own index.

use crate::cli::exit::Failure;
use crate::cli::project::{Desired, Settings as Wishes};
use crate::format::{self, Limits, truth::Truth};
use crate::model::{
    Config, Level, Reference, SchemaId, Subject, TextId, VerdictPolicy, Version, content_guid,
};
use crate::registry::Settings;
use crate::registry::change::{Change, StoredSchema};
use crate::registry::index::Index;
use crate::registry::library::{Library, Question, Readings, TruthSource};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A registry in memory. Texts are kept as files spell them, so that places are the files'.
pub(super) struct Base {
    index: Index,
    texts: HashMap<TextId, Arc<str>>,
    settings: Settings,
    readings: Readings,
    truths: Truths,
    /// The file behind a version.
    files: HashMap<(Subject, Version), String>,
    /// What a registry has set for subjects.
    configs: HashMap<Subject, Config>,
    ids: i32,
}

type Key = ([u8; 32], [u8; 32], u64);

/// The messages and the report ask the same: an answer is kept for the run.
#[derive(Debug, Default)]
struct Truths(Mutex<HashMap<Key, Arc<Truth>>>);

impl TruthSource for Truths {
    fn truth(&self, question: &Question<'_>) -> Arc<Truth> {
        let budget = question.budget;
        let key = (*question.reader.key(), *question.writer.key(), budget.steps);
        let known = |truths: &Self| {
            let kept = truths.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.get(&key).cloned()
        };
        if let Some(truth) = known(self) {
            return truth;
        }
        let truth = Arc::new(format::truth(
            &question.reader.parsed,
            &question.writer.parsed,
            budget,
        ));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(key, truth.clone());
        truth
    }
}

impl Base {
    pub(super) fn new(configs: HashMap<Subject, Config>) -> Self {
        Self {
            index: Index::default(),
            texts: HashMap::new(),
            settings: Settings {
                level: Level::Backward,
                verdict_policy: VerdictPolicy::Strictest,
                ..Settings::default()
            },
            readings: Readings::new(256 << 20, Limits::default()),
            truths: Truths::default(),
            files: HashMap::new(),
            configs,
            ids: 0,
        }
    }

    pub(super) fn library(&self) -> Library<'_> {
        Library {
            index: &self.index,
            settings: &self.settings,
            readings: &self.readings,
            texts: &self.texts,
            truths: &self.truths,
        }
    }

    /// The file behind a version.
    pub(super) fn file(&self, subject: &Subject, version: Version) -> Option<&str> {
        self.files
            .get(&(subject.clone(), version))
            .map(String::as_str)
    }

    /// Puts a schema where it belongs in its subject's history, and gives its version.
    pub(super) fn put(&mut self, schema: &Desired, file: String) -> Result<Version, Failure> {
        let subject = Subject::parse(&schema.subject);
        let last = self
            .index
            .versions(&subject)
            .last()
            .map_or(0, |r| r.version.0);
        let version = Version(schema.version.unwrap_or(last.saturating_add(1)));
        let references: Vec<Reference> = schema
            .references
            .iter()
            .map(|reference| {
                let to = Subject::parse(&reference.subject);
                let newest = self.index.live(&to).next_back().map(|r| r.version.0);
                Reference {
                    name: reference.name.clone(),
                    subject: reference.subject.clone(),
                    version: reference.version.or(newest).unwrap_or(-1),
                }
            })
            .collect();
        self.ids = self.ids.saturating_add(1);
        let id = SchemaId(self.ids);
        let text = TextId::of(&schema.text);
        self.texts.insert(text, schema.text.clone());
        let stored = StoredSchema {
            context: subject.context().clone(),
            id,
            schema_type: schema.schema_type,
            text,
            shape: text,
            guid: content_guid(&schema.text, &references, None, None),
            references,
            metadata: None,
            rule_set: None,
        };
        self.apply(&Change::SchemaStored(Arc::new(stored)))?;
        self.apply(&Change::VersionStored {
            subject: subject.clone(),
            version,
            id,
            deleted: false,
            at: 0,
        })?;
        self.files.insert((subject, version), file);
        Ok(version)
    }

    /// What `accord.toml` wants of a subject.
    pub(super) fn configure(&mut self, subject: &Subject, wishes: &Wishes) -> Result<(), Failure> {
        let wanted = wishes.of_subject(subject.as_str());
        let theirs = self.configs.get(subject).cloned().unwrap_or_default();
        let config = Config {
            compatibility_level: wanted.level.or(theirs.compatibility_level),
            verdict_policy: wanted.verdict.or(theirs.verdict_policy),
            normalize: wanted.normalize.or(theirs.normalize),
            ..Config::default()
        };
        self.apply(&Change::ConfigSet {
            scope: subject.clone(),
            config: Some(Arc::new(config)),
        })
    }

    fn apply(&mut self, change: &Change) -> Result<(), Failure> {
        self.index.apply(change).map_err(Failure::outside)
    }
}
