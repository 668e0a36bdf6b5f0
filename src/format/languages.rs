//! A schema of any language, and what is asked of all three.

use super::truth::{Budget, Obstacle, Place, Truth};
use super::{Difference, InvalidSchema, Limits, Resolved, Source, TagEdit, Tagged, TooComplex};
use super::{avro, json, json_text, protobuf};
use crate::model::{Policy, SchemaType};
use std::collections::HashSet;

/// A parsed schema of any language.
#[derive(Debug)]
pub enum Parsed {
    /// Avro.
    Avro(avro::Schema),
    /// JSON Schema.
    Json(json::Schema),
    /// Protobuf.
    Protobuf(protobuf::Schema),
}

impl Parsed {
    /// Reads a text of the given language.
    pub fn parse(schema_type: SchemaType, source: &Source<'_>) -> Result<Self, InvalidSchema> {
        Ok(match schema_type {
            SchemaType::Avro => {
                // A name of its own makes nothing new of a text: Avro knows types by their full names.
                let mut seen = HashSet::new();
                let references: Vec<Resolved> = source
                    .references
                    .iter()
                    .filter(|r| seen.insert(&r.text))
                    .cloned()
                    .collect();
                Self::Avro(avro::parse(&Source {
                    references: &references,
                    ..*source
                })?)
            }
            SchemaType::Json => Self::Json(json::parse(source)?),
            SchemaType::Protobuf => Self::Protobuf(protobuf::parse(source)?),
        })
    }

    /// Bytes that this schema may take in memory, by estimate: several times its text and that of its references,
    /// which is `text` bytes.
    pub fn bytes(&self, text: usize) -> usize {
        let (times, kept) = match self {
            Self::Json(schema) => (12, json::kept_bytes(schema, text)),
            Self::Avro(_) | Self::Protobuf(_) => (8, 0),
        };
        text.saturating_mul(times).saturating_add(kept)
    }

    /// The language.
    pub fn schema_type(&self) -> SchemaType {
        match self {
            Self::Avro(_) => SchemaType::Avro,
            Self::Json(_) => SchemaType::Json,
            Self::Protobuf(_) => SchemaType::Protobuf,
        }
    }

    /// The text that is stored and returned.
    pub fn canonical(&self) -> String {
        match self {
            Self::Avro(s) => avro::canonical(s),
            Self::Json(s) => json::canonical(s),
            Self::Protobuf(s) => protobuf::canonical(s),
        }
    }

    /// The text in which schemas of equal meaning coincide.
    pub fn normalized(&self) -> String {
        match self {
            Self::Avro(s) => avro::normalized(s),
            Self::Json(s) => json::normalized(s),
            Self::Protobuf(s) => protobuf::normalized(s),
        }
    }

    /// The text in one of the language's output formats (any case); `None` for a format it does not know.
    pub fn formatted(&self, format: &str) -> Option<String> {
        match self {
            Self::Avro(s) => avro::formatted(s, format),
            Self::Json(_) => None,
            Self::Protobuf(s) => protobuf::formatted(s, format),
        }
    }

    /// The names of the root's fields.
    pub fn field_names(&self) -> Vec<String> {
        match self {
            Self::Avro(s) => avro::field_names(s),
            Self::Json(s) => json::field_names(s),
            Self::Protobuf(s) => protobuf::field_names(s),
        }
    }

    /// The inline tags.
    pub fn tags(&self) -> Vec<Tagged> {
        match self {
            Self::Avro(s) => avro::tags(s),
            Self::Json(s) => json::tags(s),
            Self::Protobuf(s) => protobuf::tags(s),
        }
    }

    /// The canonical text with its inline tags edited; the error names the path that leads nowhere.
    pub fn with_tags(&self, edits: &[TagEdit]) -> Result<String, InvalidSchema> {
        match self {
            Self::Avro(s) => avro::with_tags(s, edits),
            Self::Json(s) => json::with_tags(s, edits),
            Self::Protobuf(s) => protobuf::with_tags(s, edits),
        }
    }
}

/// A language's name for the differences between two schemas of that language; empty when the languages
/// differ, which the caller judges.
pub fn diff(
    reader: &Parsed,
    writer: &Parsed,
    policy: Policy,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    match (reader, writer) {
        (Parsed::Avro(r), Parsed::Avro(w)) => avro::diff(r, w, limits),
        (Parsed::Json(r), Parsed::Json(w)) => json::diff(r, w, policy, limits),
        (Parsed::Protobuf(r), Parsed::Protobuf(w)) => protobuf::diff(r, w, limits),
        _ => Ok(Vec::new()),
    }
}

/// What is true of a reader and a writer: can everything that the writer writes be read?
pub fn truth(reader: &Parsed, writer: &Parsed, budget: &Budget) -> Truth {
    match (reader, writer) {
        (Parsed::Avro(r), Parsed::Avro(w)) => avro::truth(r, w, budget),
        (Parsed::Json(r), Parsed::Json(w)) => json::truth(r, w, budget),
        (Parsed::Protobuf(r), Parsed::Protobuf(w)) => protobuf::truth(r, w, budget),
        _ => Truth::undecided(Obstacle {
            construct: "schemas of different types".to_owned(),
            place: Place::here(""),
        }),
    }
}

/// Where a place is in a schema's text: the bytes of the element, in a text as given or as stored. `None` if
/// it leads nowhere.
pub fn locate(
    schema_type: SchemaType,
    text: &str,
    pointer: &str,
) -> Option<std::ops::Range<usize>> {
    match schema_type {
        SchemaType::Avro | SchemaType::Json => json_text::locate(text, pointer),
        SchemaType::Protobuf => protobuf::locate(text, pointer),
    }
}
