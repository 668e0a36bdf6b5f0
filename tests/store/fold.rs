//! A second, plain opinion on what the log adds up to: one change at a time, as `change.rs` describes them.
//! And random logs that a registry could have written.

use accord::model::*;
use accord::registry::change::{Change, StoredSchema};
use accord::store::Entry;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a list of changes adds up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    pub contexts: BTreeMap<String, (i32, bool)>,
    pub schemas: BTreeMap<(String, i32), Arc<StoredSchema>>,
    pub versions: BTreeMap<(String, i32), (i32, bool, i64)>,
    pub configs: BTreeMap<String, Arc<Config>>,
    pub modes: BTreeMap<String, Mode>,
}

impl Fold {
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut fold = Self::default();
        changes.into_iter().for_each(|change| fold.apply(change));
        fold
    }

    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Context { context, max_id } => {
                let entry = self.contexts.entry(context.to_string()).or_default();
                *entry = (entry.0.max(*max_id), true);
            }
            Change::ContextRemoved { context } => {
                if let Some(entry) = self.contexts.get_mut(context.as_str()) {
                    entry.1 = false;
                }
            }
            Change::SchemaStored(schema) => {
                let context = schema.context.to_string();
                let entry = self.contexts.entry(context.clone()).or_insert((0, true));
                entry.0 = entry.0.max(schema.id.0);
                self.schemas.insert((context, schema.id.0), schema.clone());
            }
            Change::SchemaRemoved { context, id } => {
                self.schemas.remove(&(context.to_string(), id.0));
            }
            Change::VersionStored {
                subject,
                version,
                id,
                deleted,
                at,
            } => {
                let key = (subject.to_string(), version.0);
                self.versions.insert(key, (id.0, *deleted, *at));
            }
            Change::VersionsDeleted { subject, versions } => {
                for version in versions {
                    let key = (subject.to_string(), version.0);
                    if let Some(row) = self.versions.get_mut(&key) {
                        row.1 = true;
                    }
                }
            }
            Change::VersionsRemoved { subject, versions } => {
                for version in versions {
                    self.versions.remove(&(subject.to_string(), version.0));
                }
            }
            Change::ConfigSet { scope, config } => {
                match config {
                    Some(config) => self.configs.insert(scope.to_string(), config.clone()),
                    None => self.configs.remove(scope.as_str()),
                };
            }
            Change::ModeSet { scope, mode } => {
                match mode {
                    Some(mode) => self.modes.insert(scope.to_string(), *mode),
                    None => self.modes.remove(scope.as_str()),
                };
            }
        }
    }
}

/// Numbers that look random, the same ones for the same seed (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()].clone()
    }
}

const CONTEXTS: [&str; 4] = [".", ".a", ".ümlaut", ".a.b"];
const NAMES: [&str; 6] = ["orders-value", "", "ä😀", "a:b", "%_'\"\\", "Z"];
const PIECES: [&str; 5] = ["x", "\u{10FFFF}0", "\0", "😀\u{7f}", "'\"\\\r\n"];

/// A log that a registry could have written, entry by entry; its state stays in `fold`.
pub fn random_entry(dice: &mut Dice, fold: &mut Fold) -> Entry {
    let mut entry = Entry {
        at: i64::try_from(dice.below(1 << 50)).unwrap(),
        changes: Vec::new(),
        texts: Vec::new(),
    };
    for _ in 0..dice.below(4) {
        let texts = &mut entry.texts;
        for change in random_step(dice, fold, texts) {
            fold.apply(&change);
            entry.changes.push(change);
        }
    }
    entry
}

