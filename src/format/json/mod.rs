//! JSON Schema: parse, canonical text, differences, tags.
//!
//! The text decides what is stored and returned; the model beside it is what is compared. Parsing checks what the
//! reference server's validator checks when it loads a schema: that keywords have the right shape and that
//! references lead somewhere, in the parts that are reached. Nothing is fetched.

mod build;
mod compare;
pub mod contain;
mod dialect;
mod documents;
pub mod judge;
mod keywords;
mod kinds;
mod matching;
mod model;
mod pattern;
mod rules;
mod tags;
#[cfg(test)]
mod tests;
pub mod uri;
mod vocabulary;

use super::json_text::{self, Node, Value, print, print_string};
use super::{Difference, InvalidSchema, Limits, Source, Strictness, TagEdit, Tagged, TooComplex};
use crate::model::Policy;
use compare::{Compare, Pair, Place};
pub use dialect::Dialect;
pub(in crate::format) use judge::check_record;
pub use judge::truth;
use model::{Kind, Model};
use std::sync::Arc;

/// A parsed schema.
#[derive(Debug)]
pub struct Schema {
    root: Node,
    /// The documents it refers to, by name.
    references: Vec<(Arc<str>, Node)>,
    model: Model,
    compiled: judge::Kept,
}

/// Reads a text.
pub fn parse(source: &Source<'_>) -> Result<Schema, InvalidSchema> {
    let text = without_mark(source.text);
    let root = json_text::parse(text, source.limits.depth)?;
    if !matches!(root.value, Value::Object(_) | Value::Bool(_)) {
        return Err(InvalidSchema::new(
            "a JSON Schema must be an object or a boolean",
        ));
    }
    let mut references = Vec::with_capacity(source.references.len());
    for resolved in source.references {
        match json_text::parse(without_mark(&resolved.text), source.limits.depth) {
            Ok(json) => references.push((resolved, json)),
            Err(error) if source.strictness == Strictness::New => {
                return Err(InvalidSchema::new(format!(
                    "the reference \"{}\" is no JSON: {}",
                    resolved.name, error.details
                )));
            }
            // Whatever refers to it leads nowhere, which a stored schema may.
            Err(_) => {}
        }
    }
    let model = build::build(
        text,
        &root,
        &references,
        source.strictness,
        source.limits.steps,
    )?;
    let references: Vec<(Arc<str>, Node)> = references
        .into_iter()
        .map(|(resolved, json)| (Arc::clone(&resolved.name), json))
        .collect();
    let documents = std::iter::once(&root).chain(references.iter().map(|(_, node)| node));
    Ok(Schema {
        compiled: judge::Kept::of(documents),
        root,
        references,
        model,
    })
}

/// Bytes that a schema of so much text may take besides what was read of it: its validator, once it was asked.
pub fn kept_bytes(schema: &Schema, text: usize) -> usize {
    schema.compiled.bytes(text)
}

/// Files often begin with a byte order mark; it is no part of the JSON.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The canonical text.
pub fn canonical(schema: &Schema) -> String {
    print(&schema.root, &|number| number.java_decimal())
}

/// The normalized text.
pub fn normalized(schema: &Schema) -> String {
    let mut out = String::new();
    write_sorted(&schema.root, &|number| number.java_decimal(), &mut out);
    out
}

/// A spelling in which equal values coincide: members sorted, numbers by value.
fn comparable(value: &Node) -> String {
    let mut out = String::new();
    write_comparable(value, &mut out);
    out
}

fn write_comparable(value: &Node, out: &mut String) {
    write_sorted(
        value,
        &|number| number.value().normalized().to_string(),
        out,
    );
}

/// Prints with the members of every object sorted by UTF-16 code units, as JVM servers sort strings.
fn write_sorted(node: &Node, number: &dyn Fn(&json_text::Number) -> String, out: &mut String) {
    match &node.value {
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_sorted(item, number, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| {
                // Their orders differ beyond ASCII only.
                if a.is_ascii() && b.is_ascii() {
                    a.cmp(b)
                } else {
                    a.encode_utf16().cmp(b.encode_utf16())
                }
            });
            out.push('{');
            for (i, (name, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                print_string(name, out);
                out.push(':');
                write_sorted(value, number, out);
            }
            out.push('}');
        }
        _ => out.push_str(&print(node, number)),
    }
}

/// The names of the root's fields.
pub fn field_names(schema: &Schema) -> Vec<String> {
    let model = &schema.model;
    let root = &model.node(model.root).kind;
    let parts: Vec<&Kind> = match root {
        Kind::Combined(combined) => combined
            .parts
            .iter()
            .map(|part| &model.node(part.id).kind)
            .collect(),
        kind => vec![kind],
    };
    let mut names: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for kind in parts {
        if let Kind::Object(rules) = kind {
            for (name, _) in rules.properties.iter() {
                if seen.insert(name) {
                    names.push(name.to_owned());
                }
            }
        }
    }
    names
}

/// The inline tags.
pub fn tags(schema: &Schema) -> Vec<Tagged> {
    tags::tags(&schema.root)
}

/// The canonical text with edited inline tags.
pub fn with_tags(schema: &Schema, edits: &[TagEdit]) -> Result<String, InvalidSchema> {
    let mut root = schema.root.clone();
    tags::edit(&mut root, edits)?;
    Ok(print(&root, &|number| number.java_decimal()))
}

/// The differences between a reader and a writer.
pub fn diff(
    reader: &Schema,
    writer: &Schema,
    policy: Policy,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    let pair = Pair {
        original: Place::writer(writer.model.root),
        update: Place::reader(reader.model.root),
    };
    Compare::new(&writer.model, &reader.model, policy, limits.steps).report(pair)
}
