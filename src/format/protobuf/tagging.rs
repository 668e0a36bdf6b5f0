//! Inline tags: `(confluent.message_meta).tags` and `(confluent.field_meta).tags`.

use super::ast::*;
use super::read_value::join;
use crate::format::{EntityType, InvalidSchema, TagEdit, Tagged};

const META_FILE: &str = "confluent/meta.proto";
const MESSAGE_META: &str = "confluent.message_meta";
const FIELD_META: &str = "confluent.field_meta";

/// All tagged messages and fields.
pub(super) fn tags(file: &File) -> Vec<Tagged> {
    let mut out = Vec::new();
    for message in &file.messages {
        message_tags(message, &message.name, &mut out);
    }
    out
}

fn message_tags(message: &Message, path: &str, out: &mut Vec<Tagged>) {
    let mut add = |path: String, entity, options: &[Opt], meta| {
        let tags = read_tags(options, meta);
        if !tags.is_empty() {
            out.push(Tagged { path, entity, tags });
        }
    };
    add(
        path.to_owned(),
        EntityType::Record,
        &message.options,
        MESSAGE_META,
    );
    for field in message.all_fields() {
        if !field.options.is_empty() {
            let path = format!("{path}.{}", field.name);
            add(path, EntityType::Field, &field.options, FIELD_META);
        }
    }
    for nested in &message.messages {
        message_tags(nested, &format!("{path}.{}", nested.name), out);
    }
    for group in message.all_groups() {
        message_tags(&group.body, &format!("{path}.{}", group.body.name), out);
    }
}

/// Whether an option sets (a part of) the given meta.
fn is_meta(option: &Opt, meta: &str) -> bool {
    option
        .name
        .first()
        .is_some_and(|p| p.custom && p.name.strip_prefix('.').unwrap_or(&p.name) == meta)
}

/// The meta's message as all options together say it: keys in the order of their first mention.
fn read_meta(options: &[Opt], meta: &str) -> Vec<(String, Value)> {
    let mut fields: Vec<(String, Value)> = Vec::new();
    for option in options.iter().filter(|o| is_meta(o, meta)) {
        let Some((_, rest)) = option.name.split_first() else {
            continue;
        };
        let said = rest.iter().rev().fold(option.value.clone(), |value, part| {
            Value::Message(vec![(part.name.clone(), value)])
        });
        let Value::Message(said) = said else {
            continue;
        };
        for (key, value) in said {
            match fields.iter_mut().find(|(k, _)| *k == key) {
                Some((_, there)) => join(there, value),
                None => fields.push((key, value)),
            }
        }
    }
    fields
}

fn read_tags(options: &[Opt], meta: &str) -> Vec<String> {
    let fields = read_meta(options, meta);
    let Some((_, value)) = fields.into_iter().find(|(key, _)| key == "tags") else {
        return Vec::new();
    };
    let items = match value {
        Value::List(items) => items,
        one => vec![one],
    };
    items
        .into_iter()
        .filter_map(|item| match item {
            Value::Text(bytes) => String::from_utf8(bytes).ok(),
            _ => None,
        })
        .collect()
}

/// The file with its tags edited.
pub(super) fn with_tags(file: &File, edits: &[TagEdit]) -> Result<File, InvalidSchema> {
    let mut file = file.clone();
    let mut tagged = false;
    for edit in edits {
        let path = edit.path.strip_prefix('.').unwrap_or(&edit.path);
        let parts: Vec<&str> = path.split('.').collect();
        let (options, meta) = match edit.entity {
            EntityType::Record => (
                find_message(&mut file.messages, &parts).map(|m| &mut m.options),
                MESSAGE_META,
            ),
            EntityType::Field => (find_field(&mut file.messages, &parts), FIELD_META),
        };
        let Some(options) = options else {
            let what = match edit.entity {
                EntityType::Record => "Message",
                EntityType::Field => "Field",
            };
            return Err(InvalidSchema::new(format!(
                "No matching {what} with name '{}' found in the schema",
                edit.path
            )));
        };
        tagged |= apply(options, meta, edit);
    }
    let imported = file.imports.iter().any(|i| i.path == META_FILE);
    if tagged && !imported {
        file.imports.push(Import {
            kind: ImportKind::Plain,
            path: META_FILE.to_owned(),
        });
    }
    Ok(file)
}

/// Edits the tags of one element; true when it has tags afterwards.
fn apply(options: &mut Vec<Opt>, meta: &str, edit: &TagEdit) -> bool {
    let before = read_tags(options, meta);
    let mut tags = before.clone();
    for tag in &edit.add {
        if !tags.contains(tag) {
            tags.push(tag.clone());
        }
    }
    tags.retain(|tag| !edit.remove.contains(tag));
    if tags == before {
        return !tags.is_empty();
    }
    let mut fields = read_meta(options, meta);
    let items = tags
        .iter()
        .map(|t| Value::Text(t.clone().into_bytes()))
        .collect();
    match fields.iter_mut().find(|(key, _)| key == "tags") {
        Some((_, value)) => *value = Value::List(items),
        None => fields.push(("tags".to_owned(), Value::List(items))),
    }
    if tags.is_empty() {
        fields.retain(|(key, _)| key != "tags");
    }
    let place = options
        .iter()
        .position(|o| is_meta(o, meta))
        .unwrap_or(options.len());
    options.retain(|o| !is_meta(o, meta));
    if !fields.is_empty() {
        let option = Opt {
            name: vec![Part::custom(meta)],
            value: Value::Message(fields),
        };
        options.insert(place.min(options.len()), option);
    }
    !tags.is_empty()
}

fn find_message<'m>(messages: &'m mut [Message], path: &[&str]) -> Option<&'m mut Message> {
    let (first, rest) = path.split_first()?;
    let message = messages.iter_mut().find(|m| m.name == *first)?;
    descend(message, rest)
}

fn descend<'m>(message: &'m mut Message, path: &[&str]) -> Option<&'m mut Message> {
    let Some((first, rest)) = path.split_first() else {
        return Some(message);
    };
    let in_oneofs = message.oneofs.iter_mut().flat_map(|o| &mut o.groups);
    let groups = message
        .groups
        .iter_mut()
        .chain(in_oneofs)
        .map(|g| &mut g.body);
    let next = message
        .messages
        .iter_mut()
        .chain(groups)
        .find(|m| m.name == *first)?;
    descend(next, rest)
}

/// A field of a message, or of a oneof with or without the oneof's name in the path.
fn find_field<'m>(messages: &'m mut [Message], path: &[&str]) -> Option<&'m mut Vec<Opt>> {
    let (last, owners) = path.split_last()?;
    let with_oneof = owners.split_last().and_then(|(oneof, owners)| {
        let message = find_message(messages, owners)?;
        let oneof = message.oneofs.iter().position(|o| o.name == **oneof)?;
        message
            .oneofs
            .get(oneof)?
            .fields
            .iter()
            .position(|f| f.name == **last)?;
        Some((owners, oneof))
    });
    if let Some((owners, oneof)) = with_oneof {
        let fields = &mut find_message(messages, owners)?
            .oneofs
            .get_mut(oneof)?
            .fields;
        return fields
            .iter_mut()
            .find(|f| f.name == **last)
            .map(|f| &mut f.options);
    }
    let message = find_message(messages, owners)?;
    let in_oneofs = message.oneofs.iter_mut().flat_map(|o| &mut o.fields);
    message
        .fields
        .iter_mut()
        .chain(in_oneofs)
        .find(|f| f.name == **last)
        .map(|f| &mut f.options)
}
