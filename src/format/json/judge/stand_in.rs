//! Stand-ins for what a validator cannot compile: references that lead nowhere, patterns that it refuses,
//! malformed keywords.
//!
//! What such a part says is unknown, so a side is put between two schemas that have no such parts: one that allows
//! at least what the side allows, whatever the parts say (*above*), and one that allows at most that (*below*). A
//! document that the writer's *below* accepts and the reader's *above* refuses is a witness whatever is missing.
//!
//! *Above* has `true` for an unknown part, *below* has `false`. That is a bound only where more of the part means
//! more of the whole. Under `not`, `oneOf`, `if` and `contains`, and for `unevaluated*` beside such a part, it does
//! not; there the keyword itself is the unknown part. What a reference leads to counts as part of where it stands.
//! Sides with dynamic references get no stand-ins, nor do those in which one value is read in two ways.

use super::Weak;
use super::execute::{compiles_pattern, meta_errors};
use crate::format::hash::{HashMap, HashSet};
use crate::format::json::Dialect;
use crate::format::json::contain::Side;
use crate::format::json::documents::{Documents, Spot, Target};
use crate::format::json::uri::percent_decoded;
use crate::format::json_text::{Node, Value};
use std::sync::Arc;

/// Sides with more values get no stand-ins.
const MOST_VALUES: usize = 100_000;
/// Nor do those with more patterns.
const MOST_PATTERNS: usize = 1_000;

/// Which bound is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Allows at least what the side allows.
    Above,
    /// Allows at most what the side allows.
    Below,
}

/// The bound of a side; `None` if it needs no stand-ins, or cannot have any.
pub(super) fn stand_in(side: &Side<'_>, bound: Bound) -> Option<Weak> {
    if super::size(side) > MOST_VALUES {
        return None;
    }
    let mut survey = Survey::new(side);
    survey.run()?;
    let dialect = Dialect::declared(side.root).unwrap_or(side.dialect);
    survey.malformed(side.root, dialect)?;
    for (_, node) in &side.references {
        survey.malformed(node, Dialect::declared(node).unwrap_or(dialect))?;
    }
    survey.spread()?;
    if survey.changes.is_empty() {
        return None;
    }
    let rebuild = |node: &Node| survey.rebuilt(node, bound);
    Some(Weak {
        root: rebuild(side.root),
        references: (side.references.iter())
            .map(|(name, node)| (Arc::clone(name), rebuild(node)))
            .collect(),
        dialect: side.dialect,
    })
}

/// What is done to a schema.
#[derive(Debug, Default)]
struct Change {
    /// Members that go.
    drop: HashSet<String>,
    /// Names of `patternProperties` that go.
    patterns: HashSet<String>,
    /// Nothing of it is known, or it is no schema at all.
    all: bool,
    /// What goes may have had a meaning: below, the schema becomes `false`.
    unknown: bool,
}

/// Where a reference leads.
enum Led<'a> {
    To(&'a Node),
    /// To a meta-schema, which every validator has, and which has no unknown parts.
    Published,
    Nowhere,
}

/// A schema that was met.
#[derive(Default)]
struct Met<'a> {
    members: &'a [(String, Node)],
    /// The schemas inside it, by the keyword that applies them, and those that it refers to.
    parts: Vec<(&'a str, usize)>,
}

struct Survey<'a> {
    documents: Documents<'a>,
    todo: Vec<(Spot<'a>, &'a Node, bool)>,
    met: HashMap<usize, Met<'a>>,
    /// Values that were read as maps or lists of schemas.
    maps: HashSet<usize>,
    targets: HashSet<usize>,
    patterns: HashMap<(u8, &'a str), bool>,
    changes: HashMap<usize, Change>,
}

fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

