//! Walks a schema beside a document: what validating may cost, where an objection stands, and which schema of
//! the other side speaks of the same value.

use crate::format::hash::HashMap;
use crate::format::json::contain::Side;
use crate::format::json::documents::{Documents, Spot, Target};
use crate::format::json_text::{Node, Value};
use crate::format::truth::Place;
use std::sync::Arc;

/// Alternatives that are looked through for a schema of a value.
const LOOKED_THROUGH: usize = 256;

/// What a validation costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// So many schemas are visited at most.
    Visits(u64),
    /// More than allowed, or for ever.
    TooMuch,
}

/// One side, to be walked.
pub(super) struct Walk<'a> {
    documents: Documents<'a>,
    root: Spot<'a>,
    /// The documents: the root first.
    spots: Vec<Spot<'a>>,
    names: Vec<Option<Arc<str>>>,
    roots: Vec<&'a Node>,
}

/// A schema, with its place.
#[derive(Clone)]
pub(super) struct Found<'a> {
    /// The value found.
    pub(super) value: &'a Node,
    /// Where it is.
    pub(super) place: Place,
    spot: Spot<'a>,
}

type Memo = HashMap<((u32, usize), usize), Option<u64>>;

impl<'a> Walk<'a> {
    /// Prepares a side.
    pub(super) fn new(side: &Side<'a>) -> Self {
        let mut documents = Documents::default();
        let root = documents.add("", side.root);
        let mut names = vec![None];
        let mut roots = vec![side.root];
        let mut spots = vec![root];
        for (name, node) in &side.references {
            spots.push(documents.add(name, node));
            names.push(Some(Arc::clone(name)));
            roots.push(node);
        }
        Self {
            documents,
            root,
            spots,
            names,
            roots,
        }
    }

    /// Whether all that the documents refer to is there. They name no schemas inside themselves.
    pub(super) fn leads_everywhere(&mut self) -> bool {
        let mut todo: Vec<(Spot<'a>, &'a Node)> = (self.spots.iter())
            .map(|spot| (*spot, spot.value))
            .collect();
        while let Some((spot, node)) = todo.pop() {
            let members = match &node.value {
                Value::Array(items) => {
                    todo.extend(items.iter().map(|item| (spot, item)));
                    continue;
                }
                Value::Object(members) => members,
                _ => continue,
            };
            for (name, value) in members {
                match (name.as_str(), value.as_str()) {
                    ("$ref", Some(reference)) => {
                        if !matches!(self.documents.follow(&spot, reference), Target::Here(_)) {
                            return false;
                        }
                    }
                    _ => todo.push((spot, value)),
                }
            }
        }
        true
    }

    /// What validating a document may cost.
    pub(super) fn cost(&mut self, document: &serde_json::Value, limit: u64) -> Cost {
        let (root, mut memo, mut fuel) = (self.root, Memo::default(), limit);
        match self.visits(root, document, &mut memo, &mut fuel) {
            Some(visits) if visits <= limit => Cost::Visits(visits),
            _ => Cost::TooMuch,
        }
    }

