//! Reads a serialized FileDescriptorProto into the same form as a text, so that both spellings of a schema
//! become one: map entries get their sugar back, synthetic oneofs vanish, names are written as people do.

use super::ast::*;
use super::descriptor_options::Options;
use super::read::NESTING;
use super::scope::Id;
use super::sugar::{self, MAP_ENTRY};
use super::wire::{self, Raw, broken};
use crate::format::InvalidSchema;
use std::collections::HashMap;

type Read<T> = Result<T, InvalidSchema>;

/// Reads the bytes. Without `options`, options are left out and names stay absolute.
pub(super) fn read(bytes: &[u8], options: Option<&Options<'_, '_>>) -> Read<File> {
    let mut file = Reader {
        options,
        proto3: false,
    }
    .file(bytes)?;
    sugar::restore(&mut file);
    Ok(file)
}

struct Reader<'r, 's, 'a> {
    options: Option<&'r Options<'s, 'a>>,
    proto3: bool,
}

/// A field before it is known what it belongs to.
struct Loose {
    field: Field,
    kind: i64,
    extendee: String,
    oneof: Option<i64>,
}

/// Messages of which some turn out to be the bodies of groups.
struct Pool {
    list: Vec<Option<Message>>,
    by_name: HashMap<String, usize>,
}

impl Pool {
    fn new(messages: Vec<Message>) -> Self {
        let by_name = messages
            .iter()
            .enumerate()
            .map(|(i, m)| (m.name.clone(), i))
            .collect();
        Self {
            list: messages.into_iter().map(Some).collect(),
            by_name,
        }
    }

    fn take(&mut self, name: &str) -> Option<Message> {
        let index = *self.by_name.get(name)?;
        self.list.get_mut(index)?.take()
    }

    fn rest(self) -> Vec<Message> {
        self.list.into_iter().flatten().collect()
    }
}