impl<'a> Survey<'a> {
    fn new(side: &Side<'a>) -> Self {
        let mut documents = Documents::default();
        let mut todo = vec![(documents.add("", side.root), side.root, true)];
        for (name, node) in &side.references {
            todo.push((documents.add(name, node), node, true));
        }
        Self {
            documents,
            todo,
            met: HashMap::default(),
            maps: HashSet::default(),
            targets: HashSet::default(),
            patterns: HashMap::default(),
            changes: HashMap::default(),
        }
    }

    /// Looks at every schema; `None` where no stand-ins can be given.
    fn run(&mut self) -> Option<()> {
        while let Some((spot, resource, may_be_boolean)) = self.todo.pop() {
            let node = spot.value;
            if self.met.contains_key(&address(node)) {
                continue;
            }
            let dialect = self.documents.dialect(&spot);
            let Value::Object(members) = &node.value else {
                let is_boolean = matches!(node.value, Value::Bool(_));
                if !is_boolean || dialect == Dialect::Draft4 && !may_be_boolean {
                    let change = self.changes.entry(address(node)).or_default();
                    (change.all, change.unknown) = (true, true);
                }
                self.met.insert(address(node), Met::default());
                continue;
            };
            let is_resource = members.iter().any(|(name, value)| {
                name == dialect.id_keyword()
                    && value.as_str().is_some_and(|id| !id.starts_with('#'))
            });
            let resource = if is_resource { node } else { resource };
            let mut change = Change::default();
            let mut parts = Vec::new();
            for (name, value) in members {
                self.member(
                    (&spot, resource, dialect),
                    name,
                    value,
                    &mut change,
                    &mut parts,
                )?;
            }
            self.met.insert(address(node), Met { members, parts });
            if change.all || !change.drop.is_empty() || !change.patterns.is_empty() {
                self.changes.insert(address(node), change);
            }
        }
        Some(())
    }

    fn member(
        &mut self,
        (spot, resource, dialect): (&Spot<'a>, &'a Node, Dialect),
        name: &'a str,
        value: &'a Node,
        change: &mut Change,
        parts: &mut Vec<(&'a str, usize)>,
    ) -> Option<()> {
        let mut part = |survey: &mut Self, value: &'a Node, loose: bool| {
            let inner = survey.documents.inside(spot, value);
            parts.push((name, address(value)));
            survey.todo.push((inner, resource, loose));
        };
        match (name, &value.value) {
            ("$dynamicRef" | "$recursiveRef" | "$dynamicAnchor" | "$recursiveAnchor", _) => {
                return None;
            }
            (name, _) if is_annotation(name) => {}
            ("$ref", Value::String(reference)) => match self.follow(spot, resource, reference) {
                Led::To(target) => {
                    parts.push((name, address(target)));
                    self.targets.insert(address(target));
                }
                Led::Published => {}
                Led::Nowhere => {
                    change.unknown = true;
                    if dialect.is_modern() {
                        change.drop.insert(name.to_owned());
                    } else {
                        change.all = true;
                    }
                }
            },
            ("pattern", Value::String(pattern)) => {
                let compiles = self.compiles(dialect, pattern)?;
                if !compiles {
                    change.unknown = true;
                    change.drop.insert(name.to_owned());
                }
            }
            (name, _) if is_plain(name) => {}
            (
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
                | "dependencies",
                Value::Object(inner),
            ) => {
                self.maps.insert(address(value));
                for (key, value) in inner {
                    if name == "dependencies" && value.as_array().is_some() {
                        continue;
                    }
                    if name == "patternProperties" && !self.compiles(dialect, key)? {
                        change.unknown = true;
                        change.patterns.insert(key.clone());
                        // These speak of the members that no pattern matches.
                        for other in ["additionalProperties", "unevaluatedProperties"] {
                            change.drop.insert(other.to_owned());
                        }
                    }
                    part(self, value, false);
                }
            }
            (_, Value::Array(items)) => {
                self.maps.insert(address(value));
                let known = super::is_applied(name);
                for item in items
                    .iter()
                    .filter(|item| known || item.as_object().is_some())
                {
                    part(self, item, false);
                }
            }
            // Also what no keyword is: a pointer may lead there.
            (_, Value::Object(_)) => part(self, value, false),
            ("additionalProperties" | "additionalItems", _) => part(self, value, true),
            (name, _) if super::is_applied(name) => part(self, value, false),
            _ => {}
        }
        Some(())
    }

