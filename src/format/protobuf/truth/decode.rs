//! Bytes to messages, by the letter of the encoding: what a witness is read with.
//!
//! Own, because the library that writes the bytes deviates where it matters here: it refuses a field whose wire
//! type is another one (the encoding says: an unknown field), keeps unknown numbers in closed enums (they are
//! unknown fields), and asks for no required fields.
//! Source: the Protocol Buffers documentation, "Encoding", and its notes on parsers' behaviour for packed fields,
//! last values, merged messages, oneofs, maps and closed enums.

use super::model::{Field, Kind, Message, Model, Msg, Presence};
use super::value::{Content, Value};
use std::collections::BTreeMap;

/// How deep messages may nest.
const DEPTH: usize = 10_000;

/// Reads a message; the error says in words why that fails.
pub(super) fn decode(model: &Model, of: Msg, bytes: &[u8]) -> Result<Content, String> {
    let mut content = Content::new();
    merge(model, of, bytes, &mut content, 0)?;
    check_required(model, of, &content, "", 0)?;
    Ok(content)
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or("the bytes end too early")?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.take(1)?.first().ok_or("the bytes end too early")?;
            if shift < 64 {
                number |= u64::from(byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number of more than ten bytes".to_owned())
    }

    fn block(&mut self) -> Result<&'a [u8], String> {
        let length = usize::try_from(self.varint()?).map_err(|_| "a length beyond all bounds")?;
        self.take(length)
    }

    fn key(&mut self) -> Result<(u32, u32), String> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| "a field number beyond all bounds")?;
        if number == 0 {
            return Err("a field of number 0".to_owned());
        }
        Ok((number, (key & 7) as u32))
    }

    /// Skips a value; of a group, everything up to its end.
    fn skip(&mut self, number: u32, wire: u32, depth: usize) -> Result<(), String> {
        match wire {
            0 => self.varint().map(drop),
            1 => self.take(8).map(drop),
            2 => self.block().map(drop),
            3 => self.group(number, depth).map(drop),
            5 => self.take(4).map(drop),
            4 => Err("the end of a group that was not begun".to_owned()),
            _ => Err(format!("the wire type {wire}, which there is not")),
        }
    }

    /// The bytes of a group, up to its end.
    fn group(&mut self, number: u32, depth: usize) -> Result<&'a [u8], String> {
        if depth > DEPTH {
            return Err("messages nested too deep".to_owned());
        }
        let start = self.rest;
        loop {
            let before = self.rest.len();
            let (inner, wire) = self.key()?;
            if wire == 4 {
                if inner != number {
                    return Err("the end of another group".to_owned());
                }
                let length = start.len() - before;
                return Ok(start.get(..length).unwrap_or_default());
            }
            stacker::maybe_grow(64 << 10, 1 << 20, || self.skip(inner, wire, depth + 1))?;
        }
    }

    fn scalar(&mut self, kind: Kind) -> Result<Value, String> {
        let four = |input: &mut Self| -> Result<[u8; 4], String> {
            input
                .take(4)?
                .try_into()
                .map_err(|_| "four bytes".to_owned())
        };
        let eight = |input: &mut Self| -> Result<[u8; 8], String> {
            input
                .take(8)?
                .try_into()
                .map_err(|_| "eight bytes".to_owned())
        };
        Ok(match kind {
            Kind::Double => Value::Real(f64::from_le_bytes(eight(self)?)),
            Kind::Float => Value::Real(f32::from_le_bytes(four(self)?).into()),
            Kind::Fixed64 => Value::Number(u64::from_le_bytes(eight(self)?).into()),
            Kind::Sfixed64 => Value::Number(i64::from_le_bytes(eight(self)?).into()),
            Kind::Fixed32 => Value::Number(u32::from_le_bytes(four(self)?).into()),
            Kind::Sfixed32 => Value::Number(i32::from_le_bytes(four(self)?).into()),
            Kind::Bool => Value::Number(i128::from(self.varint()? != 0)),
            // Longer numbers are cut to the type's width.
            Kind::Int32 | Kind::Enum(_) => {
                Value::Number((self.varint()? as u32).cast_signed().into())
            }
            Kind::Uint32 => Value::Number((self.varint()? as u32).into()),
            Kind::Int64 => Value::Number(self.varint()?.cast_signed().into()),
            Kind::Uint64 => Value::Number(self.varint()?.into()),
            Kind::Sint32 => {
                let raw = self.varint()? as u32;
                Value::Number(((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()).into())
            }
            Kind::Sint64 => {
                let raw = self.varint()?;
                Value::Number(((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed()).into())
            }
            _ => return Err("no scalar".to_owned()),
        })
    }
}

fn merge(
    model: &Model,
    of: Msg,
    bytes: &[u8],
    content: &mut Content,
    depth: usize,
) -> Result<(), String> {
    if depth > DEPTH {
        return Err("messages nested too deep".to_owned());
    }
    let message = model.message(of).ok_or("a message that is not there")?;
    let mut input = Input { rest: bytes };
    while !input.rest.is_empty() {
        let (number, wire) = input.key()?;
        match message.field(number) {
            Some(field) if wire == field.kind.wire() => {
                let value = value(model, message, field, &mut input, content, depth)?;
                if let Some(value) = value {
                    put(message, field, value, content);
                }
            }
            Some(field) if wire == 2 && field.repeated && field.kind.is_packable() => {
                let mut packed = Input {
                    rest: input.block()?,
                };
                while !packed.rest.is_empty() {
                    let value = packed.scalar(field.kind)?;
                    if is_known(model, field.kind, &value) {
                        put(message, field, value, content);
                    }
                }
            }
            _ => input.skip(number, wire, depth)?,
        }
    }
    Ok(())
}

/// Whether an enum takes a number as one of its values.
fn is_known(model: &Model, kind: Kind, value: &Value) -> bool {
    match (kind, value) {
        (Kind::Enum(at), Value::Number(number)) => model.enumeration(at).is_some_and(|of| {
            !of.closed || i32::try_from(*number).is_ok_and(|number| of.has(number))
        }),
        _ => true,
    }
}

/// One value of a field's own wire type; `None` if it is an unknown one after all.
fn value(
    model: &Model,
    message: &Message,
    field: &Field,
    input: &mut Input<'_>,
    content: &Content,
    depth: usize,
) -> Result<Option<Value>, String> {
    let (inner, bytes) = match field.kind {
        Kind::String => {
            let bytes = input.block()?;
            if message.proto3 && std::str::from_utf8(bytes).is_err() {
                return Err(format!("the text of {} is not UTF-8", field.name));
            }
            // Parsers of proto2 replace what is not UTF-8, or refuse it when it is asked for.
            let text = String::from_utf8_lossy(bytes).into_owned();
            return Ok(Some(Value::Bytes(text.into_bytes())));
        }
        Kind::Bytes => return Ok(Some(Value::Bytes(input.block()?.to_vec()))),
        Kind::Message(inner) => (inner, input.block()?),
        Kind::Group(inner) => (inner, input.group(field.number, depth)?),
        Kind::Missing => {
            input.block()?;
            return Ok(None);
        }
        kind => {
            let value = input.scalar(kind)?;
            return Ok(is_known(model, kind, &value).then_some(value));
        }
    };
    // A singular message that comes again is merged with what was there.
    let mut merged = match content.get(&field.number).and_then(|values| values.last()) {
        Some(Value::Message(before)) if !field.repeated => before.clone(),
        _ => Content::new(),
    };
    stacker::maybe_grow(64 << 10, 1 << 20, || {
        merge(model, inner, bytes, &mut merged, depth + 1)
    })
    .map_err(|why| format!("{}: {why}", field.name))?;
    if field.map && has_unknown_value(model, inner, bytes, &merged) {
        return Ok(None);
    }
    Ok(Some(Value::Message(merged)))
}

/// Whether an entry's value is a number that its closed enum does not know: then the entry is an unknown field.
fn has_unknown_value(model: &Model, entry: Msg, bytes: &[u8], merged: &Content) -> bool {
    let is_closed = model.message(entry).and_then(|m| m.field(2)).is_some_and(
        |f| matches!(f.kind, Kind::Enum(at) if model.enumeration(at).is_some_and(|e| e.closed)),
    );
    if !is_closed || merged.contains_key(&2) {
        return false;
    }
    let mut input = Input { rest: bytes };
    while let Ok((number, wire)) = input.key() {
        if number == 2 && wire == 0 {
            return true;
        }
        if input.skip(number, wire, 0).is_err() {
            break;
        }
    }
    false
}

fn put(message: &Message, field: &Field, value: Value, content: &mut Content) {
    if field.map {
        // A key that comes again replaces the entry.
        let key = key_of(&value);
        let entries = content.entry(field.number).or_default();
        entries.retain(|entry| key_of(entry) != key);
        entries.push(value);
        return;
    }
    if field.repeated {
        content.entry(field.number).or_default().push(value);
        return;
    }
    if field.oneof.is_some() {
        for other in &message.fields {
            if other.oneof == field.oneof && other.number != field.number {
                content.remove(&other.number);
            }
        }
    }
    content.insert(field.number, vec![value]);
}

/// The key of a map's entry; a missing one is the type's zero.
pub(super) fn key_of(entry: &Value) -> Option<Value> {
    match entry {
        Value::Message(entry) => match entry.get(&1).and_then(|values| values.last()) {
            Some(Value::Number(0)) | None => None,
            Some(Value::Bytes(bytes)) if bytes.is_empty() => None,
            Some(key) => Some(key.clone()),
        },
        _ => None,
    }
}

fn check_required(
    model: &Model,
    of: Msg,
    content: &Content,
    path: &str,
    depth: usize,
) -> Result<(), String> {
    let Some(message) = model.message(of) else {
        return Ok(());
    };
    if depth > DEPTH {
        return Err("messages nested too deep".to_owned());
    }
    let by_number: BTreeMap<u32, &Field> = message.fields.iter().map(|f| (f.number, f)).collect();
    for field in &message.fields {
        if field.presence == Presence::Required && !content.contains_key(&field.number) {
            return Err(format!(
                "the required field {path}{} is missing",
                field.name
            ));
        }
    }
    for (number, values) in content {
        let Some(field) = by_number.get(number) else {
            continue;
        };
        let Some(inner) = field.kind.message() else {
            continue;
        };
        for value in values {
            if let Value::Message(value) = value {
                let path = format!("{path}{}.", field.name);
                stacker::maybe_grow(64 << 10, 1 << 20, || {
                    check_required(model, inner, value, &path, depth + 1)
                })?;
            }
        }
    }
    Ok(())
}
