//! What a `.proto` text says, kept as it was written: labels, ranges, option paths and map sugar, which a
//! descriptor would lose. Messages and enums live in separate lists because the canonical text prints them so.

/// A file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct File {
    pub syntax: Option<Syntax>,
    pub package: Option<String>,
    pub imports: Vec<Import>,
    pub options: Vec<Opt>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub extends: Vec<Extend>,
    pub services: Vec<Service>,
}

impl File {
    /// Whether the rules of proto3 apply.
    pub fn is_proto3(&self) -> bool {
        self.syntax == Some(Syntax::Proto3)
    }

    /// The package's components; none for a file without a package.
    pub fn package_parts(&self) -> impl Iterator<Item = &str> {
        self.package
            .as_deref()
            .unwrap_or_default()
            .split('.')
            .filter(|part| !part.is_empty())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Proto2,
    Proto3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ImportKind {
    Plain,
    Public,
    Weak,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub kind: ImportKind,
    pub path: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Message {
    pub name: String,
    pub reserved: Vec<Vec<Reserved>>,
    pub options: Vec<Opt>,
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
    pub groups: Vec<Group>,
    pub extensions: Vec<Extensions>,
    pub extends: Vec<Extend>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
}

impl Message {
    /// The fields, those in oneofs included.
    pub fn all_fields(&self) -> impl Iterator<Item = &Field> {
        let in_oneofs = self.oneofs.iter().flat_map(|o| &o.fields);
        self.fields.iter().chain(in_oneofs)
    }

    /// The groups, those in oneofs included.
    pub fn all_groups(&self) -> impl Iterator<Item = &Group> {
        let in_oneofs = self.oneofs.iter().flat_map(|o| &o.groups);
        self.groups.iter().chain(in_oneofs)
    }
}

/// One item of a `reserved` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reserved {
    Name(String),
    Number(i64),
    /// As written, so that `5 to 5` stays; `None` is `max`.
    Range(i64, Option<i64>),
}

/// An `extensions` statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Extensions {
    pub ranges: Vec<Reserved>,
    pub options: Vec<Opt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Optional,
    Required,
    Repeated,
}

impl Label {
    pub fn word(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
            Self::Repeated => "repeated",
        }
    }
}

/// The type of a field as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// A scalar's word or a type's name, with or without leading dot.
    Named(String),
    /// `map<key, value>`.
    Map(String, String),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub label: Option<Label>,
    pub ty: Type,
    pub name: String,
    pub tag: i64,
    pub options: Vec<Opt>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub label: Option<Label>,
    pub tag: i64,
    pub options: Vec<Opt>,
    pub body: Message,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Oneof {
    pub name: String,
    pub options: Vec<Opt>,
    pub fields: Vec<Field>,
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Enum {
    pub name: String,
    pub reserved: Vec<Vec<Reserved>>,
    pub options: Vec<Opt>,
    pub constants: Vec<Constant>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    pub name: String,
    pub tag: i64,
    pub options: Vec<Opt>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extend {
    pub name: String,
    pub fields: Vec<Field>,
    pub groups: Vec<Group>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Service {
    pub name: String,
    pub options: Vec<Opt>,
    pub rpcs: Vec<Rpc>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rpc {
    pub name: String,
    pub request: String,
    pub request_stream: bool,
    pub response: String,
    pub response_stream: bool,
    pub options: Vec<Opt>,
}

/// One component of an option's name: `(a.b)` or `c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub name: String,
    pub custom: bool,
}

impl Part {
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            custom: false,
        }
    }

    pub fn custom(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            custom: true,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Opt {
    pub name: Vec<Part>,
    pub value: Value,
}

impl Opt {
    /// Whether this is the plain option `name`.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.name.as_slice(), [part] if !part.custom && part.name == name)
    }

    /// Whether the name starts with a parenthesised part.
    pub fn is_custom(&self) -> bool {
        self.name.first().is_some_and(|part| part.custom)
    }
}

/// An option's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `true`, `inf` or an enum's constant; with the sign if there is one.
    Word(String),
    /// A number as written.
    Number(String),
    /// A string's bytes.
    Text(Vec<u8>),
    /// `{ key: value, … }`; keys as written (`name` or `[full.name]`), each once.
    Message(Vec<(String, Value)>),
    /// `[ … ]`
    List(Vec<Value>),
}
