//! What checking one value may cost: how many schemas are visited, counted before the validator starts, which would
//! not stop.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// Schemas that one check may visit; the registry has the same bound. 64 characters count as one more.
const VISITS: u64 = 1_000_000;
/// Steps that one match by backtracking counts for.
const BACKTRACKING: u64 = 100;
/// Characters that cost as much as a visit.
const CHARACTERS: usize = 64;
/// Schemas inside each other, references followed; far above what schemas of people have.
const NESTING: usize = 2_000;

/// The documents of a schema.
pub(super) struct Cost {
    root: Value,
    references: Vec<(String, Value)>,
    /// Schemas that each value may meet at most; [`u64::MAX`] where schemas refer to themselves.
    size: u64,
    limit: u64,
}

/// A schema and the document that its references begin in.
type Spot<'a> = (&'a Value, &'a Value);
type Memo = HashMap<(usize, usize), Option<u64>>;

impl Cost {
    pub(super) fn new(root: Value, references: Vec<(String, Value)>, backtracks: bool) -> Self {
        let mut cost = Self {
            root,
            references,
            size: 0,
            limit: match backtracks {
                true => VISITS / BACKTRACKING,
                false => VISITS,
            },
        };
        let root = (&cost.root, &cost.root);
        cost.size = cost.expanded(root, &mut HashMap::new(), NESTING);
        cost
    }

    /// Whether a value can be checked within the bound. Most schemas are so small that no value of usual size needs a
    /// second look.
    pub(super) fn can_afford(&self, value: &Value) -> bool {
        if self.size.saturating_mul(weight(value)) <= self.limit {
            return true;
        }
        stacker::maybe_grow(256 << 10, 64 << 20, || {
            let mut fuel = self.limit;
            let root = (&self.root, &self.root);
            self.visits(root, value, &mut Memo::new(), &mut fuel, NESTING)
                .is_some_and(|visits| visits <= self.limit)
        })
    }

    /// Schemas of a schema, with each reference replaced by what it refers to.
    fn expanded(&self, spot: Spot<'_>, known: &mut HashMap<usize, u64>, depth: usize) -> u64 {
        let Value::Object(members) = spot.0 else {
            return 1;
        };
        let key = std::ptr::from_ref(spot.0).addr();
        if let Some(size) = known.get(&key) {
            return *size;
        }
        if depth == 0 {
            return u64::MAX;
        }
        known.insert(key, u64::MAX);
        let size = self.inside(spot, members).fold(1_u64, |sum, (_, inner)| {
            let size = stacker::maybe_grow(256 << 10, 2 << 20, || {
                self.expanded(inner, known, depth - 1)
            });
            sum.saturating_add(size)
        });
        known.insert(key, size);
        size
    }

    /// Schemas that are visited for a value; `None` if they are too many, or without end.
    fn visits(
        &self,
        spot: Spot<'_>,
        value: &Value,
        memo: &mut Memo,
        fuel: &mut u64,
        depth: usize,
    ) -> Option<u64> {
        let Value::Object(members) = spot.0 else {
            return Some(1);
        };
        let key = (
            std::ptr::from_ref(spot.0).addr(),
            std::ptr::from_ref(value).addr(),
        );
        if let Some(known) = memo.get(&key) {
            return *known;
        }
        *fuel = fuel.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        // Met again while it is being counted, it has no end.
        memo.insert(key, None);
        let mut total = 1 + own_weight(value);
        for (applies, inner) in self.inside(spot, members) {
            total = total.saturating_add(1);
            let mut add = |child: &Value, total: &mut u64| {
                let more = stacker::maybe_grow(256 << 10, 2 << 20, || {
                    self.visits(inner, child, memo, fuel, depth)
                })?;
                *total = total.saturating_add(more);
                Some(())
            };
            match (applies, value) {
                (Applies::Here, value) => add(value, &mut total)?,
                (Applies::To(name), Value::Object(members)) => {
                    if let Some(child) = members.get(name) {
                        add(child, &mut total)?;
                    }
                }
                (Applies::ToAll, Value::Object(members)) => {
                    for (name, child) in members {
                        total = total.saturating_add(length(name));
                        add(child, &mut total)?;
                    }
                }
                (Applies::ToAll, Value::Array(items)) => {
                    for child in items {
                        add(child, &mut total)?;
                    }
                }
                _ => {}
            }
        }
        memo.insert(key, Some(total));
        Some(total)
    }

