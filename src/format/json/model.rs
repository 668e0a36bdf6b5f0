//! The model that schemas are compared in: one kind of constraint per node.
//!
//! The reference server compares objects of a validator library, where a schema with a type and a combinator is
//! an `allOf` of two parts, a list of types is an `anyOf`, and keywords of one type make a schema of that type
//! even when `type` is missing. Verdicts depend on that shape, so it is kept here.

use crate::format::json_text::Number;

/// A node's place in [`Model::nodes`].
pub type Id = u32;

/// A schema and everything it reaches. References are already followed: no node stands for one.
#[derive(Debug, Default)]
pub struct Model {
    /// All nodes.
    pub nodes: Vec<Node>,
    /// The schema itself.
    pub root: Id,
}

impl Model {
    /// A node; every id of this model is in range, so the fallback is never seen.
    pub fn node(&self, id: Id) -> &Node {
        static ANY: Node = Node {
            id: None,
            title: None,
            description: None,
            default: None,
            is_connect_bytes: false,
            kind: Kind::Any,
        };
        self.nodes.get(id as usize).unwrap_or(&ANY)
    }
}

/// One schema.
#[derive(Debug)]
pub struct Node {
    /// `$id`, where the dialect's comparison sees it.
    pub id: Option<String>,
    /// `title`
    pub title: Option<String>,
    /// `description`
    pub description: Option<String>,
    /// `default`, in a spelling in which equal values coincide.
    pub default: Option<String>,
    /// `connect.type` is `bytes`: how Kafka Connect marks decimals, in whatever JSON type.
    pub is_connect_bytes: bool,
    /// What it demands.
    pub kind: Kind,
}

/// What a schema demands.
#[derive(Debug)]
pub enum Kind {
    /// Nothing (`true`, `{}`).
    Any,
    /// The impossible (`false`).
    Never,
    /// A boolean.
    Boolean,
    /// `null`
    Null,
    /// Strings.
    String(StringRules),
    /// Numbers.
    Number(NumberRules),
    /// Objects.
    Object(Box<ObjectRules>),
    /// Arrays.
    Array(Box<ArrayRules>),
    /// One of these values: sorted spellings in which equal values coincide.
    Enum(Vec<String>),
    /// This value, in such a spelling.
    Const(String),
    /// Anything but this.
    Not(Id),
    /// A combination.
    Combined(Combined),
    /// `if`, `then`, `else`: recognised, never compared.
    Conditional,
    /// Something we do not have: a meta-schema, or a target that is missing from a stored schema.
    Elsewhere(String),
    /// Another node. None is left when the model is done.
    Alias(Id),
}

impl Kind {
    /// Visits the ids of the schemas directly inside.
    pub fn each_child(&mut self, visit: &dyn Fn(&mut Id)) {
        let rest = |rest: &mut Rest| {
            if let Rest::Schema(id) = rest {
                visit(id);
            }
        };
        match self {
            Kind::Not(id) | Kind::Alias(id) => visit(id),
            Kind::Combined(combined) => {
                for part in &mut combined.parts {
                    visit(&mut part.id);
                }
            }
            Kind::Object(rules) => {
                rules.properties.values_mut().for_each(visit);
                rules.patterns.iter_mut().for_each(|(_, id)| visit(id));
                rules.schema_dependencies.values_mut().for_each(visit);
                rest(&mut rules.additional);
                rest(&mut rules.unevaluated);
            }
            Kind::Array(rules) => {
                rules.every.iter_mut().for_each(visit);
                rules.tuple.iter_mut().for_each(visit);
                rest(&mut rules.additional);
                rest(&mut rules.unevaluated);
            }
            _ => {}
        }
    }
}

/// How the parts of a [`Combined`] count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// All must hold.
    All,
    /// At least one.
    Any,
    /// Exactly one.
    One,
}

impl Criterion {
    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::All => "allOf",
            Self::Any => "anyOf",
            Self::One => "oneOf",
        }
    }
}

/// A combination of schemas.
#[derive(Debug)]
pub struct Combined {
    /// How they count.
    pub criterion: Criterion,
    /// How many there are in the text.
    pub written: usize,
    /// The parts without repeated ones.
    pub parts: Vec<Part>,
}

/// One part of a [`Combined`].
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The schema.
    pub id: Id,
    /// A fingerprint of its text: equal texts have equal ones.
    pub text: u64,
}

/// Keywords of strings.
#[derive(Debug, Default)]
pub struct StringRules {
    pub max_length: Option<Number>,
    pub min_length: Option<Number>,
    pub pattern: Option<String>,
}

/// Keywords of numbers. Draft-04's boolean `exclusive*` are not kept: the reference does not compare them.
#[derive(Debug, Default)]
pub struct NumberRules {
    pub is_integer: bool,
    pub maximum: Option<Number>,
    pub minimum: Option<Number>,
    pub exclusive_maximum: Option<Number>,
    pub exclusive_minimum: Option<Number>,
    pub multiple_of: Option<Number>,
}

/// What is said of things that no other keyword covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rest {
    /// Nothing: anything goes.
    #[default]
    Open,
    /// There may be none.
    Closed,
    /// They must match this.
    Schema(Id),
}

/// A list with names, in the text's order, that finds a name quickly.
#[derive(Debug)]
pub struct Named<T> {
    entries: Vec<(String, T)>,
    by_name: Vec<u32>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<T> Named<T> {
    /// A list; names are unique.
    pub fn new(entries: Vec<(String, T)>) -> Self {
        let mut by_name: Vec<(&str, u32)> = entries
            .iter()
            .zip(0u32..)
            .map(|((name, _), i)| (name.as_str(), i))
            .collect();
        by_name.sort_unstable();
        let by_name = by_name.into_iter().map(|(_, i)| i).collect();
        Self { entries, by_name }
    }

    fn name_at(&self, index: u32) -> &str {
        self.entries
            .get(index as usize)
            .map_or("", |(name, _)| name.as_str())
    }

    /// The entry of this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        let at = self
            .by_name
            .binary_search_by(|&i| self.name_at(i).cmp(name))
            .ok()?;
        let index = *self.by_name.get(at)?;
        self.entries.get(index as usize).map(|(_, value)| value)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The values in order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, value)| value)
    }
}

/// Keywords of objects; each member is the keyword of its name.
#[derive(Debug, Default)]
pub struct ObjectRules {
    pub properties: Named<Id>,
    pub required: std::collections::HashSet<String>,
    /// The properties whose own text has a `default`; a target's does not count.
    pub defaulted: std::collections::HashSet<String>,
    pub patterns: Vec<(String, Id)>,
    pub property_dependencies: Named<Vec<String>>,
    pub schema_dependencies: Named<Id>,
    pub additional: Rest,
    pub unevaluated: Rest,
    pub max_properties: Option<Number>,
    pub min_properties: Option<Number>,
}

/// Keywords of arrays.
#[derive(Debug, Default)]
pub struct ArrayRules {
    /// One schema for all items.
    pub every: Option<Id>,
    /// A schema for each of the first items.
    pub tuple: Vec<Id>,
    /// The items after those.
    pub additional: Rest,
    /// `unevaluatedItems`
    pub unevaluated: Rest,
    /// `maxItems`
    pub max_items: Option<Number>,
    /// `minItems`
    pub min_items: Option<Number>,
    /// `uniqueItems`
    pub is_unique: bool,
    /// `maxContains`, where there is a `contains`
    pub max_contains: Option<Number>,
    /// `minContains`, where there is a `contains`
    pub min_contains: Option<Number>,
}