impl Reader<'_, '_, '_> {
    fn file(&mut self, bytes: &[u8]) -> Read<File> {
        let parts = wire::fields(bytes)?;
        let mut file = File {
            syntax: Some(Syntax::Proto2),
            ..File::default()
        };
        for (number, raw) in &parts {
            match number {
                2 => file.package = Some(raw.text()?).filter(|p| !p.is_empty()),
                3 => file.imports.push(Import {
                    kind: ImportKind::Plain,
                    path: raw.text()?,
                }),
                12 => match raw.text()?.as_str() {
                    "proto2" | "" => {}
                    "proto3" => {
                        file.syntax = Some(Syntax::Proto3);
                        self.proto3 = true;
                    }
                    _ => {
                        return Err(InvalidSchema::new(
                            "editions are not supported, only syntax \"proto2\" and \"proto3\"",
                        ));
                    }
                },
                // Base64 that happens to decode is not a descriptor yet.
                1 | 4..=11 | 14 => {}
                _ => return Err(broken()),
            }
        }
        let scope = self.options.map_or(0, |o| o.package());
        let mut extensions = Vec::new();
        for (number, raw) in parts {
            match number {
                4 => file.messages.push(self.message(raw, scope, 0)?),
                5 => file.enums.push(self.enumeration(raw, scope)?),
                6 => file.services.push(self.service(raw, scope)?),
                7 => extensions.push(self.field(raw, scope)?),
                8 => file.options = self.options(raw, "FileOptions", scope)?,
                10 => mark(&mut file.imports, raw, ImportKind::Public),
                11 => mark(&mut file.imports, raw, ImportKind::Weak),
                _ => {}
            }
        }
        let mut messages = Pool::new(std::mem::take(&mut file.messages));
        file.extends = self.extends(extensions, &mut messages, scope);
        file.messages = messages.rest();
        Ok(file)
    }

    fn options(&self, raw: Raw<'_>, kind: &str, scope: Id) -> Read<Vec<Opt>> {
        match (self.options, raw.bytes()) {
            (Some(options), Some(bytes)) => options.read(bytes, kind, scope),
            (_, None) => Err(broken()),
            (None, _) => Ok(Vec::new()),
        }
    }

    fn child(&self, scope: Id, name: &str) -> Id {
        self.options.map_or(0, |o| o.child(scope, name))
    }

    fn name(&self, name: &str, scope: Id) -> String {
        match self.options {
            Some(options) => options.short_name(name, scope),
            None => name.to_owned(),
        }
    }

    fn message(&self, raw: Raw<'_>, parent: Id, depth: usize) -> Read<Message> {
        if depth >= NESTING {
            return Err(InvalidSchema::new(format!(
                "nested deeper than {NESTING} levels"
            )));
        }
        let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
        let mut message = Message {
            name: text_of(&parts, 1)?,
            ..Message::default()
        };
        let scope = self.child(parent, &message.name);
        let mut fields = Vec::new();
        let mut extensions = Vec::new();
        let mut nested = Vec::new();
        for (number, raw) in parts {
            match number {
                2 => fields.push(self.field(raw, scope)?),
                3 => nested.push(self.message(raw, scope, depth + 1)?),
                4 => message.enums.push(self.enumeration(raw, scope)?),
                5 => message.extensions.push(self.extension_range(raw, scope)?),
                6 => extensions.push(self.field(raw, scope)?),
                7 => {
                    let inner = wire::fields(raw.bytes().ok_or_else(broken)?)?;
                    message.options = self.options(raw, "MessageOptions", scope)?;
                    if inner.iter().any(|(n, r)| *n == 7 && r.number() != 0) {
                        message.options.push(Opt {
                            name: vec![Part::plain(MAP_ENTRY)],
                            value: Value::Word("true".to_owned()),
                        });
                    }
                }
                8 => {
                    let inner = wire::fields(raw.bytes().ok_or_else(broken)?)?;
                    let mut oneof = Oneof {
                        name: text_of(&inner, 1)?,
                        ..Oneof::default()
                    };
                    if let Some((_, raw)) = inner.iter().find(|(n, _)| *n == 2) {
                        oneof.options = self.options(*raw, "OneofOptions", scope)?;
                    }
                    message.oneofs.push(oneof);
                }
                9 => message.reserved.push(vec![range(raw, 1)?]),
                10 => message.reserved.push(vec![Reserved::Name(raw.text()?)]),
                _ => {}
            }
        }
        // Numbers before names, each kind in one statement, as people write them.
        message.reserved = gather(std::mem::take(&mut message.reserved));
        message.extensions = gather_extensions(std::mem::take(&mut message.extensions));
        let mut messages = Pool::new(nested);
        self.place(&mut message, fields, &mut messages);
        message.extends = self.extends(extensions, &mut messages, scope);
        message.messages = messages.rest();
        Ok(message)
    }

    /// Puts fields into the message, its oneofs and groups.
    fn place(&self, message: &mut Message, fields: Vec<Loose>, messages: &mut Pool) {
        for loose in fields {
            let oneof = loose
                .oneof
                .and_then(|i| usize::try_from(i).ok())
                .and_then(|i| message.oneofs.get_mut(i));
            if loose.kind == 10 {
                if let Some(mut group) = self.group(loose, messages) {
                    if oneof.is_some() {
                        group.label = None;
                    }
                    oneof
                        .map_or(&mut message.groups, |o| &mut o.groups)
                        .push(group);
                }
            } else if let Some(oneof) = oneof {
                let mut field = loose.field;
                field.label = None;
                oneof.fields.push(field);
            } else {
                message.fields.push(loose.field);
            }
        }
        // What is left without members is a synthetic oneof of a proto3 `optional`.
        message
            .oneofs
            .retain(|o| !(o.fields.is_empty() && o.groups.is_empty()));
    }

    fn group(&self, loose: Loose, messages: &mut Pool) -> Option<Group> {
        let Type::Named(name) = &loose.field.ty else {
            return None;
        };
        let name = last_part(name)?;
        let body = messages.take(name)?;
        Some(Group {
            label: loose.field.label,
            tag: loose.field.tag,
            options: loose.field.options,
            body,
        })
    }

    /// Extensions by what they extend; neighbours share one `extend`.
    fn extends(&self, extensions: Vec<Loose>, messages: &mut Pool, scope: Id) -> Vec<Extend> {
        let mut out: Vec<Extend> = Vec::new();
        for loose in extensions {
            let name = self.name(&loose.extendee, scope);
            if out.last().is_none_or(|e| e.name != name) {
                out.push(Extend {
                    name,
                    ..Extend::default()
                });
            }
            let Some(extend) = out.last_mut() else {
                continue;
            };
            if loose.kind == 10 {
                if let Some(group) = self.group(loose, messages) {
                    extend.groups.push(group);
                }
            } else {
                extend.fields.push(loose.field);
            }
        }
        out
    }

    fn field(&self, raw: Raw<'_>, scope: Id) -> Read<Loose> {
        let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
        let name = text_of(&parts, 1)?;
        let number_of = |wanted: i64| {
            parts
                .iter()
                .rfind(|(n, _)| *n == wanted)
                .map(|(_, r)| r.number())
        };
        let kind = number_of(5).unwrap_or(0);
        let type_name = text_of(&parts, 6)?;
        let ty = match scalar(kind) {
            Some(word) => word.to_owned(),
            None if type_name.is_empty() => return Err(broken()),
            // Map entries and groups are found by their last component, so they stay as they are.
            None => self.name(&type_name, scope),
        };
        let proto3_optional = number_of(17).unwrap_or(0) != 0;
        let label = match number_of(4) {
            Some(3) => Some(Label::Repeated),
            Some(2) => Some(Label::Required),
            _ if self.proto3 && !proto3_optional => None,
            _ => Some(Label::Optional),
        };
        let mut options = Vec::new();
        if let Some((_, raw)) = parts.iter().find(|(n, _)| *n == 8) {
            options = self.options(*raw, "FieldOptions", scope)?;
        }
        if let Some((_, raw)) = parts.iter().find(|(n, _)| *n == 7) {
            options.push(Opt {
                name: vec![Part::plain("default")],
                value: default_value(raw.text()?, kind),
            });
        }
        let json_name = text_of(&parts, 10)?;
        if !json_name.is_empty() && json_name != json_name_of(&name) {
            options.push(Opt {
                name: vec![Part::plain("json_name")],
                value: Value::Text(json_name.into_bytes()),
            });
        }
        Ok(Loose {
            field: Field {
                label,
                ty: Type::Named(ty),
                name,
                tag: number_of(3).unwrap_or(0),
                options,
            },
            kind,
            extendee: text_of(&parts, 2)?,
            oneof: number_of(9).filter(|_| !proto3_optional),
        })
    }

    fn extension_range(&self, raw: Raw<'_>, scope: Id) -> Read<Extensions> {
        let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
        let options = match parts.iter().find(|(n, _)| *n == 3) {
            Some((_, raw)) => self.options(*raw, "ExtensionRangeOptions", scope)?,
            None => Vec::new(),
        };
        Ok(Extensions {
            ranges: vec![range(raw, 1)?],
            options,
        })
    }

    fn enumeration(&self, raw: Raw<'_>, scope: Id) -> Read<Enum> {
        let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
        let mut out = Enum {
            name: text_of(&parts, 1)?,
            ..Enum::default()
        };
        let inside = self.child(scope, &out.name);
        for (number, raw) in parts {
            match number {
                2 => {
                    let inner = wire::fields(raw.bytes().ok_or_else(broken)?)?;
                    let options = match inner.iter().find(|(n, _)| *n == 3) {
                        Some((_, raw)) => self.options(*raw, "EnumValueOptions", inside)?,
                        None => Vec::new(),
                    };
                    out.constants.push(Constant {
                        name: text_of(&inner, 1)?,
                        tag: inner
                            .iter()
                            .rfind(|(n, _)| *n == 2)
                            .map_or(0, |(_, r)| r.int32()),
                        options,
                    });
                }
                3 => out.options = self.options(raw, "EnumOptions", inside)?,
                4 => out.reserved.push(vec![range(raw, 0)?]),
                5 => out.reserved.push(vec![Reserved::Name(raw.text()?)]),
                _ => {}
            }
        }
        out.reserved = gather(std::mem::take(&mut out.reserved));
        Ok(out)
    }

    fn service(&self, raw: Raw<'_>, scope: Id) -> Read<Service> {
        let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
        let mut service = Service {
            name: text_of(&parts, 1)?,
            ..Service::default()
        };
        for (number, raw) in parts {
            match number {
                2 => {
                    let inner = wire::fields(raw.bytes().ok_or_else(broken)?)?;
                    let on =
                        |wanted: i64| inner.iter().any(|(n, r)| *n == wanted && r.number() != 0);
                    service.rpcs.push(Rpc {
                        name: text_of(&inner, 1)?,
                        request: self.name(&text_of(&inner, 2)?, scope),
                        request_stream: on(5),
                        response: self.name(&text_of(&inner, 3)?, scope),
                        response_stream: on(6),
                        options: match inner.iter().find(|(n, _)| *n == 4) {
                            Some((_, raw)) => self.options(*raw, "MethodOptions", scope)?,
                            None => Vec::new(),
                        },
                    });
                }
                3 => service.options = self.options(raw, "ServiceOptions", scope)?,
                _ => {}
            }
        }
        Ok(service)
    }
}