    /// The schemas right inside a schema, and what each applies to.
    fn inside<'a>(
        &'a self,
        (_, document): Spot<'a>,
        members: &'a Map<String, Value>,
    ) -> impl Iterator<Item = (Applies<'a>, Spot<'a>)> {
        members.iter().flat_map(move |(keyword, held)| {
            let one = |applies| vec![(applies, (held, document))];
            match (keyword.as_str(), held) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    let target = self.follow(document, reference);
                    target.map(|to| (Applies::Here, to)).into_iter().collect()
                }
                ("properties", Value::Object(inner)) => inner
                    .iter()
                    .map(|(name, schema)| (Applies::To(name), (schema, document)))
                    .collect(),
                ("patternProperties", Value::Object(inner)) => inner
                    .values()
                    .map(|schema| (Applies::ToAll, (schema, document)))
                    .collect(),
                ("dependentSchemas" | "dependencies", Value::Object(inner)) => inner
                    .values()
                    .map(|schema| (Applies::Here, (schema, document)))
                    .collect(),
                ("allOf" | "anyOf" | "oneOf", Value::Array(items)) => items
                    .iter()
                    .map(|schema| (Applies::Here, (schema, document)))
                    .collect(),
                ("items" | "prefixItems", Value::Array(items)) => items
                    .iter()
                    .map(|schema| (Applies::ToAll, (schema, document)))
                    .collect(),
                ("not" | "if" | "then" | "else", _) => one(Applies::Here),
                (
                    "items"
                    | "additionalItems"
                    | "unevaluatedItems"
                    | "contains"
                    | "additionalProperties"
                    | "unevaluatedProperties"
                    | "propertyNames",
                    _,
                ) => one(Applies::ToAll),
                _ => Vec::new(),
            }
        })
    }

    /// What a reference leads to: by pointer or anchor, in the same document or in one whose name it ends with.
    fn follow<'a>(&'a self, document: &'a Value, reference: &str) -> Option<Spot<'a>> {
        let (uri, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let target = match uri {
            "" => document,
            uri => self.document(uri)?,
        };
        let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
        let found = match decoded.starts_with('/') || decoded.is_empty() {
            true => target.pointer(&decoded)?,
            false => anchored(target, &decoded)?,
        };
        Some((found, target))
    }

    fn document(&self, uri: &str) -> Option<&Value> {
        let named = |name: &str, document: &Value| {
            let name = name.trim_start_matches("./").trim_start_matches('/');
            let id = document.get("$id").or_else(|| document.get("id"));
            (!name.is_empty() && (uri.ends_with(name) || name.ends_with(uri)))
                || id.and_then(Value::as_str) == Some(uri)
        };
        let mut all = self.references.iter();
        let found = all.find(|(name, document)| named(name, document));
        match found {
            Some((_, document)) => Some(document),
            None => identified(&self.root, uri),
        }
    }
}

/// What a schema inside another one applies to.
#[derive(Clone, Copy)]
enum Applies<'a> {
    /// The same value.
    Here,
    /// The member of this name.
    To(&'a str),
    /// Any member or item.
    ToAll,
}

fn find<'a>(root: &'a Value, is: &dyn Fn(&Value) -> bool) -> Option<&'a Value> {
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        if is(value) {
            return Some(value);
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    None
}

fn anchored<'a>(root: &'a Value, name: &str) -> Option<&'a Value> {
    let text = |value: &Value, keyword: &str| {
        value
            .get(keyword)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    find(root, &|value| {
        ["$anchor", "$dynamicAnchor"]
            .iter()
            .any(|keyword| text(value, keyword).as_deref() == Some(name))
            || ["$id", "id"].iter().any(|keyword| {
                text(value, keyword).is_some_and(|id| id.strip_prefix('#') == Some(name))
            })
    })
}

/// A schema inside with an id of its own.
fn identified<'a>(root: &'a Value, uri: &str) -> Option<&'a Value> {
    find(root, &|value| {
        let id = value.get("$id").or_else(|| value.get("id"));
        id.and_then(Value::as_str)
            .is_some_and(|id| !id.is_empty() && (id.ends_with(uri) || uri.ends_with(id)))
    })
}

/// The values that a value is made of, and its texts.
fn weight(value: &Value) -> u64 {
    let mut total = 0_u64;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        total = total.saturating_add(1 + own_weight(value));
        match value {
            Value::Object(members) => {
                for (name, child) in members {
                    total = total.saturating_add(length(name));
                    open.push(child);
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    total
}

fn own_weight(value: &Value) -> u64 {
    value.as_str().map_or(0, length)
}

fn length(text: &str) -> u64 {
    (text.len() / CHARACTERS) as u64
}