    /// Where a reference leads, by the strictest reading.
    fn follow(&mut self, spot: &Spot<'a>, resource: &'a Node, reference: &str) -> Led<'a> {
        let target = match self.documents.follow(spot, reference) {
            Target::Here(target) => target,
            Target::MetaSchema(_) => return Led::Published,
            Target::Missing(_) => return Led::Nowhere,
        };
        let Some(pointer) = reference.strip_prefix("#/") else {
            return Led::To(target.value);
        };
        let pointer = percent_decoded(pointer);
        let found = pointer.split('/').try_fold(resource, |at, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match &at.value {
                Value::Array(items) => items.get(token.parse::<usize>().ok()?),
                _ => at.get(&token),
            }
        });
        match found {
            Some(found) if std::ptr::eq(found, target.value) => Led::To(found),
            _ => Led::Nowhere,
        }
    }

    fn compiles(&mut self, dialect: Dialect, pattern: &'a str) -> Option<bool> {
        if let Some(&known) = self.patterns.get(&(dialect as u8, pattern)) {
            return Some(known);
        }
        if self.patterns.len() >= MOST_PATTERNS {
            return None;
        }
        let compiles = compiles_pattern(dialect, pattern);
        self.patterns.insert((dialect as u8, pattern), compiles);
        Some(compiles)
    }

    /// Notes what the meta-schema refuses in a document.
    fn malformed(&mut self, root: &'a Node, dialect: Dialect) -> Option<()> {
        for path in meta_errors(root, dialect)? {
            // The innermost schema on the way, and its member that is on the way.
            let (mut at, mut schema, mut member) = (root, address(root), None);
            for token in &path {
                let next = match &at.value {
                    Value::Array(items) => items.get(token.parse::<usize>().ok()?),
                    _ => at.get(token),
                };
                at = next?;
                if self.met.contains_key(&address(at)) {
                    (schema, member) = (address(at), None);
                } else if member.is_none() {
                    member = Some(token.as_str());
                }
            }
            let change = self.changes.entry(schema).or_default();
            match member {
                Some("$id" | "id" | "$schema" | "$anchor" | "$defs" | "definitions") => {
                    return None;
                }
                Some(name) if is_annotation(name) => {
                    change.drop.insert(name.to_owned());
                }
                Some(name) if is_plain(name) => {
                    change.unknown = true;
                    change.drop.insert(name.to_owned());
                }
                _ => (change.all, change.unknown) = (true, true),
            }
        }
        Some(())
    }

    /// Unknown parts under keywords that do not grow with their parts make the keyword unknown.
    fn spread(&mut self) -> Option<()> {
        if (self.targets.iter())
            .any(|target| self.maps.contains(target) || !self.met.contains_key(target))
        {
            return None;
        }
        let mut users: HashMap<usize, Vec<usize>> = HashMap::default();
        for (&schema, met) in &self.met {
            for (_, part) in &met.parts {
                users.entry(*part).or_default().push(schema);
            }
        }
        let mut todo: Vec<usize> = (self.changes.iter())
            .filter(|(_, change)| change.unknown)
            .map(|(&schema, _)| schema)
            .collect();
        let mut tainted: HashSet<usize> = HashSet::default();
        while let Some(schema) = todo.pop() {
            if tainted.insert(schema) {
                todo.extend(users.get(&schema).into_iter().flatten());
            }
        }
        for schema in &tainted {
            let Some(met) = self.met.get(schema) else {
                continue;
            };
            let mut drop: Vec<&str> = Vec::new();
            for (keyword, _) in (met.parts.iter()).filter(|(_, part)| tainted.contains(part)) {
                match *keyword {
                    "not" | "oneOf" => drop.push(keyword),
                    "if" => drop.extend(["if", "then", "else"]),
                    "contains" => drop.extend(["contains", "minContains", "maxContains"]),
                    _ => {}
                }
            }
            for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
                if met.members.iter().any(|(name, _)| name == keyword) {
                    drop.push(keyword);
                }
            }
            if !drop.is_empty() {
                let change = self.changes.entry(*schema).or_default();
                change.unknown = true;
                change.drop.extend(drop.into_iter().map(str::to_owned));
            }
        }
        Some(())
    }

    fn rebuilt(&self, node: &Node, bound: Bound) -> Node {
        stacker::maybe_grow(256 << 10, 2 << 20, || self.rebuild(node, bound))
    }

    fn rebuild(&self, node: &Node, bound: Bound) -> Node {
        let again = |node: &Node| self.rebuilt(node, bound);
        let change = self.changes.get(&address(node));
        let value = match &node.value {
            Value::Array(items) if change.is_none() => {
                Value::Array(items.iter().map(again).collect())
            }
            Value::Object(members) => {
                let goes = |name: &str| {
                    change.is_some_and(|change| {
                        change.drop.contains(name) || change.all && !is_kept(name)
                    })
                };
                let mut kept: Vec<(String, Node)> = Vec::with_capacity(members.len());
                for (name, value) in members.iter().filter(|(name, _)| !goes(name)) {
                    let value = match (name.as_str(), &value.value, change) {
                        ("patternProperties", Value::Object(inner), Some(change)) => Node {
                            span: value.span.clone(),
                            value: Value::Object(
                                (inner.iter())
                                    .filter(|(key, _)| !change.patterns.contains(key))
                                    .map(|(key, value)| (key.clone(), again(value)))
                                    .collect(),
                            ),
                        },
                        ("enum" | "const" | "default" | "examples", ..) => value.clone(),
                        _ => again(value),
                    };
                    kept.push((name.clone(), value));
                }
                if change.is_some_and(|change| change.unknown) && bound == Bound::Below {
                    kept.retain(|(name, _)| name != "not");
                    kept.push(("not".to_owned(), everything(node)));
                }
                Value::Object(kept)
            }
            _ if change.is_none() => node.value.clone(),
            _ if bound == Bound::Above => Value::Object(Vec::new()),
            _ => Value::Object(vec![("not".to_owned(), everything(node))]),
        };
        Node {
            span: node.span.clone(),
            value,
        }
    }
}

