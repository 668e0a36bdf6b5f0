//! Texts and what was read from them: the part of the state that is too large for the index.
//!
//! A decision asks for texts by key. What is not at hand stops it with [`Stop::Need`]; whoever runs it fetches
//! the texts and runs it again. Reading a text is a pure function of the text, its references and the
//! strictness, so readings are kept and shared between requests.

use super::Settings;
use super::index::Index;
use super::refusal::Refusal;
use crate::format::truth::{Budget, Truth};
use crate::format::{InvalidSchema, Limits, Parsed, Resolved, Source, Strictness, TooComplex};
use crate::model::{Context, Reference, SchemaType, Subject, TextId, Version};
use crate::registry::change::StoredSchema;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Why a decision did not come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The answer is no.
    Refused(Refusal),
    /// These texts are needed first.
    Need(Vec<TextId>),
}

impl From<TooComplex> for Stop {
    fn from(error: TooComplex) -> Self {
        Stop::Refused(Refusal::InvalidSchema(error.to_string()))
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

/// A text as read: the schema and the spellings derived from it.
#[derive(Debug)]
pub struct Reading {
    /// The schema.
    pub parsed: Parsed,
    key: Key,
    canonical: OnceLock<Arc<str>>,
    normalized: OnceLock<Arc<str>>,
}

impl AsRef<Parsed> for Reading {
    fn as_ref(&self) -> &Parsed {
        &self.parsed
    }
}

impl Reading {
    /// What stands for the language, the text and everything it refers to, and how it was read.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The text to store.
    pub fn text(&self, spelling: Spelling) -> &Arc<str> {
        match spelling {
            Spelling::Canonical => self
                .canonical
                .get_or_init(|| Arc::from(self.parsed.canonical())),
            Spelling::Normalized => self
                .normalized
                .get_or_init(|| Arc::from(self.parsed.normalized())),
        }
    }
}

/// Which of a schema's spellings is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// As registered, printed afresh.
    Canonical,
    /// The one in which schemas of equal meaning coincide.
    Normalized,
}

type Key = [u8; 32];

#[derive(Debug, Clone)]
struct ByTextSize;

impl Weighter<Key, (u64, Arc<Reading>)> for ByTextSize {
    fn weight(&self, _: &Key, value: &(u64, Arc<Reading>)) -> u64 {
        value.0
    }
}

/// Readings at hand, bounded by the size of their texts. Shared by all requests.
#[derive(Debug)]
pub struct Readings {
    cache: Cache<Key, (u64, Arc<Reading>), ByTextSize>,
    limits: Limits,
}

impl Readings {
    /// Keeps readings of texts of up to `bytes` in sum.
    pub fn new(bytes: u64, limits: Limits) -> Self {
        Self {
            cache: Cache::with_weighter(4_096, bytes, ByTextSize),
            limits,
        }
    }

    /// Reads a text, or finds that it was read before.
    pub fn read(
        &self,
        schema_type: SchemaType,
        text: &str,
        references: &[Resolved],
        strictness: Strictness,
    ) -> Result<Arc<Reading>, InvalidSchema> {
        let key = key(schema_type, text, references, strictness);
        if let Some((_, reading)) = self.cache.get(&key) {
            return Ok(reading);
        }
        let parsed = Parsed::parse(
            schema_type,
            &Source {
                text,
                references,
                strictness,
                limits: self.limits,
            },
        )?;
        let reading = Arc::new(Reading {
            parsed,
            key,
            canonical: OnceLock::new(),
            normalized: OnceLock::new(),
        });
        let size = text.len() + references.iter().map(|r| r.text.len()).sum::<usize>();
        let weight = 512 + reading.parsed.bytes(size) as u64;
        self.cache.insert(key, (weight, reading.clone()));
        Ok(reading)
    }

    /// The bounds that readings and comparisons obey.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

fn key(
    schema_type: SchemaType,
    text: &str,
    references: &[Resolved],
    strictness: Strictness,
) -> Key {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(schema_type.as_str().as_bytes());
    part(match strictness {
        Strictness::New => b"new",
        Strictness::Existing => b"existing",
    });
    part(text.as_bytes());
    for reference in references {
        part(reference.name.as_bytes());
        part(reference.text.as_bytes());
    }
    hash.finalize().into()
}

/// How many schemas one schema may refer to, directly or not.
const MAX_REFERENCES: usize = 10_000;
/// How long they may be in sum, one that has several names counted for each: all of them are read with it.
const MAX_REFERENCED_BYTES: usize = 8 << 20;

/// Where a decision finds texts.
pub trait TextSource: std::fmt::Debug + Sync {
    /// A text, if it is at hand.
    fn at_hand(&self, id: &TextId) -> Option<Arc<str>>;
}

impl TextSource for HashMap<TextId, Arc<str>> {
    fn at_hand(&self, id: &TextId) -> Option<Arc<str>> {
        self.get(id).cloned()
    }
}

/// What is true of a reader and a writer?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The subject that it is about.
    pub subject: &'a Subject,
    /// The schema that reads.
    pub reader: &'a Reading,
    /// The schema that writes.
    pub writer: &'a Reading,
    /// What the answer may cost.
    pub budget: &'a Budget,
}

/// Where a decision finds truths.
pub trait TruthSource: std::fmt::Debug + Sync {
    /// The answer of [`format::truth`](crate::format::truth()) for exactly this budget.
    fn truth(&self, question: &Question<'_>) -> Arc<Truth>;
}

/// What a decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Library<'a> {
    /// The state.
    pub index: &'a Index,
    /// The operator's settings.
    pub settings: &'a Settings,
    /// The readings at hand.
    pub readings: &'a Readings,
    /// The texts at hand.
    pub texts: &'a dyn TextSource,
    /// What is true of pairs of schemas.
    pub truths: &'a dyn TruthSource,
}

/// References with what stands behind them.
#[derive(Debug, Clone, Default)]
pub struct References {
    /// As declared, versions resolved.
    pub declared: Vec<Reference>,
    /// Everything behind them, dependencies first.
    pub resolved: Vec<Resolved>,
}

/// Whether soft-deleted versions may be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Live versions only: new content.
    Live,
    /// Soft-deleted ones too: content that was there before.
    Any,
}

