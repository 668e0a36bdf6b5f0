//! Which value of a writer's field the reader's field of the same number does not give back.
//!
//! By the encoding: values of another wire type are unknown fields, repeated numbers may come packed, integers
//! are cut to the reader's width, closed enums refuse unknown numbers, proto3 texts must be UTF-8.

use super::model::{Field, Kind, Model, Presence};
use super::value::{Minimal, Value};

/// A value that shows it, and the rule.
pub(super) struct Loss {
    pub values: Vec<Value>,
    pub rule: &'static str,
}

/// The two sides.
#[derive(Clone, Copy)]
pub(super) struct Sides<'m> {
    pub writer: &'m Model,
    pub reader: &'m Model,
    pub minimal: &'m Minimal<'m>,
}

/// Whether the messages inside are to be compared.
pub(super) fn goes_on(f: &Field, g: &Field) -> bool {
    matches!(
        (f.kind, g.kind),
        (Kind::Message(_), Kind::Message(_)) | (Kind::Group(_), Kind::Group(_))
    )
}

/// What does not come back; nothing if all values do (messages aside, which are compared themselves).
pub(super) fn losses(sides: Sides<'_>, f: &Field, g: &Field) -> Vec<Loss> {
    let mut all = Vec::new();
    if goes_on(f, g) {
        if f.repeated && !g.repeated {
            all.extend(twice(sides, f, "repeated-to-singular"));
        } else if g.map && !f.map && f.repeated {
            all.extend(same_keys(sides, f));
        }
        return all;
    }
    if let Some(loss) = element(sides, f, g) {
        all.push(loss);
        return all;
    }
    if f.repeated && !g.repeated {
        all.extend(twice(sides, f, "repeated-to-singular"));
    }
    all
}

/// Two values of a repeated field.
fn twice(sides: Sides<'_>, f: &Field, rule: &'static str) -> Option<Loss> {
    let first = sides
        .minimal
        .telling(f.kind, None)
        .unwrap_or_else(|| sides.minimal.zero(f.kind));
    let second = match (&first, f.kind) {
        (Value::Number(1), kind) if !matches!(kind, Kind::Bool | Kind::Enum(_)) => Value::Number(2),
        (Value::Number(_), _) => sides.minimal.zero(f.kind),
        (Value::Real(_), _) => Value::Real(2.5),
        (Value::Bytes(_), _) => Value::Bytes(b"y".to_vec()),
        (message, _) => message.clone(),
    };
    if f.map {
        let entry = sides.minimal.message(f.kind.message()?, 1_000)?;
        let mut entries = Vec::new();
        for key in keys(sides, f)? {
            let mut entry = entry.clone();
            entry.insert(1, vec![key]);
            entries.push(Value::Message(entry));
        }
        return Some(Loss {
            values: entries,
            rule,
        });
    }
    Some(Loss {
        values: vec![first, second],
        rule,
    })
}

/// Two keys of a map.
fn keys(sides: Sides<'_>, f: &Field) -> Option<[Value; 2]> {
    let entry = sides.writer.message(f.kind.message()?)?;
    Some(match entry.field(1)?.kind {
        Kind::String => [Value::Bytes(b"a".to_vec()), Value::Bytes(b"b".to_vec())],
        Kind::Bool => [Value::Number(0), Value::Number(1)],
        _ => [Value::Number(1), Value::Number(2)],
    })
}

/// Two elements that a map takes for one entry.
fn same_keys(sides: Sides<'_>, f: &Field) -> Option<Loss> {
    let element = sides.minimal.message(f.kind.message()?, 1_000)?;
    Some(Loss {
        values: vec![Value::Message(element.clone()), Value::Message(element)],
        rule: "repeated-read-as-map",
    })
}

fn one(value: Value, rule: &'static str) -> Option<Loss> {
    Some(Loss {
        values: vec![value],
        rule,
    })
}

/// One value that does not come back.
fn element(sides: Sides<'_>, f: &Field, g: &Field) -> Option<Loss> {
    let (a, b) = (f.kind, g.kind);
    // A type whose only value is never written loses nothing.
    let telling = sides.minimal.written(f)?;
    if b == Kind::Missing || a == Kind::Missing {
        // Told as an obstacle.
        return None;
    }
    if a.message().is_some() || b.message().is_some() {
        let bytes_of_message = matches!((a, b), (Kind::Message(_), Kind::Bytes));
        if bytes_of_message {
            return None;
        }
        let value = match a {
            Kind::String => Value::Bytes(vec![7]),
            Kind::Bytes => Value::Bytes(vec![0xff]),
            _ => telling,
        };
        return one(value, "message-type-changed");
    }
    let written = if f.packed { 2 } else { a.wire() };
    if written != b.wire() {
        let may_be_packed = g.repeated && b.is_packable();
        if may_be_packed && written == 2 {
            // Packed numbers are numbers; texts and bytes are taken for packed ones.
            return if f.packed {
                if a.wire() == b.wire() {
                    number(sides, f, g)
                } else {
                    one(telling, "wire-type-changed")
                }
            } else {
                one(telling, "wire-type-changed")
            };
        }
        let rule = if f.packed && a.wire() == b.wire() && !g.repeated {
            "repeated-to-singular"
        } else {
            "wire-type-changed"
        };
        return one(telling, rule);
    }
    if written == 2 {
        if f.packed {
            // Numbers read as a text.
            return one(telling, "wire-type-changed");
        }
        if a == Kind::Bytes && b == Kind::String {
            return one(Value::Bytes(vec![0xff]), "bytes-read-as-string");
        }
        return None;
    }
    number(sides, f, g)
}

