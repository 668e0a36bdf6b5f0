//! The options of a descriptor: bytes that only make sense with the types of the options and extensions.

use super::ast::*;
use super::check::SCALARS;
use super::read::NESTING;
use super::read_value::{Fields, join};
use super::scope::{Id, Scope, What};
use super::wire::{self, Raw, broken};
use crate::format::InvalidSchema;
use std::collections::HashMap;

type Read<T> = Result<T, InvalidSchema>;

/// Knows the types of options; the scope's first file is the descriptor's own.
pub(super) struct Options<'s, 'a> {
    scope: &'s Scope<'a>,
    extensions: HashMap<(Id, i64), Id>,
}

impl<'s, 'a> Options<'s, 'a> {
    pub fn new(scope: &'s Scope<'a>) -> Self {
        Self {
            scope,
            extensions: scope.extensions_by_number(),
        }
    }

    pub fn package(&self) -> Id {
        self.scope.package_of(0)
    }

    pub fn child(&self, scope: Id, name: &str) -> Id {
        self.scope.child(scope, name).unwrap_or(scope)
    }

    /// The type's name as one would write it.
    pub fn short_name(&self, name: &str, scope: Id) -> String {
        if SCALARS.contains(&name) {
            return name.to_owned();
        }
        match self.scope.any_type(name, scope, 0) {
            Some(id) => self.scope.short_name(id, scope, 0),
            None => name.to_owned(),
        }
    }

    /// Reads an options message. What nobody can name (an unknown extension) is left out.
    pub fn read(&self, bytes: &[u8], kind: &str, scope: Id) -> Read<Vec<Opt>> {
        let Some(ty) = self
            .scope
            .any_type(&format!(".google.protobuf.{kind}"), 0, 0)
        else {
            return Ok(Vec::new());
        };
        let mut out: Vec<Opt> = Vec::new();
        for (number, raw) in wire::fields(bytes)? {
            // `map_entry` is what the sugar says; uninterpreted options are nobody's.
            if number == 999 || (kind == "MessageOptions" && number == 7) {
                continue;
            }
            let Some((field, at, custom)) = self.field(ty, number) else {
                continue;
            };
            let name = if custom {
                vec![Part::custom(self.extension_name(at, scope))]
            } else {
                vec![Part::plain(field.name.clone())]
            };
            let value = self.value(field, at, raw, 0)?;
            let singular = field.label != Some(Label::Repeated);
            match out.iter_mut().find(|o| singular && o.name == name) {
                Some(old) => merge(&mut old.value, value),
                None => match value {
                    Value::List(items) => out.extend(items.into_iter().map(|value| Opt {
                        name: name.clone(),
                        value,
                    })),
                    value => out.push(Opt { name, value }),
                },
            }
        }
        // A descriptor does not know the order; by name is what formatters write.
        out.sort_by(|a, b| {
            let key = |o: &Opt| o.name.first().map(|p| (p.custom, p.name.clone()));
            key(a).cmp(&key(b))
        });
        Ok(out)
    }

    /// The field with a number, the node from whose place its type is named, and whether it is an extension.
    fn field(&self, ty: Id, number: i64) -> Option<(&'a Field, Id, bool)> {
        let message = self.scope.message_at(ty)?;
        let own = message.all_fields().find(|f| f.tag == number);
        if let Some(field) = own {
            return Some((field, ty, false));
        }
        let id = *self.extensions.get(&(ty, number))?;
        match self.scope.node(id)?.what {
            What::Extension(field, _) => Some((field, id, true)),
            _ => None,
        }
    }

    fn extension_name(&self, id: Id, scope: Id) -> String {
        let node_name = self.scope.node(id).map_or("", |n| n.name);
        if self.scope.package_of(self.scope.file_of(id)) == self.package()
            && self.scope.extension(node_name, scope, 0) == Some(id)
        {
            return node_name.to_owned();
        }
        self.scope.full_name(id)
    }

    fn value(&self, field: &Field, at: Id, raw: Raw<'_>, depth: usize) -> Read<Value> {
        if depth > NESTING {
            return Err(broken());
        }
        match &field.ty {
            Type::Map(key, value) => {
                let mut entry = Fields::default();
                for (number, raw) in wire::fields(raw.bytes().ok_or_else(broken)?)? {
                    match number {
                        1 => entry.add("key".to_owned(), self.named(key, at, raw, depth + 1)?),
                        2 => entry.add("value".to_owned(), self.named(value, at, raw, depth + 1)?),
                        _ => {}
                    }
                }
                Ok(Value::Message(entry.list))
            }
            Type::Named(name) => {
                if let (Raw::Bytes(packed), Some(Label::Repeated)) = (raw, field.label)
                    && let Some(items) = self.packed(name, at, packed)?
                {
                    return Ok(Value::List(items));
                }
                self.named(name, at, raw, depth)
            }
        }
    }

