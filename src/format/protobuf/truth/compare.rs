//! Whether a reader sees what was written: the same fields, present or not, with the same values.

use super::decode::key_of;
use super::model::{Default, Field, Kind, Model, Msg};
use super::value::{Content, Value};
use crate::format::truth::Effect;

/// The first difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub effect: Effect,
    /// The names of the writer's fields that lead there, with dots.
    pub path: String,
    pub written: String,
    pub read: String,
}

/// How the reader's fields are found.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    Number,
    JsonName,
}

/// Compares what was written with what is read. Fields that the reader does not know are not looked at.
pub(super) fn compare(
    writer: (&Model, Msg, &Content),
    reader: (&Model, Msg, &Content),
    by: By,
) -> Option<Seen> {
    message(writer, reader, by, "")
}

fn message(
    (writer, w, written): (&Model, Msg, &Content),
    (reader, r, read): (&Model, Msg, &Content),
    by: By,
    path: &str,
) -> Option<Seen> {
    let (old, new) = (writer.message(w)?, reader.message(r)?);
    for f in &old.fields {
        let g = match by {
            By::Number => new.field(f.number),
            By::JsonName => new
                .fields
                .iter()
                .find(|g| g.json_name == f.json_name || g.name == f.json_name),
        };
        let Some(g) = g else { continue };
        let path = format!("{path}{}", f.name);
        let seen = |effect, written: String, read: String| {
            Some(Seen {
                effect,
                path: path.clone(),
                written,
                read,
            })
        };
        let Some(values) = written.get(&f.number).filter(|values| !values.is_empty()) else {
            // What is not set reads as the default, unless the reader sees more than that.
            if let (Some(a), Some(b)) = (&f.default, &g.default)
                && std::mem::discriminant(a) == std::mem::discriminant(b)
                && a != b
                && !read.contains_key(&g.number)
            {
                return seen(
                    Effect::Changed,
                    of_default(writer, f, a),
                    of_default(reader, g, b),
                );
            }
            continue;
        };
        let shown = || of_values(writer, f, values);
        let Some(others) = read.get(&g.number).filter(|values| !values.is_empty()) else {
            if is_default(f, values)
                && !f.repeated
                && f.presence == super::model::Presence::Implicit
            {
                continue;
            }
            return seen(Effect::Lost, shown(), "nothing".to_owned());
        };
        if values.len() != others.len() {
            return seen(Effect::Changed, shown(), of_values(reader, g, others));
        }
        if f.map && g.map {
            for entry in values {
                let key = key_of(entry);
                let Some(other) = others.iter().find(|other| key_of(other) == key) else {
                    return seen(Effect::Changed, shown(), of_values(reader, g, others));
                };
                if let Some(seen) = one((writer, f, entry), (reader, g, other), by, &path) {
                    return Some(seen);
                }
            }
            continue;
        }
        for (value, other) in values.iter().zip(others) {
            if let Some(seen) = one((writer, f, value), (reader, g, other), by, &path) {
                return Some(seen);
            }
        }
    }
    None
}

fn one(
    (writer, f, value): (&Model, &Field, &Value),
    (reader, g, other): (&Model, &Field, &Value),
    by: By,
    path: &str,
) -> Option<Seen> {
    let same = match (value, other) {
        (Value::Message(a), Value::Message(b)) => {
            let (Some(w), Some(r)) = (f.kind.message(), g.kind.message()) else {
                return None;
            };
            let path = format!("{path}.");
            return stacker::maybe_grow(64 << 10, 1 << 20, || {
                message((writer, w, a), (reader, r, b), by, &path)
            });
        }
        // A message that is read as bytes is there in its own encoding.
        (Value::Message(_), Value::Bytes(_)) => by == By::Number && g.kind == Kind::Bytes,
        (Value::Number(a), Value::Number(b)) => match (f.kind, g.kind) {
            (Kind::Enum(x), Kind::Enum(y)) => same_constant(writer, x, *a, reader, y, *b, by),
            _ => a == b,
        },
        (Value::Real(a), Value::Real(b)) => a == b || a.is_nan() && b.is_nan(),
        // JSON has one kind of number.
        (Value::Number(a), Value::Real(b)) | (Value::Real(b), Value::Number(a)) => {
            by == By::JsonName && *a as f64 == *b && (*a as f64) as i128 == *a
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            let is_text = |kind: Kind| kind == Kind::String;
            a == b && (by == By::Number || is_text(f.kind) == is_text(g.kind))
        }
        _ => false,
    };
    if same {
        return None;
    }
    Some(Seen {
        effect: Effect::Changed,
        path: path.to_owned(),
        written: of_values(writer, f, std::slice::from_ref(value)),
        read: of_values(reader, g, std::slice::from_ref(other)),
    })
}