/// A schema that allows everything, in a place inside `node` where no other value begins.
fn everything(node: &Node) -> Node {
    Node {
        span: node.span.start + 1..node.span.end,
        value: Value::Object(Vec::new()),
    }
}

/// Keywords that say something of their own, and nothing to the keywords beside them.
fn is_plain(keyword: &str) -> bool {
    matches!(
        keyword,
        "type"
            | "enum"
            | "const"
            | "multipleOf"
            | "maximum"
            | "exclusiveMaximum"
            | "minimum"
            | "exclusiveMinimum"
            | "maxLength"
            | "minLength"
            | "pattern"
            | "maxItems"
            | "minItems"
            | "uniqueItems"
            | "maxProperties"
            | "minProperties"
            | "required"
            | "dependentRequired"
            | "format"
    )
}

/// What is kept of a schema of which nothing is known: others may refer to it.
fn is_kept(keyword: &str) -> bool {
    matches!(keyword, "$schema" | "definitions" | "$defs")
}

/// Keywords that ask nothing.
fn is_annotation(keyword: &str) -> bool {
    matches!(
        keyword,
        "title"
            | "description"
            | "default"
            | "examples"
            | "$comment"
            | "readOnly"
            | "writeOnly"
            | "deprecated"
            | "contentEncoding"
            | "contentMediaType"
    )
}