    /// How many schemas are visited; `None` if there is no end.
    fn visits(
        &mut self,
        spot: Spot<'a>,
        value: &serde_json::Value,
        memo: &mut Memo,
        fuel: &mut u64,
    ) -> Option<u64> {
        let Value::Object(members) = &spot.value.value else {
            return Some(1);
        };
        let key = (spot.key(), std::ptr::from_ref(value).addr());
        if let Some(known) = memo.get(&key) {
            return *known;
        }
        *fuel = fuel.checked_sub(1)?;
        // While it is being counted, meeting it again is a loop.
        memo.insert(key, None);
        let mut total = 1 + weight(value);
        for (keyword, held) in members {
            let mut schemas: Vec<Spot<'a>> = Vec::new();
            match (keyword.as_str(), &held.value) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    if let Target::Here(target) = self.documents.follow(&spot, reference) {
                        schemas.push(target);
                    }
                }
                (
                    "properties" | "patternProperties" | "dependentSchemas" | "dependencies",
                    Value::Object(inner),
                ) => {
                    schemas.extend(inner.iter().map(|(_, s)| self.documents.inside(&spot, s)));
                }
                (_, Value::Array(items)) if crate::format::json::judge::is_applied(keyword) => {
                    schemas.extend(items.iter().map(|s| self.documents.inside(&spot, s)));
                }
                _ if crate::format::json::judge::is_applied(keyword) => {
                    schemas.push(self.documents.inside(&spot, held));
                }
                _ => {}
            }
            let names = keyword == "properties";
            let children: Vec<&serde_json::Value> = if is_in_place(keyword) {
                vec![value]
            } else {
                match value {
                    serde_json::Value::Array(items) => items.iter().collect(),
                    serde_json::Value::Object(members) => members.values().collect(),
                    _ => Vec::new(),
                }
            };
            if matches!(
                keyword.as_str(),
                "patternProperties" | "propertyNames" | "additionalProperties"
            ) {
                // Names are looked at too.
                let each = names_weight(value).saturating_mul(schemas.len() as u64);
                total = total.saturating_add(each);
            }
            for (at, schema) in schemas.into_iter().enumerate() {
                total = total.saturating_add(1);
                if names {
                    let name = held.as_object().and_then(|all| all.get(at)).map(|(n, _)| n);
                    if let Some(child) = name.and_then(|name| value.get(name)) {
                        let more = grown(|| self.visits(schema, child, memo, fuel))?;
                        total = total.saturating_add(more);
                    }
                    continue;
                }
                for child in &children {
                    let more = grown(|| self.visits(schema, child, memo, fuel))?;
                    total = total.saturating_add(more);
                }
            }
        }
        memo.insert(key, Some(total));
        Some(total)
    }

    /// The longest part of an evaluation path that leads somewhere, and the tokens left over.
    pub(super) fn evaluate(&mut self, path: &[String]) -> (Found<'a>, usize) {
        let mut at = self.found(self.root, Vec::new());
        let mut tokens: Vec<String> = Vec::new();
        for (i, token) in path.iter().enumerate() {
            let next = match &at.value.value {
                Value::Object(_) => at.value.get(token),
                Value::Array(items) => token.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => None,
            };
            let Some(next) = next else {
                return (at, i);
            };
            if token.starts_with('$')
                && token.ends_with("ef")
                && let Some(reference) = next.as_str()
                && i + 1 < path.len()
                && let Target::Here(target) = self.documents.follow(&at.spot, reference)
            {
                tokens = self.path_of(&target);
                at = self.found(target, tokens.clone());
                continue;
            }
            tokens.push(token.clone());
            let spot = self.documents.inside(&at.spot, next);
            at = self.found(spot, tokens.clone());
        }
        (at, path.len())
    }

    /// The schema that speaks of the value at an instance path, or the nearest that encloses it; the second is
    /// how many tokens of the path were walked by names that the schema knows.
    pub(super) fn speaks_of(&mut self, path: &[String]) -> (Found<'a>, usize) {
        let mut at = self.resolved(self.found(self.root, Vec::new()));
        for (i, token) in path.iter().enumerate() {
            match self.child(&at, token) {
                Some(next) => at = self.resolved(next),
                None => return (at, i),
            }
        }
        (at, path.len())
    }

    /// The schema for a member or an item, also inside combinations.
    pub(super) fn child(&mut self, schema: &Found<'a>, token: &str) -> Option<Found<'a>> {
        let mut todo = vec![schema.clone()];
        for _ in 0..LOOKED_THROUGH {
            let at = self.resolved(todo.pop()?);
            for path in [
                vec!["properties", token],
                vec!["prefixItems", token],
                vec!["items", token],
            ] {
                if let Some(found) = self.below(&at, &path) {
                    return Some(found);
                }
            }
            if token.parse::<usize>().is_ok()
                && let Some(found) = self.below(&at, &["items"])
                && found.value.as_array().is_none()
            {
                return Some(found);
            }
            for keyword in ["oneOf", "anyOf", "allOf"] {
                let items = at.value.get(keyword).and_then(Node::as_array);
                for i in (0..items.map_or(0, <[Node]>::len)).rev() {
                    todo.extend(self.below(&at, &[keyword, &i.to_string()]));
                }
            }
        }
        None
    }

    /// A value below another.
    pub(super) fn below(&mut self, from: &Found<'a>, path: &[&str]) -> Option<Found<'a>> {
        let mut at = from.clone();
        for token in path {
            let next = match &at.value.value {
                Value::Object(_) => at.value.get(token)?,
                Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
            let spot = self.documents.inside(&at.spot, next);
            let mut place = at.place.clone();
            place.pointer.push('/');
            place.pointer.push_str(&escaped(token));
            at = Found {
                value: next,
                place,
                spot,
            };
        }
        Some(at)
    }

    fn resolved(&mut self, mut at: Found<'a>) -> Found<'a> {
        for _ in 0..32 {
            let Some(reference) = at.value.get("$ref").and_then(Node::as_str) else {
                break;
            };
            let Target::Here(target) = self.documents.follow(&at.spot, reference) else {
                break;
            };
            let tokens = self.path_of(&target);
            at = self.found(target, tokens);
        }
        at
    }

    fn found(&self, spot: Spot<'a>, tokens: Vec<String>) -> Found<'a> {
        let reference = self.names.get(spot.document as usize).cloned().flatten();
        let pointer = tokens.iter().map(|t| format!("/{}", escaped(t))).collect();
        Found {
            value: spot.value,
            place: Place { reference, pointer },
            spot,
        }
    }

    /// The way to a place from its document's root.
    fn path_of(&self, spot: &Spot<'a>) -> Vec<String> {
        let mut path = Vec::new();
        let Some(mut at) = self.roots.get(spot.document as usize).copied() else {
            return path;
        };
        while !std::ptr::eq(at, spot.value) {
            let start = spot.value.span.start;
            let inside = |node: &&Node| node.span.contains(&start);
            let next = match &at.value {
                Value::Array(items) => (items.iter().enumerate())
                    .find(|(_, item)| inside(item))
                    .map(|(i, item)| (i.to_string(), item)),
                Value::Object(members) => (members.iter())
                    .find(|(_, value)| inside(&value))
                    .map(|(name, value)| (name.clone(), value)),
                _ => None,
            };
            let Some((token, value)) = next else {
                break;
            };
            path.push(token);
            at = value;
        }
        path
    }
}

/// Characters that are matched or counted in the time of one visit.
const CHARACTERS: usize = 64;

fn weight(value: &serde_json::Value) -> u64 {
    match value {
        serde_json::Value::String(text) => (text.len() / CHARACTERS) as u64,
        _ => 0,
    }
}

fn names_weight(value: &serde_json::Value) -> u64 {
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(name, _)| (name.len() / CHARACTERS) as u64)
        .sum()
}

fn is_in_place(keyword: &str) -> bool {
    matches!(
        keyword,
        "$ref"
            | "$dynamicRef"
            | "$recursiveRef"
            | "allOf"
            | "anyOf"
            | "oneOf"
            | "not"
            | "if"
            | "then"
            | "else"
            | "dependentSchemas"
            | "dependencies"
    )
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Natural recursion on data of strangers, with more stack where little is left.
fn grown<R>(step: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(256 << 10, 2 << 20, step)
}