/// Whether two enums' numbers mean the same: by number, unless a name moved.
fn same_constant(
    writer: &Model,
    x: usize,
    a: i128,
    reader: &Model,
    y: usize,
    b: i128,
    by: By,
) -> bool {
    let (Some(old), Some(new)) = (writer.enumeration(x), reader.enumeration(y)) else {
        return a == b;
    };
    let (Ok(a), Ok(b)) = (i32::try_from(a), i32::try_from(b)) else {
        return a == b;
    };
    let names = |of: &super::model::Enum, number: i32| -> Vec<String> {
        let all = of.values.iter().filter(|(_, n)| *n == number);
        all.map(|(name, _)| name.to_string()).collect()
    };
    let (written, read) = (names(old, a), names(new, b));
    let shared = written.iter().any(|name| read.contains(name));
    if by == By::JsonName {
        return a == b || shared;
    }
    if a != b {
        return false;
    }
    if written.is_empty() || read.is_empty() || shared {
        return true;
    }
    !(written.iter().any(|name| new.has_name(name)) || read.iter().any(|name| old.has_name(name)))
}

fn is_default(f: &Field, values: &[Value]) -> bool {
    match (values, &f.default) {
        ([Value::Number(n)], Some(Default::Number(d))) => n == d,
        ([Value::Real(n)], Some(Default::Real(d))) => n == d,
        ([Value::Bytes(n)], Some(Default::Bytes(d))) => n == d,
        _ => false,
    }
}

fn of_default(model: &Model, field: &Field, default: &Default) -> String {
    let value = match default {
        Default::Number(n) => Value::Number(*n),
        Default::Real(n) => Value::Real(*n),
        Default::Bytes(b) => Value::Bytes(b.clone()),
    };
    of_values(model, field, &[value])
}

/// Values in words.
pub(super) fn of_values(model: &Model, field: &Field, values: &[Value]) -> String {
    let one = |value: &Value| match (value, field.kind) {
        (Value::Number(n), Kind::Bool) => (*n != 0).to_string(),
        (Value::Number(n), Kind::Enum(at)) => i32::try_from(*n)
            .ok()
            .and_then(|n| {
                model
                    .enumeration(at)?
                    .name_of(n)
                    .map(|name| name.to_string())
            })
            .unwrap_or_else(|| n.to_string()),
        (Value::Number(n), _) => n.to_string(),
        (Value::Real(n), _) => format!("{n:?}"),
        (Value::Bytes(bytes), Kind::String) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("{text:?}"),
            Err(_) => hex(bytes),
        },
        (Value::Bytes(bytes), _) => hex(bytes),
        (Value::Message(content), _) => inside(model, field.kind, content),
    };
    let words: Vec<String> = values.iter().take(4).map(one).collect();
    if field.repeated {
        format!("[{}]", words.join(", "))
    } else {
        words.join(", ")
    }
}

fn inside(model: &Model, kind: Kind, content: &Content) -> String {
    let Some(message) = kind.message().and_then(|at| model.message(at)) else {
        return "{…}".to_owned();
    };
    let fields: Vec<String> = content
        .iter()
        .take(4)
        .filter_map(|(number, values)| {
            let field = message.field(*number)?;
            let nested = field.kind.message().is_some();
            let value = if nested {
                "{…}".to_owned()
            } else {
                of_values(model, field, values)
            };
            Some(format!("{}: {value}", field.name))
        })
        .collect();
    format!("{{{}}}", fields.join(", "))
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("bytes {digits}")
}