fn random_step(dice: &mut Dice, fold: &Fold, texts: &mut Vec<(TextId, Arc<str>)>) -> Vec<Change> {
    let context = Context::parse(dice.pick(&CONTEXTS)).unwrap();
    let subject = Subject::new(&context, dice.pick(&NAMES));
    let known = fold
        .contexts
        .get(context.as_str())
        .copied()
        .filter(|entry| entry.1);
    let versions: Vec<(i32, bool)> = fold
        .versions
        .iter()
        .filter(|(key, _)| key.0 == subject.as_str())
        .map(|(key, row)| (key.1, row.1))
        .collect();
    match dice.below(9) {
        // A new version of a new schema, or of one that is there already.
        0..=3 => {
            let ids: Vec<i32> = fold
                .schemas
                .keys()
                .filter(|key| key.0 == context.as_str())
                .map(|key| key.1)
                .collect();
            let mut changes = Vec::new();
            let id = if ids.is_empty() || dice.below(3) > 0 {
                let counter = fold.contexts.get(context.as_str()).map_or(0, |c| c.0);
                // An import may name any id, also one that is taken.
                let id = match dice.below(4) {
                    0 => i32::try_from(dice.below(50)).unwrap() + 1,
                    _ => counter + 1,
                };
                if known.is_none() {
                    changes.push(Change::Context {
                        context: context.clone(),
                        max_id: id,
                    });
                }
                changes.push(random_schema(dice, &context, id, texts));
                id
            } else {
                dice.pick(&ids)
            };
            let next = versions.last().map_or(1, |last| last.0 + 1);
            let version = match versions.first() {
                Some((version, _)) if dice.below(8) == 0 => *version,
                _ => next,
            };
            changes.push(Change::VersionStored {
                subject,
                version: Version(version),
                id: SchemaId(id),
                deleted: dice.below(6) == 0,
                at: i64::try_from(dice.below(1 << 40)).unwrap(),
            });
            changes
        }
        4 => vec![Change::VersionsDeleted {
            subject,
            versions: versions.iter().map(|v| Version(v.0)).collect(),
        }],
        // Removal for good, with the schemas that nothing holds afterwards.
        5 => {
            let gone: Vec<i32> = versions.iter().filter(|v| v.1).map(|v| v.0).collect();
            let mut after = fold.clone();
            let removal = Change::VersionsRemoved {
                subject,
                versions: gone.iter().map(|v| Version(*v)).collect(),
            };
            after.apply(&removal);
            let mut changes = vec![removal];
            for (name, id) in fold.schemas.keys() {
                let held = after.versions.iter().any(|((subject, _), row)| {
                    row.0 == *id && Subject::parse(subject).context().as_str() == name
                });
                if !held {
                    changes.push(Change::SchemaRemoved {
                        context: Context::parse(name).unwrap(),
                        id: SchemaId(*id),
                    });
                }
            }
            changes
        }
        6 => vec![Change::ConfigSet {
            scope: subject,
            config: (dice.below(3) > 0).then(|| {
                Arc::new(Config {
                    alias: (dice.below(2) == 0).then(|| dice.pick(&PIECES).to_owned()),
                    compatibility_level: Some(dice.pick(&Level::ALL)),
                    normalize: (dice.below(2) == 0).then_some(true),
                    default_metadata: (dice.below(2) == 0).then(|| random_metadata(dice)),
                    ..Config::default()
                })
            }),
        }],
        7 => vec![Change::ModeSet {
            scope: subject,
            mode: dice.pick(&[None, Some(Mode::Readonly), Some(Mode::Import)]),
        }],
        _ => match known {
            Some(_) if dice.below(2) == 0 => vec![Change::ContextRemoved { context }],
            _ => vec![Change::Context {
                context,
                max_id: i32::try_from(dice.below(40)).unwrap(),
            }],
        },
    }
}

fn random_schema(
    dice: &mut Dice,
    context: &Context,
    id: i32,
    texts: &mut Vec<(TextId, Arc<str>)>,
) -> Change {
    let text: String = (0..dice.below(4)).map(|_| dice.pick(&PIECES)).collect();
    let references: Vec<Reference> = (0..dice.below(3))
        .map(|n| Reference {
            name: format!("{}{n}", dice.pick(&PIECES)),
            subject: dice.pick(&NAMES).to_owned(),
            version: 1,
        })
        .collect();
    let metadata = match dice.below(3) {
        0 => None,
        1 => Some(Metadata::default()),
        _ => Some(random_metadata(dice)),
    };
    let rule_set = (dice.below(3) == 0).then(|| RuleSet {
        domain_rules: vec![Rule {
            name: Some("check".to_owned()),
            expr: Some(dice.pick(&PIECES).to_owned()),
            ..Rule::default()
        }],
        ..RuleSet::default()
    });
    let text: Arc<str> = Arc::from(text);
    texts.push((TextId::of(&text), text.clone()));
    Change::SchemaStored(Arc::new(StoredSchema {
        context: context.clone(),
        id: SchemaId(id),
        schema_type: dice.pick(&SchemaType::ALL),
        text: TextId::of(&text),
        shape: TextId::of(&text),
        guid: content_guid(&text, &references, metadata.as_ref(), rule_set.as_ref()),
        references,
        metadata,
        rule_set,
    }))
}

fn random_metadata(dice: &mut Dice) -> Metadata {
    let mut metadata = Metadata::default();
    for _ in 0..=dice.below(2) {
        let key = Utf16(dice.pick(&PIECES).to_owned());
        let value = dice.pick(&PIECES).to_owned();
        metadata.properties.insert(key, value);
    }
    metadata
}
