//! Inline tags: the property `confluent:tags` on records and fields.
//!
//! A record is addressed by its full name, a field by the record's full name and its own.

use super::model::{Kind, Props, Schema, TypeId};
use super::print::{self, CANONICAL};
use crate::format::json_text::{Node, Value};
use crate::format::{EntityType, InvalidSchema, TagEdit, Tagged};
use std::collections::{HashMap, HashSet};

const PROPERTY: &str = "confluent:tags";

/// The schema's own records in the order of the text. What references define is edited where it is defined.
fn records(schema: &Schema) -> Vec<TypeId> {
    let mut seen = HashSet::new();
    let mut records = Vec::new();
    let mut open = vec![schema.root];
    while let Some(id) = open.pop() {
        let kind = schema.kind(id);
        if kind.named().is_some_and(|n| n.referenced) || !seen.insert(id) {
            continue;
        }
        if matches!(kind, Kind::Record(_)) {
            records.push(id);
        }
        open.extend(kind.children().into_iter().rev());
    }
    records
}

fn read(props: &Props) -> Vec<String> {
    props
        .iter()
        .find(|(name, _)| name == PROPERTY)
        .and_then(|(_, value)| value.as_array())
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect()
}

fn write(props: &mut Props, edit: &TagEdit) {
    let mut tags = read(props);
    for tag in &edit.add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags.retain(|tag| !edit.remove.contains(tag));
    let place = props.iter().position(|(name, _)| name == PROPERTY);
    if tags.is_empty() {
        if let Some(place) = place {
            props.remove(place);
        }
        return;
    }
    let value = Node::made(Value::Array(
        tags.into_iter()
            .map(|tag| Node::made(Value::String(tag)))
            .collect(),
    ));
    match place.and_then(|i| props.get_mut(i)) {
        Some(slot) => slot.1 = value,
        None => props.push((PROPERTY.to_owned(), value)),
    }
}

/// The tags, record by record, each before its fields.
pub(super) fn tags(schema: &Schema) -> Vec<Tagged> {
    let mut found = Vec::new();
    let mut add = |path: String, entity, props: &Props| {
        let tags = read(props);
        if !tags.is_empty() {
            found.push(Tagged { path, entity, tags });
        }
    };
    for id in records(schema) {
        let of = schema.get(id);
        let Kind::Record(record) = &of.kind else {
            continue;
        };
        let full = record.named.name.full();
        add(full.to_string(), EntityType::Record, &of.props);
        for field in &record.fields {
            add(
                format!("{full}.{}", field.name),
                EntityType::Field,
                &field.props,
            );
        }
    }
    found
}

/// The canonical text with edited tags.
pub(super) fn with_tags(schema: &Schema, edits: &[TagEdit]) -> Result<String, InvalidSchema> {
    let mut schema = schema.clone();
    let records: HashMap<String, TypeId> = records(&schema)
        .into_iter()
        .filter_map(|id| {
            let name = schema.kind(id).named()?.name.full();
            Some((name.to_string(), id))
        })
        .collect();
    for edit in edits {
        let unmatched = || {
            InvalidSchema::new(format!(
                "No matching path '{}' found in the schema",
                edit.path
            ))
        };
        let path = edit.path.strip_prefix('.').unwrap_or(&edit.path);
        let (record, field) = match edit.entity {
            EntityType::Record => (path, None),
            EntityType::Field => {
                let (record, field) = path.rsplit_once('.').ok_or_else(unmatched)?;
                (record, Some(field))
            }
        };
        let props = records
            .get(record)
            .and_then(|id| schema.types.get_mut(id.0))
            .and_then(|of| match (field, &mut of.kind) {
                (None, _) => Some(&mut of.props),
                (Some(field), Kind::Record(record)) => {
                    let place = *record.index.get(field)?;
                    record.fields.get_mut(place).map(|f| &mut f.props)
                }
                _ => None,
            })
            .ok_or_else(unmatched)?;
        write(props, edit);
    }
    Ok(print::print(&schema, CANONICAL))
}
