//! What messages mean: fields by number, with resolved types, presence, defaults and encodings.
//!
//! Read once from a scope, so that the checker and the judge work on numbers instead of names.

use super::super::ast::{self, Label, Opt, Syntax, Type, Value};
use super::super::descriptor::json_name_of;
use super::super::scope::{Id, Scope, What};
use crate::format::truth::Place;
use std::collections::HashMap;
use std::sync::Arc;

/// The number of a message in its model.
pub(super) type Msg = usize;

/// A type as it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    String,
    Bytes,
    /// By its number in the model.
    Enum(usize),
    Message(Msg),
    Group(Msg),
    /// A type that is not there.
    Missing,
}

impl Kind {
    /// The wire type of one value: 0 varint, 1 eight bytes, 2 length-delimited, 3 group, 5 four bytes.
    pub(super) fn wire(self) -> u32 {
        match self {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
            Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Missing => 2,
            Kind::Group(_) => 3,
            _ => 0,
        }
    }

    /// Whether repeated values may be packed.
    pub(super) fn is_packable(self) -> bool {
        !matches!(self.wire(), 2 | 3)
    }

    /// The message inside.
    pub(super) fn message(self) -> Option<Msg> {
        match self {
            Kind::Message(of) | Kind::Group(of) => Some(of),
            _ => None,
        }
    }

    /// The word that a schema uses for a scalar.
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Double => "double",
            Kind::Float => "float",
            Kind::Int32 => "int32",
            Kind::Int64 => "int64",
            Kind::Uint32 => "uint32",
            Kind::Uint64 => "uint64",
            Kind::Sint32 => "sint32",
            Kind::Sint64 => "sint64",
            Kind::Fixed32 => "fixed32",
            Kind::Fixed64 => "fixed64",
            Kind::Sfixed32 => "sfixed32",
            Kind::Sfixed64 => "sfixed64",
            Kind::Bool => "bool",
            Kind::String => "string",
            Kind::Bytes => "bytes",
            Kind::Enum(_) => "enum",
            Kind::Message(_) => "message",
            Kind::Group(_) => "group",
            Kind::Missing => "a type that is not there",
        }
    }

    fn scalar(word: &str) -> Option<Self> {
        Some(match word {
            "double" => Kind::Double,
            "float" => Kind::Float,
            "int32" => Kind::Int32,
            "int64" => Kind::Int64,
            "uint32" => Kind::Uint32,
            "uint64" => Kind::Uint64,
            "sint32" => Kind::Sint32,
            "sint64" => Kind::Sint64,
            "fixed32" => Kind::Fixed32,
            "fixed64" => Kind::Fixed64,
            "sfixed32" => Kind::Sfixed32,
            "sfixed64" => Kind::Sfixed64,
            "bool" => Kind::Bool,
            "string" => Kind::String,
            "bytes" => Kind::Bytes,
            _ => return None,
        })
    }
}

/// Whether an absent value differs from a default one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// A default value is not written.
    Implicit,
    Explicit,
    Required,
}

/// A scalar's default.
#[derive(Debug, Clone)]
pub(super) enum Default {
    Number(i128),
    Real(f64),
    Bytes(Vec<u8>),
}

/// A default that is no number is the same as another one that is none.
impl PartialEq for Default {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::Real(a), Self::Real(b)) => a == b || a.is_nan() && b.is_nan(),
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            _ => false,
        }
    }
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub name: Arc<str>,
    pub json_name: Arc<str>,
    pub number: u32,
    pub kind: Kind,
    pub repeated: bool,
    /// Whether the kind is the entry of a map.
    pub map: bool,
    pub presence: Presence,
    /// The oneof's place in the message.
    pub oneof: Option<usize>,
    /// Whether it is written packed.
    pub packed: bool,
    /// What an absent value reads as; `None` for messages and repeated fields.
    pub default: Option<Default>,
}

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// With its package.
    pub full_name: Arc<str>,
    /// Without its package.
    pub local_name: Arc<str>,
    /// The import path of its file; `None` for the schema's own text.
    pub reference: Option<Arc<str>>,
    /// Whether texts must be UTF-8.
    pub proto3: bool,
    pub is_entry: bool,
    /// By number.
    pub fields: Vec<Field>,
    pub oneofs: Vec<Arc<str>>,
}

impl Message {
    /// The field with this number.
    pub(super) fn field(&self, number: u32) -> Option<&Field> {
        let at = self
            .fields
            .binary_search_by_key(&number, |f| f.number)
            .ok()?;
        self.fields.get(at)
    }

