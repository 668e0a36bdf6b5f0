//! What a client does with a schema: it reads and writes records, as JSON values and from another version.

use super::codec::{self, Datum};
use super::model::{Kind, Primitive, Schema, TypeId};
use std::collections::{HashMap, HashSet};

pub(crate) use super::codec::{Bounds, Failure, Notation};
pub(crate) use crate::format::record::Misfit;

/// A value of some schema.
pub(crate) struct Record(Datum);

/// Reads bytes with the schema that wrote them.
pub(crate) fn decode(writer: &Schema, bytes: &[u8], bounds: Bounds) -> Result<Record, Failure> {
    codec::decode(writer, writer.root, bytes, bounds).map(Record)
}

/// Reads bytes with the schema that wrote them, into what the reader's schema makes of them.
pub(crate) fn resolve(
    reader: &Schema,
    writer: &Schema,
    bytes: &[u8],
    bounds: Bounds,
) -> Result<Record, Failure> {
    codec::resolve(reader, writer, bytes, bounds).map(Record)
}

/// Reads a JSON value.
pub(crate) fn from_json(
    schema: &Schema,
    value: &serde_json::Value,
    notation: Notation,
    bounds: Bounds,
) -> Result<Record, Misfit> {
    codec::from_json(schema, value, notation, bounds).map(Record)
}

impl Record {
    /// The bytes; `None` if it is no record of this schema.
    pub(crate) fn encode(&self, schema: &Schema) -> Option<Vec<u8>> {
        codec::encode(schema, schema.root, &self.0)
    }

    /// As a JSON value; `None` if it is no record of this schema.
    pub(crate) fn to_json(&self, schema: &Schema, notation: Notation) -> Option<serde_json::Value> {
        codec::to_json(schema, &self.0, notation)
    }
}

/// The full name of the root, if it has one.
pub(crate) fn root_name(schema: &Schema) -> Option<&str> {
    schema
        .kind(schema.root)
        .named()
        .map(|named| &**named.name.full())
}

/// Whether an array or map of the schema has items that take no bytes, so that a few bytes may claim any number.
pub(crate) fn has_weightless_items(schema: &Schema) -> bool {
    schema.types.iter().any(|of| match &of.kind {
        Kind::Array(item) => is_weightless(schema, *item, &mut HashSet::new()),
        _ => false,
    })
}

/// How many values that take no bytes follow each byte, or the beginning, at most: what a union, an array or a map
/// holds comes after a byte of theirs, everything else may come for nothing. [`usize::MAX`] if there is no end.
pub(crate) fn weightless_values(schema: &Schema) -> usize {
    most(schema, 0)
}

/// How many values a type has at most without those in unions, arrays and maps. [`usize::MAX`] if there is no end.
pub(crate) fn fixed_values(schema: &Schema) -> usize {
    most(schema, 1)
}

fn most(schema: &Schema, weighty: usize) -> usize {
    let mut known = HashMap::new();
    (0..schema.types.len())
        .map(|at| values_in(schema, TypeId(at), weighty, &mut known))
        .max()
        .unwrap_or_default()
}

/// Values of a type; one that takes bytes counts for `weighty`.
fn values_in(
    schema: &Schema,
    of: TypeId,
    weighty: usize,
    known: &mut HashMap<TypeId, usize>,
) -> usize {
    match schema.kind(of) {
        Kind::Primitive(Primitive::Null) => 1,
        Kind::Fixed(of) if of.size == 0 => 1,
        Kind::Record(record) => {
            if let Some(count) = known.get(&of) {
                return *count;
            }
            // Met again while it is being counted, it has no end.
            known.insert(of, usize::MAX);
            let count = record.fields.iter().fold(1_usize, |sum, field| {
                sum.saturating_add(values_in(schema, field.of, weighty, known))
            });
            known.insert(of, count);
            count
        }
        _ => weighty,
    }
}

/// Whether the schema has floats.
pub(crate) fn has_floats(schema: &Schema) -> bool {
    let is_float = |kind: &Kind| matches!(kind, Kind::Primitive(Primitive::Float));
    schema.types.iter().any(|of| is_float(&of.kind))
}

fn is_weightless(schema: &Schema, of: TypeId, open: &mut HashSet<TypeId>) -> bool {
    match schema.kind(of) {
        Kind::Primitive(Primitive::Null) => true,
        Kind::Fixed(of) => of.size == 0,
        Kind::Record(record) => {
            // One that was seen before: had it weight, the answer would be known.
            !open.insert(of)
                || record
                    .fields
                    .iter()
                    .all(|field| is_weightless(schema, field.of, open))
        }
        _ => false,
    }
}

/// Whether the two are the same text, references written out: then nothing needs to be resolved.
pub(crate) fn same_records(a: &Schema, b: &Schema) -> bool {
    super::formatted(a, "resolved") == super::formatted(b, "resolved")
}