/// Numbers of one wire type.
fn number(sides: Sides<'_>, f: &Field, g: &Field) -> Option<Loss> {
    let (a, b) = (f.kind, g.kind);
    let is_zigzag = |kind: Kind| matches!(kind, Kind::Sint32 | Kind::Sint64);
    let is_real = |kind: Kind| matches!(kind, Kind::Float | Kind::Double);
    if is_real(a) || is_real(b) {
        if a == b {
            return None;
        }
        let value = if is_real(a) {
            Value::Real(1.5)
        } else {
            Value::Number(1)
        };
        return one(value, "encoding-changed");
    }
    if is_zigzag(a) != is_zigzag(b) {
        if let Kind::Enum(at) = a {
            // Zero is the same in both; an enum may have no other number.
            let other = sides
                .writer
                .enumeration(at)?
                .values
                .iter()
                .find(|(_, n)| *n != 0)?;
            return one(Value::Number(other.1.into()), "encoding-changed");
        }
        let value = if is_zigzag(a) { -1 } else { 1 };
        if let (Kind::Enum(at), true) = (b, is_zigzag(a)) {
            let closed = sides.reader.enumeration(at).is_some_and(|e| e.closed);
            if closed {
                return one(Value::Number(value), "encoding-changed");
            }
        }
        return one(Value::Number(value), "encoding-changed");
    }
    match (a, b) {
        (Kind::Enum(a), Kind::Enum(b)) => enums(sides, f, a, b),
        (Kind::Enum(a), b) => {
            let (low, high) = range(b)?;
            let of = sides.writer.enumeration(a)?;
            let beyond = of
                .values
                .iter()
                .find(|(_, n)| !(low..=high).contains(&i128::from(*n)))?;
            one(Value::Number(beyond.1.into()), "number-narrowed")
        }
        (a, Kind::Enum(b)) => {
            let of = sides.reader.enumeration(b)?;
            let (low, high) = range(a)?;
            if of.closed {
                // Small numbers are found before the enum's are used up.
                let most = of.values.len() as i128 + 2;
                let is_written = |n: i128| n != 0 || f.repeated || f.presence != Presence::Implicit;
                let unknown = (0..=most).find(|n| {
                    is_written(*n)
                        && (low..=high).contains(n)
                        && !i32::try_from(*n).is_ok_and(|n| of.has(n))
                });
                if let Some(unknown) = unknown {
                    return one(Value::Number(unknown), "enum-number-unknown");
                }
            }
            gap(range(a)?, range(Kind::Int32)?)
                .and_then(|n| one(Value::Number(n), "number-narrowed"))
        }
        (a, b) => {
            let rule = if is_fixed(a) || same_width(a, b) {
                "sign-changed"
            } else {
                "number-narrowed"
            };
            gap(range(a)?, range(b)?).and_then(|n| one(Value::Number(n), rule))
        }
    }
}

fn is_fixed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Fixed64 | Kind::Sfixed64
    )
}

fn same_width(a: Kind, b: Kind) -> bool {
    let width = |kind: Kind| match kind {
        Kind::Int32 | Kind::Uint32 => 32,
        Kind::Int64 | Kind::Uint64 => 64,
        _ => 0,
    };
    width(a) != 0 && width(a) == width(b)
}

fn enums(sides: Sides<'_>, f: &Field, a: usize, b: usize) -> Option<Loss> {
    let (old, new) = (sides.writer.enumeration(a)?, sides.reader.enumeration(b)?);
    // Zero is not written where absence means it.
    let is_written = |number: i32| number != 0 || f.repeated || f.presence != Presence::Implicit;
    for (name, number) in old.values.iter().filter(|(_, number)| is_written(*number)) {
        match new.name_of(*number) {
            None if new.closed => {
                return one(Value::Number((*number).into()), "enum-number-unknown");
            }
            // A name that moved to another number means something else now.
            Some(read)
                if !new.values.iter().any(|(n, at)| at == number && n == name)
                    && !old.values.iter().any(|(n, at)| at == number && n == read)
                    && (new.has_name(name) || old.has_name(read)) =>
            {
                return one(Value::Number((*number).into()), "enum-numbers-swapped");
            }
            _ => {}
        }
    }
    None
}

/// What a kind holds.
pub(super) fn range(kind: Kind) -> Option<(i128, i128)> {
    Some(match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Enum(_) => {
            (i32::MIN.into(), i32::MAX.into())
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into()),
        Kind::Bool => (0, 1),
        _ => return None,
    })
}

/// A number of the first range that is not in the second.
pub(super) fn gap(from: (i128, i128), to: (i128, i128)) -> Option<i128> {
    if from.1 > to.1 {
        // One more than what wraps around to zero, where there is room: it is read as 1, not as nothing.
        let wrapped = (to.1 + 1) * if to.0 < 0 { 2 } else { 1 } + 1;
        return Some(if to.1 == 1 {
            2
        } else if wrapped <= from.1 {
            wrapped
        } else {
            to.1 + 1
        });
    }
    (from.0 < to.0).then_some(if to.0 == 0 { -1 } else { to.0 - 1 })
}