fn text_of(parts: &[(i64, Raw<'_>)], number: i64) -> Read<String> {
    parts
        .iter()
        .rfind(|(n, _)| *n == number)
        .map_or(Ok(String::new()), |(_, raw)| raw.text())
}

fn last_part(name: &str) -> Option<&str> {
    name.rsplit('.').next()
}

fn mark(imports: &mut [Import], raw: Raw<'_>, kind: ImportKind) {
    let mut set = |index: u64| {
        if let Some(import) = usize::try_from(index).ok().and_then(|i| imports.get_mut(i)) {
            import.kind = kind;
        }
    };
    match raw {
        Raw::Varint(index) => set(index),
        Raw::Bytes(mut packed) => {
            while let Ok(index) = wire::varint(&mut packed) {
                set(index);
            }
        }
        _ => {}
    }
}

/// A range whose end is `beyond` past its last number.
fn range(raw: Raw<'_>, beyond: i64) -> Read<Reserved> {
    let parts = wire::fields(raw.bytes().ok_or_else(broken)?)?;
    let get = |wanted: i64| {
        parts
            .iter()
            .rfind(|(n, _)| *n == wanted)
            .map_or(0, |(_, r)| r.int32())
    };
    let (start, end) = (get(1), get(2).saturating_sub(beyond));
    let largest = if beyond == 1 {
        536_870_911
    } else {
        i64::from(i32::MAX)
    };
    Ok(match end {
        end if end == start => Reserved::Number(start),
        end if end == largest => Reserved::Range(start, None),
        end => Reserved::Range(start, Some(end)),
    })
}

fn gather(statements: Vec<Vec<Reserved>>) -> Vec<Vec<Reserved>> {
    let (names, numbers): (Vec<_>, Vec<_>) = statements
        .into_iter()
        .flatten()
        .partition(|r| matches!(r, Reserved::Name(_)));
    [numbers, names]
        .into_iter()
        .filter(|items| !items.is_empty())
        .collect()
}

fn gather_extensions(statements: Vec<Extensions>) -> Vec<Extensions> {
    let mut out: Vec<Extensions> = Vec::new();
    for one in statements {
        match out.last_mut() {
            Some(last) if last.options == one.options => last.ranges.extend(one.ranges),
            _ => out.push(one),
        }
    }
    out
}

fn scalar(kind: i64) -> Option<&'static str> {
    Some(match kind {
        1 => "double",
        2 => "float",
        3 => "int64",
        4 => "uint64",
        5 => "int32",
        6 => "fixed64",
        7 => "fixed32",
        8 => "bool",
        9 => "string",
        12 => "bytes",
        13 => "uint32",
        15 => "sfixed32",
        16 => "sfixed64",
        17 => "sint32",
        18 => "sint64",
        _ => return None,
    })
}

fn default_value(text: String, kind: i64) -> Value {
    match kind {
        9 => Value::Text(text.into_bytes()),
        // Bytes are written with escapes, as in a text.
        12 => Value::Text(super::lex::unescape(&text)),
        8 | 14 | 0 => Value::Word(text),
        _ if text.ends_with("inf") || text == "nan" => Value::Word(text),
        _ => Value::Number(text),
    }
}

/// The JSON name that a field gets by itself.
pub(super) fn json_name_of(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.push(c.to_ascii_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}
