//! Avro. Not read yet: every text is refused.

use super::{Difference, InvalidSchema, Limits, Source, TagEdit, Tagged, TooComplex};

/// A parsed schema.
#[derive(Debug)]
pub struct Schema {}

/// Reads a text.
pub fn parse(_source: &Source<'_>) -> Result<Schema, InvalidSchema> {
    Err(InvalidSchema::new("Avro is not supported yet"))
}

/// The canonical text.
pub fn canonical(_schema: &Schema) -> String {
    String::new()
}

/// The normalized text.
pub fn normalized(_schema: &Schema) -> String {
    String::new()
}

/// The text in an output format.
pub fn formatted(_schema: &Schema, _format: &str) -> Option<String> {
    None
}

/// The names of the root's fields.
pub fn field_names(_schema: &Schema) -> Vec<String> {
    Vec::new()
}

/// The inline tags.
pub fn tags(_schema: &Schema) -> Vec<Tagged> {
    Vec::new()
}

/// The canonical text with edited inline tags.
pub fn with_tags(_schema: &Schema, _edits: &[TagEdit]) -> Result<String, InvalidSchema> {
    Err(InvalidSchema::new("Avro is not supported yet"))
}

/// The differences between a reader and a writer.
pub fn diff(
    _reader: &Schema,
    _writer: &Schema,
    _limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    Ok(Vec::new())
}
