//! The schema languages: parse, canonical text, differences.
//!
//! One folder per language, each with the same functions; this file is the one place that knows all three.
//! Pure: no clock, file, network, randomness or async runtime. Schemas come from strangers, so every walk is
//! bounded by [`Limits`].

#[cfg(feature = "avro")]
pub mod avro;
#[cfg(feature = "engine")]
mod hash;
#[cfg(feature = "engine")]
pub mod json;
#[cfg(feature = "avro")]
pub mod json_text;
#[cfg(feature = "engine")]
mod languages;
#[cfg(feature = "engine")]
pub mod outline;
#[cfg(feature = "engine")]
pub mod protobuf;
pub mod record;
#[cfg(feature = "engine")]
pub mod regex;
#[cfg(feature = "engine")]
pub mod truth;

#[cfg(feature = "engine")]
pub use languages::{Parsed, diff, locate, truth};

use crate::model::Policy;
use std::fmt;
use std::sync::Arc;

/// Bounds on what a schema may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep a text may nest.
    pub depth: usize,
    /// How many steps one comparison or one walk over a schema and its references may take.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 1_000,
            steps: 2_000_000,
        }
    }
}

/// A text that a schema refers to, under the name the referring text uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resolved {
    /// The reference's name: an Avro full name, a `$ref` URI, an import path.
    pub name: Arc<str>,
    /// The referenced schema's text.
    pub text: Arc<str>,
}

/// A schema's text with all it refers to.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The text as given.
    pub text: &'a str,
    /// Everything referred to, directly or not: dependencies before dependents, each name once.
    pub references: &'a [Resolved],
    /// Whether the checks for new schemas apply (names, defaults, unresolved imports).
    pub strictness: Strictness,
    /// Bounds.
    pub limits: Limits,
}

/// How carefully a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// As a new schema: everything is checked.
    New,
    /// As a stored, imported or looked-up schema: what was once accepted stays readable.
    Existing,
}

/// Why a text is not a schema. The details are for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{details}")]
pub struct InvalidSchema {
    /// What is wrong, and where.
    pub details: String,
}

impl InvalidSchema {
    /// An error with these details.
    pub fn new(details: impl Into<String>) -> Self {
        Self {
            details: details.into(),
        }
    }
}

/// How a difference is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// The reader still reads what the writer writes.
    Compatible,
    /// Compatible under [`Policy::Lenient`] alone.
    Lenient,
    /// Incompatible.
    Incompatible,
}

/// One difference between a reader and a writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field's own name for it, e.g. `READER_FIELD_MISSING_DEFAULT_VALUE`.
    pub kind: &'static str,
    /// Where, in the notation of the language's section of the API contract.
    pub path: String,
    /// How it is judged.
    pub judgement: Judgement,
    /// The sentence, with `{R}` for the reader's word and `{W}` for the writer's; replaced in one pass.
    pub template: String,
}

impl Difference {
    /// Whether it is a violation under `policy`.
    pub fn breaks(&self, policy: Policy) -> bool {
        match self.judgement {
            Judgement::Compatible => false,
            Judgement::Lenient => policy != Policy::Lenient,
            Judgement::Incompatible => true,
        }
    }

    /// The message as clients know it, with the words for the two sides (`new` and `old`).
    pub fn message(&self, reader: &str, writer: &str) -> String {
        let mut out = String::with_capacity(self.template.len() + 16);
        let mut rest = self.template.as_str();
        while let Some(at) = rest.find('\u{0}') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('R') {
                out.push_str(reader);
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('W') {
                out.push_str(writer);
                rest = tail;
            }
        }
        out.push_str(rest);
        out
    }
}

/// Marks the place of the reader's word in a [`Difference::template`]. Starts with NUL, which no schema's
/// name can bring along, so a path cannot forge a place.
pub const READER: &str = "\u{0}R";
/// Marks the place of the writer's word.
pub const WRITER: &str = "\u{0}W";

/// The two schemas cost more to compare than [`Limits`] allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the schemas are too complex to compare within the limits")]
pub struct TooComplex;

/// What an inline tag is attached to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum EntityType {
    /// A record, object or message.
    #[serde(rename = "sr_record")]
    Record,
    /// A field or property.
    #[serde(rename = "sr_field")]
    Field,
}

/// An entity of a schema and its inline tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The entity's path, in the notation of the API contract's section 2.4.6, without a leading dot.
    pub path: String,
    /// Record or field.
    pub entity: EntityType,
    /// The tags.
    pub tags: Vec<String>,
}

/// A change to the inline tags of one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagEdit {
    /// The entity's path; a leading dot does not count.
    pub path: String,
    /// Record or field.
    pub entity: EntityType,
    /// Tags to add.
    pub add: Vec<String>,
    /// Tags to remove.
    pub remove: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message("reader", "writer"))
    }
}