    /// Whether it is one of the types with a JSON form of their own.
    pub(super) fn is_well_known(&self) -> bool {
        self.full_name.starts_with("google.protobuf.")
            && matches!(
                self.full_name.rsplit('.').next(),
                Some(
                    "Any"
                        | "Timestamp"
                        | "Duration"
                        | "Struct"
                        | "Value"
                        | "ListValue"
                        | "FieldMask"
                        | "DoubleValue"
                        | "FloatValue"
                        | "Int64Value"
                        | "UInt64Value"
                        | "Int32Value"
                        | "UInt32Value"
                        | "BoolValue"
                        | "StringValue"
                        | "BytesValue"
                )
            )
    }
}

/// An enum.
#[derive(Debug, Clone)]
pub(super) struct Enum {
    pub name: Arc<str>,
    /// Whether numbers without a name are no values of it (proto2).
    pub closed: bool,
    pub values: Vec<(Arc<str>, i32)>,
}

impl Enum {
    pub(super) fn has(&self, number: i32) -> bool {
        self.values.iter().any(|(_, n)| *n == number)
    }

    pub(super) fn name_of(&self, number: i32) -> Option<&Arc<str>> {
        self.values
            .iter()
            .find(|(_, n)| *n == number)
            .map(|(name, _)| name)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.values.iter().any(|(n, _)| **n == *name)
    }
}

/// All messages and enums of some files.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    /// The messages of the schema's own file, in its order.
    pub roots: Vec<Msg>,
    /// By full name, in any file.
    pub by_name: HashMap<Arc<str>, Msg>,
    /// By local name, of the schema's own file.
    pub by_local_name: HashMap<Arc<str>, Msg>,
}

impl Model {
    pub(super) fn message(&self, at: Msg) -> Option<&Message> {
        self.messages.get(at)
    }

    pub(super) fn enumeration(&self, at: usize) -> Option<&Enum> {
        self.enums.get(at)
    }

    /// Where a message or one of its members stands.
    pub(super) fn place(&self, of: Msg, member: Option<&str>) -> Place {
        let Some(message) = self.message(of) else {
            return Place::default();
        };
        let mut pointer = String::new();
        for part in message.local_name.split('.').chain(member) {
            pointer.push('/');
            pointer.push_str(part);
        }
        Place {
            reference: message.reference.clone(),
            pointer,
        }
    }

    /// What a kind is called in the schema.
    pub(super) fn name_of(&self, kind: Kind) -> String {
        match kind {
            Kind::Enum(at) => self
                .enumeration(at)
                .map_or_else(String::new, |e| format!("enum {}", e.name)),
            Kind::Message(at) | Kind::Group(at) => self
                .message(at)
                .map_or_else(String::new, |m| format!("{} {}", kind.word(), m.local_name)),
            other => other.word().to_owned(),
        }
    }
}

/// Reads the model of a scope; `paths` are the import paths of its files, `also` the full names of messages that
/// are wanted even if they moved to another file.
pub(super) fn read(scope: &Scope<'_>, paths: &[Option<Arc<str>>], also: &[Arc<str>]) -> Model {
    let mut reader = Reader {
        scope,
        model: Model::default(),
        numbers: HashMap::new(),
        enums: HashMap::new(),
        open: Vec::new(),
        paths,
    };
    reader.register_file(0);
    reader.model.roots = (0..reader.model.messages.len()).collect();
    for at in 0..reader.model.messages.len() {
        if let Some(message) = reader.model.messages.get(at) {
            let (local, full) = (message.local_name.clone(), message.full_name.clone());
            reader.model.by_local_name.entry(local).or_insert(at);
            reader.model.by_name.entry(full).or_insert(at);
        }
    }
    for name in also {
        if !reader.model.by_name.contains_key(name)
            && let Some(id) = reader.scope.any_type(name, 0, 0)
        {
            reader.message(id);
        }
    }
    let extensions = reader.extensions();
    while let Some((at, id, body)) = reader.open.pop() {
        reader.fill(at, id, body, &extensions);
    }
    let Model {
        messages, by_name, ..
    } = &mut reader.model;
    for (at, message) in messages.iter().enumerate() {
        if !message.is_entry {
            by_name.entry(message.full_name.clone()).or_insert(at);
        }
    }
    reader.model
}

type Extensions<'a> = HashMap<Id, Vec<(Id, &'a ast::Field)>>;

struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    model: Model,
    numbers: HashMap<Id, Msg>,
    enums: HashMap<Id, usize>,
    /// Messages whose fields are still to be read.
    open: Vec<(Msg, Id, &'a ast::Message)>,
    paths: &'s [Option<Arc<str>>],
}

