//! Avro: parse, canonical and normalized text, differences, inline tags.
//!
//! Our own reading of the language over [`super::json_text`], because members' order, exact numbers and the
//! details of the JVM library (version 1.12), which the imitated registry uses, decide about identity.

mod codec;
mod comments;
mod defaults;
#[cfg(feature = "engine")]
mod diff;
mod link;
mod logical;
#[cfg_attr(
    not(feature = "engine"),
    expect(dead_code, reason = "a client compares and normalises no schemas")
)]
mod model;
mod name;
mod parse;
#[cfg_attr(
    not(feature = "engine"),
    expect(dead_code, reason = "a client compares and normalises no schemas")
)]
mod print;
#[cfg(feature = "engine")]
mod reads;
#[cfg(feature = "engine")]
mod record;
#[cfg(feature = "engine")]
mod tags;
#[cfg(feature = "engine")]
mod truth;

#[cfg(feature = "client-avro")]
pub(crate) mod data;
#[cfg(feature = "client-avro")]
pub(crate) mod table;
#[cfg(all(test, feature = "engine"))]
mod tests;

#[cfg(feature = "engine")]
use super::truth::{Budget, Truth};
#[cfg(feature = "engine")]
use super::{Difference, Limits, TagEdit, Tagged, TooComplex};
use super::{InvalidSchema, Source};
#[cfg(any(feature = "client-avro", feature = "engine"))]
pub use codec::Notation;
pub use model::Schema;
#[cfg(feature = "engine")]
pub(in crate::format) use record::{check_bytes, check_json};

/// Reads a text.
pub fn parse(source: &Source<'_>) -> Result<Schema, InvalidSchema> {
    parse::parse(source)
}

/// The canonical text.
pub fn canonical(schema: &Schema) -> String {
    print::print(schema, print::CANONICAL)
}

/// The normalized text.
#[cfg(feature = "engine")]
pub fn normalized(schema: &Schema) -> String {
    print::print(schema, print::NORMALIZED)
}

/// The text in an output format: `resolved` writes referenced types out; other words mean nothing here.
pub fn formatted(schema: &Schema, format: &str) -> Option<String> {
    format
        .eq_ignore_ascii_case("resolved")
        .then(|| print::print(schema, print::RESOLVED))
}

/// The names of the root record's fields; none if the root is no record.
#[cfg(feature = "engine")]
pub fn field_names(schema: &Schema) -> Vec<String> {
    match schema.kind(schema.root) {
        model::Kind::Record(record) => record.fields.iter().map(|f| f.name.to_string()).collect(),
        _ => Vec::new(),
    }
}

/// The inline tags.
#[cfg(feature = "engine")]
pub fn tags(schema: &Schema) -> Vec<Tagged> {
    tags::tags(schema)
}

/// The canonical text with edited inline tags.
#[cfg(feature = "engine")]
pub fn with_tags(schema: &Schema, edits: &[TagEdit]) -> Result<String, InvalidSchema> {
    tags::with_tags(schema, edits)
}

/// The differences between a reader and a writer. Each is a reason why the reader fails.
#[cfg(feature = "engine")]
pub fn diff(
    reader: &Schema,
    writer: &Schema,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    diff::diff(reader, writer, limits)
}

/// What is true of a reader and a writer.
#[cfg(feature = "engine")]
pub fn truth(reader: &Schema, writer: &Schema, budget: &Budget) -> Truth {
    truth::truth(reader, writer, budget)
}
