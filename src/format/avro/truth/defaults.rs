//! Whether a field's default is a value of its type. New schemas are checked when they are registered; old ones
//! may hold anything, and fail when the default is needed.

use super::super::model::{Kind, Primitive, Schema, TypeId};
use crate::format::json_text::{Node, Value};
use crate::format::truth::Steps;

/// How deep a default may nest, with the defaults of the records in it.
const DEPTH: usize = 1_000;
/// How many values a default may be made of, with the defaults of the records in it.
const VALUES: u64 = 50_000;

/// Whether a value fits; `None` if it cannot be told within the bounds.
pub(super) fn fits(schema: &Schema, of: TypeId, value: &Node, steps: &mut Steps) -> Option<bool> {
    let mut left = VALUES;
    let fits = inside(schema, of, value, &mut left, 0);
    *steps += VALUES - left;
    fits
}

fn inside(schema: &Schema, of: TypeId, value: &Node, left: &mut u64, depth: usize) -> Option<bool> {
    *left = left.checked_sub(1)?;
    if depth > DEPTH {
        return None;
    }
    let mut all = |parts: &mut dyn Iterator<Item = (TypeId, Option<&Node>)>| {
        stacker::maybe_grow(64 << 10, 1 << 20, || {
            for (of, part) in parts {
                match part.map(|part| inside(schema, of, part, left, depth + 1)) {
                    Some(Some(true)) => {}
                    None => return Some(false),
                    Some(other) => return other,
                }
            }
            Some(true)
        })
    };
    let whole = |low: i64, high: i64| {
        let number = value.as_number().and_then(|n| n.to_i64());
        number.is_some_and(|n| (low..=high).contains(&n))
    };
    let is_latin = |text: &str| text.chars().all(|c| u32::from(c) < 256);
    Some(match (schema.kind(of), &value.value) {
        (Kind::Primitive(Primitive::Null), Value::Null)
        | (Kind::Primitive(Primitive::Boolean), Value::Bool(_))
        | (Kind::Primitive(Primitive::Float | Primitive::Double), Value::Number(_))
        | (Kind::Primitive(Primitive::String), Value::String(_)) => true,
        (Kind::Primitive(Primitive::Int), Value::Number(_)) => {
            whole(i32::MIN.into(), i32::MAX.into())
        }
        (Kind::Primitive(Primitive::Long), Value::Number(_)) => whole(i64::MIN, i64::MAX),
        (Kind::Primitive(Primitive::Float | Primitive::Double), Value::String(text)) => {
            text.parse::<f64>().is_ok()
        }
        (Kind::Primitive(Primitive::Bytes), Value::String(text)) => is_latin(text),
        (Kind::Fixed(f), Value::String(text)) => {
            is_latin(text) && usize::try_from(f.size) == Ok(text.chars().count())
        }
        (Kind::Enum(e), Value::String(text)) => e.known.contains(text.as_str()),
        (Kind::Array(of), Value::Array(items)) => {
            return all(&mut items.iter().map(|item| (*of, Some(item))));
        }
        (Kind::Map(of), Value::Object(members)) => {
            return all(&mut members.iter().map(|(_, member)| (*of, Some(member))));
        }
        (Kind::Record(record), Value::Object(_)) => {
            return all(&mut record.fields.iter().map(|field| {
                let given = value.get(&field.name);
                (field.of, given.or(field.default.as_ref()))
            }));
        }
        (Kind::Union(branches), _) => {
            for branch in branches {
                match stacker::maybe_grow(64 << 10, 1 << 20, || {
                    inside(schema, *branch, value, left, depth + 1)
                }) {
                    Some(false) => {}
                    other => return other,
                }
            }
            false
        }
        _ => false,
    })
}