impl<'a> Reader<'_, 'a> {
    /// Gives numbers to all messages of a file.
    fn register_file(&mut self, file: usize) {
        let Some(of) = self.scope.file(file) else {
            return;
        };
        let package = self.scope.package_of(file);
        let mut open: Vec<(Id, &'a ast::Message)> =
            of.messages.iter().rev().map(|m| (package, m)).collect();
        while let Some((parent, message)) = open.pop() {
            let Some(id) = self.scope.child(parent, &message.name) else {
                continue;
            };
            self.message(id);
            open.extend(message.messages.iter().rev().map(|m| (id, m)));
        }
    }

    /// The number of a message.
    fn message(&mut self, id: Id) -> Option<Msg> {
        if let Some(&known) = self.numbers.get(&id) {
            return Some(known);
        }
        let body = self.scope.message_at(id)?;
        let file = self.scope.file_of(id);
        let at = self.model.messages.len();
        self.numbers.insert(id, at);
        self.model.messages.push(Message {
            full_name: self.scope.full_name(id).into(),
            local_name: self.scope.local_name(id).into(),
            reference: self.paths.get(file).cloned().flatten(),
            proto3: self.scope.file(file).is_some_and(ast::File::is_proto3),
            is_entry: false,
            fields: Vec::new(),
            oneofs: body.oneofs.iter().map(|o| o.name.as_str().into()).collect(),
        });
        self.open.push((at, id, body));
        Some(at)
    }

    fn enumeration(&mut self, id: Id) -> Option<usize> {
        if let Some(&known) = self.enums.get(&id) {
            return Some(known);
        }
        let What::Enum(of) = self.scope.node(id)?.what else {
            return None;
        };
        let file = self.scope.file(self.scope.file_of(id))?;
        let at = self.model.enums.len();
        self.enums.insert(id, at);
        self.model.enums.push(Enum {
            name: self.scope.local_name(id).into(),
            closed: file.syntax != Some(Syntax::Proto3),
            values: of
                .constants
                .iter()
                .filter_map(|c| Some((c.name.as_str().into(), i32::try_from(c.tag).ok()?)))
                .collect(),
        });
        Some(at)
    }

    fn extensions(&self) -> Extensions<'a> {
        let mut all: Extensions<'a> = HashMap::new();
        for ((target, _), id) in self.scope.extensions_by_number() {
            if let Some(What::Extension(field, _)) = self.scope.node(id).map(|n| n.what) {
                all.entry(target).or_default().push((id, field));
            }
        }
        all
    }

    fn fill(&mut self, at: Msg, id: Id, body: &'a ast::Message, extensions: &Extensions<'a>) {
        let file = self.scope.file_of(id);
        let mut fields = Vec::new();
        for field in &body.fields {
            fields.extend(self.field(field, None, id, file));
        }
        for group in &body.groups {
            fields.extend(self.group(group, None, id));
        }
        for (place, oneof) in body.oneofs.iter().enumerate() {
            for field in &oneof.fields {
                fields.extend(self.field(field, Some(place), id, file));
            }
            for group in &oneof.groups {
                fields.extend(self.group(group, Some(place), id));
            }
        }
        // An extension of the options that every file may have is no data of this schema.
        for (extension, field) in extensions.get(&id).into_iter().flatten() {
            let parent = self
                .scope
                .node(*extension)
                .and_then(|n| n.parent)
                .unwrap_or(0);
            if let Some(mut made) = self.field(field, None, parent, self.scope.file_of(*extension))
            {
                let name: Arc<str> = format!("[{}]", self.scope.full_name(*extension)).into();
                made.name = name.clone();
                made.json_name = name;
                fields.push(made);
            }
        }
        fields.sort_by_key(|f| f.number);
        fields.dedup_by_key(|f| f.number);
        if let Some(message) = self.model.messages.get_mut(at) {
            message.fields = fields;
        }
    }

    fn kind(&mut self, word: &str, scope: Id, file: usize) -> Kind {
        if let Some(scalar) = Kind::scalar(word) {
            return scalar;
        }
        let Some(id) = self.scope.any_type(word, scope, file) else {
            return Kind::Missing;
        };
        let kind = match self.scope.node(id).map(|n| n.what) {
            Some(What::Message(_)) => self.message(id).map(Kind::Message),
            Some(What::Enum(_)) => self.enumeration(id).map(Kind::Enum),
            _ => None,
        };
        kind.unwrap_or(Kind::Missing)
    }

    fn field(
        &mut self,
        of: &'a ast::Field,
        oneof: Option<usize>,
        scope: Id,
        file: usize,
    ) -> Option<Field> {
        let proto3 = self.scope.file(file).is_some_and(ast::File::is_proto3);
        let number = u32::try_from(of.tag).ok()?;
        let (kind, map) = match &of.ty {
            Type::Named(word) => (self.kind(word, scope, file), false),
            Type::Map(key, value) => (Kind::Message(self.entry(of, key, value, scope, file)), true),
        };
        let repeated = map || of.label == Some(Label::Repeated);
        let presence = if of.label == Some(Label::Required) {
            Presence::Required
        } else if repeated
            || proto3 && of.label.is_none() && oneof.is_none() && kind.message().is_none()
        {
            Presence::Implicit
        } else {
            Presence::Explicit
        };
        let option = |name: &str| {
            of.options
                .iter()
                .find(|o| o.is(name))
                .map(|o: &Opt| &o.value)
        };
        let packed = repeated
            && kind.is_packable()
            && match option("packed") {
                Some(value) => *value == Value::Word("true".to_owned()),
                None => proto3,
            };
        let json_name = match option("json_name") {
            Some(Value::Text(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => json_name_of(&of.name),
        };
        let default = if repeated {
            None
        } else {
            self.default(kind, option("default"), proto3)
        };
        Some(Field {
            name: of.name.as_str().into(),
            json_name: json_name.into(),
            number,
            kind,
            repeated,
            map,
            presence,
            oneof,
            packed,
            default,
        })
    }

    fn group(&mut self, of: &'a ast::Group, oneof: Option<usize>, scope: Id) -> Option<Field> {
        let id = self.scope.child(scope, &of.body.name)?;
        let inner = self.message(id)?;
        let repeated = of.label == Some(Label::Repeated);
        let name = of.body.name.to_lowercase();
        Some(Field {
            json_name: json_name_of(&name).into(),
            name: name.into(),
            number: u32::try_from(of.tag).ok()?,
            kind: Kind::Group(inner),
            repeated,
            map: false,
            presence: match of.label {
                Some(Label::Required) => Presence::Required,
                Some(Label::Repeated) => Presence::Implicit,
                _ => Presence::Explicit,
            },
            oneof,
            packed: false,
            default: None,
        })
    }

    /// The message that stands for the entries of a map.
    fn entry(&mut self, of: &ast::Field, key: &str, value: &str, scope: Id, file: usize) -> Msg {
        let proto3 = self.scope.file(file).is_some_and(ast::File::is_proto3);
        let parts = [
            ("key", 1, self.kind(key, scope, file)),
            ("value", 2, self.kind(value, scope, file)),
        ];
        let fields = parts
            .into_iter()
            .map(|(name, number, kind)| Field {
                name: name.into(),
                json_name: name.into(),
                number,
                kind,
                repeated: false,
                map: false,
                presence: Presence::Explicit,
                oneof: None,
                packed: false,
                default: self.default(kind, None, proto3),
            })
            .collect();
        let owner = self.scope.local_name(scope);
        self.model.messages.push(Message {
            full_name: format!("{}.{}", self.scope.full_name(scope), of.name).into(),
            local_name: format!("{owner}.{}", of.name).into(),
            reference: self.paths.get(file).cloned().flatten(),
            proto3,
            is_entry: true,
            fields,
            oneofs: Vec::new(),
        });
        self.model.messages.len() - 1
    }

    fn default(&self, kind: Kind, written: Option<&Value>, proto3: bool) -> Option<Default> {
        let number = || match written {
            Some(Value::Number(text)) => whole(text),
            Some(Value::Word(word)) if word == "true" => Some(1),
            _ => None,
        };
        Some(match kind {
            Kind::Message(_) | Kind::Group(_) | Kind::Missing => return None,
            Kind::Double | Kind::Float => {
                let text = match written {
                    Some(Value::Number(text) | Value::Word(text)) => text.as_str(),
                    _ => "0",
                };
                let whole = whole(text).map(|n| n as f64);
                Default::Real(text.parse().ok().or(whole).unwrap_or(0.0))
            }
            Kind::String | Kind::Bytes => match written {
                Some(Value::Text(bytes)) => Default::Bytes(bytes.clone()),
                _ => Default::Bytes(Vec::new()),
            },
            Kind::Enum(at) => {
                let of = self.model.enumeration(at)?;
                let named = match written {
                    Some(Value::Word(word)) => of.values.iter().find(|(name, _)| **name == **word),
                    _ => None,
                };
                let first = if proto3 && !of.closed {
                    0
                } else {
                    of.values.first().map_or(0, |(_, n)| *n)
                };
                Default::Number(named.map_or(first, |(_, n)| *n).into())
            }
            _ => Default::Number(number().unwrap_or(0)),
        })
    }
}

/// A whole number as `.proto` files write it: decimal, `0x…` or octal.
fn whole(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let number = if let Some(hex) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        i128::from_str_radix(hex, 16).ok()?
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(digits, 8).ok()?
    } else {
        digits.parse().ok()?
    };
    Some(sign * number)
}