impl<'a> Library<'a> {
    /// A text.
    pub fn text(&self, id: TextId) -> Result<Arc<str>, Stop> {
        self.texts.at_hand(&id).ok_or_else(|| Stop::Need(vec![id]))
    }

    /// Stops unless all these texts are at hand, so that they are fetched together.
    pub fn need(&self, ids: impl IntoIterator<Item = TextId>) -> Result<(), Stop> {
        let missing: Vec<_> = ids
            .into_iter()
            .filter(|id| self.texts.at_hand(id).is_none())
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Stop::Need(missing))
        }
    }

    /// Follows references from a schema in `context`.
    pub fn resolve(
        &self,
        context: &Context,
        references: &[Reference],
        reach: Reach,
    ) -> Result<References, Stop> {
        let mut walk = Walk {
            library: *self,
            reach,
            names: HashMap::new(),
            open: HashSet::new(),
            order: Vec::new(),
        };
        let declared = walk.follow(context, references, 0)?;
        let order = walk.order;
        self.need(order.iter().map(|(_, text)| *text))?;
        let mut resolved = Vec::with_capacity(order.len());
        let mut bytes = 0;
        for (name, text) in order {
            let text = self.text(text)?;
            bytes += text.len();
            if bytes > MAX_REFERENCED_BYTES {
                return Err(Refusal::InvalidSchema(format!(
                    "The schemas referred to are longer than {MAX_REFERENCED_BYTES} bytes in sum"
                ))
                .into());
            }
            resolved.push(Resolved { name, text });
        }
        Ok(References { declared, resolved })
    }

    /// Reads a stored schema.
    pub fn stored(&self, schema: &StoredSchema) -> Result<Arc<Reading>, Stop> {
        let references = self.resolve(&schema.context, &schema.references, Reach::Any)?;
        let text = self.text(schema.text)?;
        self.readings
            .read(
                schema.schema_type,
                &text,
                &references.resolved,
                Strictness::Existing,
            )
            .map_err(|e| Stop::Refused(e.into()))
    }
}

struct Walk<'a> {
    library: Library<'a>,
    reach: Reach,
    names: HashMap<String, Version>,
    open: HashSet<(Subject, Version)>,
    order: Vec<(Arc<str>, TextId)>,
}

impl Walk<'_> {
    fn follow(
        &mut self,
        context: &Context,
        references: &[Reference],
        depth: usize,
    ) -> Result<Vec<Reference>, Stop> {
        let index = self.library.index;
        if depth > self.library.readings.limits.depth {
            return Err(Refusal::InvalidSchema("References are nested too deep".into()).into());
        }
        let mut declared = Vec::with_capacity(references.len());
        for reference in references {
            let subject = Subject::parse_in(context, &reference.subject);
            let missing = || Stop::from(Refusal::missing_reference(reference));
            let record = if reference.version == -1 {
                index.live(&subject).next_back().copied()
            } else {
                index
                    .record(&subject, Version(reference.version))
                    .filter(|r| self.reach == Reach::Any || !r.deleted)
            };
            let record = record.ok_or_else(missing)?;
            declared.push(Reference {
                version: record.version.0,
                ..reference.clone()
            });
            if let Some(first) = self.names.get(&reference.name) {
                if self.library.settings.strict_reference_versions && *first != record.version {
                    return Err(Refusal::InvalidSchema(format!(
                        "Conflicting reference versions for \"{}\": version {first} and version {}",
                        reference.name, record.version
                    ))
                    .into());
                }
                continue;
            }
            if self.names.len() >= MAX_REFERENCES {
                return Err(Refusal::InvalidSchema("Too many references".into()).into());
            }
            self.names.insert(reference.name.clone(), record.version);
            // Imports with given ids can make a circle; a schema that is being followed is not followed again.
            if !self.open.insert((subject.clone(), record.version)) {
                continue;
            }
            let schema = index
                .schema(subject.context(), record.id)
                .cloned()
                .ok_or_else(missing)?;
            // What new content refers to was accepted earlier, with whatever it refers to in turn.
            let reach = std::mem::replace(&mut self.reach, Reach::Any);
            self.follow(subject.context(), &schema.references, depth + 1)?;
            self.reach = reach;
            self.open.remove(&(subject.clone(), record.version));
            self.order
                .push((Arc::from(reference.name.as_str()), schema.text));
        }
        Ok(declared)
    }
}
