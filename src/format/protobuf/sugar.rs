//! Gives map fields that are spelled out (a repeated field of an entry message with `option map_entry = true`,
//! as descriptors and texts made from them have it) their short form back.

use super::ast::*;
use std::collections::{HashMap, HashSet};

/// Marks an entry message.
pub(super) const MAP_ENTRY: &str = "map_entry";

fn is_entry(message: &Message) -> bool {
    let yes = Value::Word("true".to_owned());
    message
        .options
        .iter()
        .any(|o| o.is(MAP_ENTRY) && o.value == yes)
}

/// Whether any message of the file is an entry.
pub(super) fn is_needed(file: &File) -> bool {
    fn inside(message: &Message) -> bool {
        is_entry(message)
            || message.messages.iter().any(inside)
            || message.all_groups().any(|g| inside(&g.body))
    }
    file.messages.iter().any(inside)
}

/// Restores the short form everywhere.
pub(super) fn restore(file: &mut File) {
    file.messages.iter_mut().for_each(in_message);
}

fn in_message(message: &mut Message) {
    let entries: HashMap<&str, (&str, &str)> = message
        .messages
        .iter()
        .filter(|m| is_entry(m))
        .filter_map(|m| Some((m.name.as_str(), (part(m, 1)?, part(m, 2)?))))
        .collect();
    let mut used: HashSet<String> = HashSet::new();
    for field in &mut message.fields {
        let Type::Named(name) = &field.ty else {
            continue;
        };
        let mut parts = name.rsplit('.');
        let last = parts.next().unwrap_or_default();
        // `Entry`, `M.Entry` or `.a.M.Entry`, but not an entry of another message.
        let own = parts
            .next()
            .is_none_or(|owner| owner.is_empty() || owner == message.name);
        if let Some((key, value)) = entries.get(last)
            && own
            && field.label == Some(Label::Repeated)
        {
            used.insert(last.to_owned());
            field.ty = Type::Map((*key).to_owned(), (*value).to_owned());
            field.label = None;
        }
    }
    message.messages.retain(|m| !used.contains(&m.name));
    message.messages.iter_mut().for_each(in_message);
    let in_oneofs = message.oneofs.iter_mut().flat_map(|o| &mut o.groups);
    for group in message.groups.iter_mut().chain(in_oneofs) {
        in_message(&mut group.body);
    }
}

fn part(entry: &Message, tag: i64) -> Option<&str> {
    let field = entry.fields.iter().find(|f| f.tag == tag)?;
    match &field.ty {
        Type::Named(name) => Some(name),
        Type::Map(..) => None,
    }
}