    /// The items of a packed field; `None` when the type cannot be packed.
    fn packed(&self, name: &str, at: Id, mut bytes: &[u8]) -> Read<Option<Vec<Value>>> {
        let is_enum = self
            .scope
            .any_type(name, at, self.scope.file_of(at))
            .and_then(|id| self.scope.node(id))
            .is_some_and(|n| matches!(n.what, What::Enum(_)));
        if !is_enum && (!SCALARS.contains(&name) || matches!(name, "string" | "bytes")) {
            return Ok(None);
        }
        let mut items = Vec::new();
        while !bytes.is_empty() {
            let raw = match name {
                "fixed32" | "sfixed32" | "float" => {
                    Raw::Fixed32(wire::fixed32(wire::take(&mut bytes, 4)?))
                }
                "fixed64" | "sfixed64" | "double" => {
                    Raw::Fixed64(wire::fixed64(wire::take(&mut bytes, 8)?))
                }
                _ => Raw::Varint(wire::varint(&mut bytes)?),
            };
            items.push(self.named(name, at, raw, 0)?);
        }
        Ok(Some(items))
    }

    fn named(&self, name: &str, at: Id, raw: Raw<'_>, depth: usize) -> Read<Value> {
        let zigzag = |v: u64| ((v >> 1) as i64) ^ -((v & 1) as i64);
        let number = |n: i64| Ok(Value::Number(n.to_string()));
        match (name, raw) {
            ("bool", raw) => Ok(Value::Word((raw.number() != 0).to_string())),
            ("string" | "bytes", Raw::Bytes(bytes)) => Ok(Value::Text(bytes.to_vec())),
            ("int32" | "sfixed32", raw) => number(raw.int32()),
            ("int64" | "sfixed64" | "fixed32", raw) => number(raw.number()),
            ("uint32" | "uint64" | "fixed64", Raw::Varint(v) | Raw::Fixed64(v)) => {
                Ok(Value::Number(v.to_string()))
            }
            ("sint32" | "sint64", Raw::Varint(v)) => number(zigzag(v)),
            ("float", Raw::Fixed32(v)) => Ok(float(f32::from_bits(v).to_string())),
            ("double", Raw::Fixed64(v)) => Ok(float(f64::from_bits(v).to_string())),
            _ => self.of_type(name, at, raw, depth),
        }
    }

    fn of_type(&self, name: &str, at: Id, raw: Raw<'_>, depth: usize) -> Read<Value> {
        let id = self.scope.any_type(name, at, self.scope.file_of(at));
        let id = id.ok_or_else(broken)?;
        match self.scope.node(id).map(|n| n.what) {
            Some(What::Enum(item)) => {
                let number = raw.int32();
                Ok(match item.constants.iter().find(|c| c.tag == number) {
                    Some(constant) => Value::Word(constant.name.clone()),
                    None => Value::Number(number.to_string()),
                })
            }
            Some(What::Message(_)) => self.message(id, raw.bytes().ok_or_else(broken)?, depth + 1),
            _ => Err(broken()),
        }
    }

    fn message(&self, ty: Id, bytes: &[u8], depth: usize) -> Read<Value> {
        let mut fields = Fields::default();
        for (number, raw) in wire::fields(bytes)? {
            let Some((field, at, custom)) = self.field(ty, number) else {
                continue;
            };
            let key = if custom {
                format!("[{}]", self.scope.full_name(at))
            } else {
                field.name.clone()
            };
            match self.value(field, at, raw, depth)? {
                Value::List(items) => items
                    .into_iter()
                    .for_each(|item| fields.add(key.clone(), item)),
                value => fields.add(key, value),
            }
        }
        Ok(Value::Message(fields.list))
    }
}

fn float(text: String) -> Value {
    match text.as_str() {
        "NaN" => Value::Word("nan".to_owned()),
        "inf" | "-inf" => Value::Word(text),
        _ => Value::Number(text),
    }
}

/// The last one wins, messages are merged.
fn merge(old: &mut Value, new: Value) {
    match (old, new) {
        (Value::Message(old), Value::Message(new)) => {
            for (key, value) in new {
                match old.iter_mut().find(|(k, _)| *k == key) {
                    Some((_, there)) => join(there, value),
                    None => old.push((key, value)),
                }
            }
        }
        (old, new) => *old = new,
    }
}
