//! The documents of both sides: what their `$id`s and anchors name, where a reference leads, and where a place is.
//!
//! Only places where a schema stands name anything: an `$id` inside an `enum` does not. Values are told apart by
//! their addresses, for a document may have been edited and its spans mean nothing.

use super::fast::{Map, Set};
use super::value::grown;
use crate::format::hash::HashMap;
use crate::format::json::dialect::Dialect;
use crate::format::json::judge::Kept;
use crate::format::json::uri::{percent_decoded, resolve, split_fragment};
use crate::format::json_text::{self, Node, Value};
use crate::format::truth::Place;
use std::sync::{Arc, LazyLock};

/// Reader or writer.
pub(super) type SideIndex = usize;

/// The documents of one side.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// The schema.
    pub root: &'a Node,
    /// What it refers to, by name.
    pub references: Vec<(Arc<str>, &'a Node)>,
    /// The dialect of a schema without a `$schema` that is known.
    pub dialect: Dialect,
    /// Where its validator is kept, if it is.
    pub(in crate::format::json) compiled: Option<&'a Kept>,
}

impl<'a> Side<'a> {
    /// A side of documents that are no schema of the registry: nothing is kept with them.
    pub fn new(root: &'a Node, references: Vec<(Arc<str>, &'a Node)>, dialect: Dialect) -> Self {
        Self {
            root,
            references,
            dialect,
            compiled: None,
        }
    }
}

/// A schema in a resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'a> {
    /// Index of the resource whose base URI and dialect count.
    pub(super) resource: u32,
    pub(super) value: &'a Node,
}

impl Spot<'_> {
    /// What tells this value from all others in memory.
    pub(super) fn address(&self) -> usize {
        address(self.value)
    }
}

pub(super) fn address(value: &Node) -> usize {
    std::ptr::from_ref(value).addr()
}

struct Resource<'a> {
    uri: String,
    root: &'a Node,
    document: u32,
    dialect: Dialect,
}

struct Document<'a> {
    side: SideIndex,
    name: Option<Arc<str>>,
    root: Spot<'a>,
}

/// All documents.
#[derive(Default)]
pub(super) struct Sources<'a> {
    documents: Vec<Document<'a>>,
    resources: Vec<Resource<'a>>,
    /// Values that are resources of their own, by side and address.
    inner: Map<(SideIndex, usize), u32>,
    by_uri: HashMap<(SideIndex, String), u32>,
    by_name: HashMap<(SideIndex, String), u32>,
    anchors: HashMap<(u32, String), &'a Node>,
    /// Dynamic anchors of a resource; `None` is a `$recursiveAnchor`.
    dynamic: HashMap<(u32, Option<String>), &'a Node>,
    /// Where references lead, by the resource and the place of their text, which is part of a document.
    followed: Map<(u32, usize, usize), Option<Spot<'a>>>,
}

/// What a keyword's value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Schemas,
    MapOfSchemas,
    NoSchema,
}

/// What the value of a keyword holds.
pub(super) fn holds(keyword: &str) -> Holds {
    match keyword {
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
        | "dependencies" => Holds::MapOfSchemas,
        "items"
        | "additionalItems"
        | "prefixItems"
        | "contains"
        | "additionalProperties"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "propertyNames"
        | "allOf"
        | "anyOf"
        | "oneOf"
        | "not"
        | "if"
        | "then"
        | "else"
        | "contentSchema" => Holds::Schemas,
        _ => Holds::NoSchema,
    }
}

impl<'a> Sources<'a> {
    /// Adds the documents of a side; its root.
    pub(super) fn add(&mut self, index: SideIndex, side: &Side<'a>) -> Spot<'a> {
        let dialect = Dialect::declared(side.root).unwrap_or(side.dialect);
        let is_nameless = side.compiled.is_some_and(Kept::is_nameless);
        let root = self.document(index, None, side.root, dialect, is_nameless);
        for (name, reference) in &side.references {
            let dialect = Dialect::declared(reference).unwrap_or(dialect);
            let name = Some(Arc::clone(name));
            self.document(index, name, reference, dialect, is_nameless);
        }
        root
    }

    fn document(
        &mut self,
        side: SideIndex,
        name: Option<Arc<str>>,
        value: &'a Node,
        dialect: Dialect,
        is_nameless: bool,
    ) -> Spot<'a> {
        let document = self.documents.len() as u32;
        let resource = self.resources.len() as u32;
        let root = Spot { resource, value };
        let name_uri = name.as_deref().map_or("", |name| split_fragment(name).0);
        self.resources.push(Resource {
            uri: name_uri.to_owned(),
            root: value,
            document,
            dialect,
        });
        if let Some(name) = &name {
            let base = self
                .documents
                .iter()
                .find(|d| d.side == side)
                .map_or("", |d| {
                    self.resources[d.root.resource as usize].uri.as_str()
                });
            let from_root = resolve(base, name_uri);
            for spelling in [name.to_string(), name_uri.to_owned(), from_root] {
                self.by_name.entry((side, spelling)).or_insert(resource);
            }
        }
        self.documents.push(Document { side, name, root });
        self.index(side, root, true, is_nameless);
        let uri = self.resources[resource as usize].uri.clone();
        self.by_uri.entry((side, uri)).or_insert(resource);
        root
    }

    /// Notes what the schemas in a value name.
    fn index(&mut self, side: SideIndex, mut spot: Spot<'a>, is_root: bool, is_nameless: bool) {
        let Value::Object(members) = &spot.value.value else {
            return;
        };
        self.names(side, &mut spot, members, is_root);
        if is_nameless {
            return;
        }
        for (name, value) in members {
            let held = holds(name);
            match (held, &value.value) {
                (Holds::NoSchema, _) => {}
                (Holds::MapOfSchemas, Value::Object(members)) => {
                    for (_, value) in members {
                        grown(|| self.index(side, Spot { value, ..spot }, false, false));
                    }
                }
                (Holds::Schemas, Value::Array(items)) => {
                    for value in items {
                        grown(|| self.index(side, Spot { value, ..spot }, false, false));
                    }
                }
                (Holds::Schemas, _) => {
                    grown(|| self.index(side, Spot { value, ..spot }, false, false))
                }
                _ => {}
            }
        }
    }

    fn names(
        &mut self,
        side: SideIndex,
        spot: &mut Spot<'a>,
        members: &'a [(String, Node)],
        is_root: bool,
    ) {
        let mut dialect = self.dialect(spot);
        let mut has_reference = false;
        let mut id = None;
        let mut anchors: Vec<&str> = Vec::new();
        let mut dynamic: Vec<Option<String>> = Vec::new();
        for (name, value) in members {
            match (name.as_str(), &value.value) {
                ("$ref", Value::String(_)) => has_reference = true,
                ("$anchor", Value::String(text)) => anchors.push(text),
                ("$dynamicAnchor", Value::String(text)) => {
                    anchors.push(text);
                    dynamic.push(Some(text.clone()));
                }
                ("$recursiveAnchor", Value::Bool(true)) => dynamic.push(None),
                ("$schema", Value::String(uri)) => {
                    dialect = Dialect::of_uri(uri).unwrap_or(dialect)
                }
                _ => {}
            }
        }
        let keyword = dialect.id_keyword();
        if let Some((_, value)) = members.iter().find(|(name, _)| name == keyword)
            && (dialect.is_modern() || !has_reference || is_root)
        {
            id = value.as_str();
        }
        if let Some(id) = id {
            let (uri, fragment) = split_fragment(id);
            if !uri.is_empty() {
                let base = &self.resources[spot.resource as usize].uri;
                let uri = resolve(base, uri);
                if is_root {
                    self.resources[spot.resource as usize].uri = uri;
                } else {
                    let resource = self.resources.len() as u32;
                    self.by_uri.entry((side, uri.clone())).or_insert(resource);
                    self.inner.insert((side, spot.address()), resource);
                    self.resources.push(Resource {
                        uri,
                        root: spot.value,
                        document: self.resources[spot.resource as usize].document,
                        dialect,
                    });
                    spot.resource = resource;
                }
            }
            anchors.extend(fragment.filter(|f| !f.is_empty() && !f.starts_with('/')));
        }
        for anchor in anchors {
            self.anchors
                .entry((spot.resource, anchor.to_owned()))
                .or_insert(spot.value);
        }
        for name in dynamic {
            self.dynamic
                .entry((spot.resource, name))
                .or_insert(spot.value);
        }
    }

    pub(super) fn dialect(&self, spot: &Spot<'_>) -> Dialect {
        self.resources[spot.resource as usize].dialect
    }

    pub(super) fn side(&self, spot: &Spot<'_>) -> SideIndex {
        self.documents[self.resources[spot.resource as usize].document as usize].side
    }

    /// A schema inside another, which may be a resource of its own.
    pub(super) fn inside(&self, parent: &Spot<'a>, value: &'a Node) -> Spot<'a> {
        let resource = self
            .inner
            .get(&(self.side(parent), address(value)))
            .copied()
            .unwrap_or(parent.resource);
        Spot { resource, value }
    }

    /// The URI that a reference means.
    pub(super) fn absolute(&self, from: &Spot<'a>, reference: &str) -> String {
        let (uri, fragment) = split_fragment(reference);
        let mut full = resolve(&self.resources[from.resource as usize].uri, uri);
        if let Some(fragment) = fragment {
            full.push('#');
            full.push_str(fragment);
        }
        full
    }

    /// Where a reference leads.
    pub(super) fn follow(&mut self, from: &Spot<'a>, reference: &'a str) -> Option<Spot<'a>> {
        let key = (from.resource, reference.as_ptr().addr(), reference.len());
        if let Some(known) = self.followed.get(&key) {
            return *known;
        }
        let led = self.led(from, reference);
        self.followed.insert(key, led);
        led
    }

    fn led(&mut self, from: &Spot<'a>, reference: &str) -> Option<Spot<'a>> {
        let side = self.side(from);
        let (uri, fragment) = split_fragment(reference);
        let fragment = percent_decoded(fragment.unwrap_or_default());
        let resource = if uri.is_empty() {
            from.resource
        } else {
            let full = resolve(&self.resources[from.resource as usize].uri, uri);
            let known = self.by_uri.get(&(side, full.clone())).copied().or_else(|| {
                [reference, uri, full.as_str()]
                    .into_iter()
                    .find_map(|name| self.by_name.get(&(side, name.to_owned())).copied())
            });
            match known {
                Some(resource) => resource,
                None => {
                    let meta = meta_schema(&full)?;
                    let dialect = Dialect::declared(meta).unwrap_or(Dialect::Draft7);
                    let name = Some(Arc::from(full.as_str()));
                    self.document(side, name, meta, dialect, false).resource
                }
            }
        };
        self.fragment(resource, &fragment).or_else(|| {
            // Older readers look from the document's root, whatever `$id` lies in between.
            let document =
                &self.documents[self.resources[from.resource as usize].document as usize];
            let root = document.root.resource;
            (uri.is_empty() && root != from.resource)
                .then(|| self.fragment(root, &fragment))
                .flatten()
        })
    }

    fn fragment(&self, resource: u32, fragment: &str) -> Option<Spot<'a>> {
        let root = self.resources[resource as usize].root;
        let mut spot = Spot {
            resource,
            value: root,
        };
        if fragment.is_empty() {
            return Some(spot);
        }
        let Some(pointer) = fragment.strip_prefix('/') else {
            let value = self.anchors.get(&(resource, fragment.to_owned()))?;
            return Some(self.inside(&spot, value));
        };
        for token in pointer.split('/') {
            let value = step(spot.value, token)?;
            spot = self.inside(&spot, value);
        }
        matches!(spot.value.value, Value::Object(_) | Value::Bool(_)).then_some(spot)
    }

    /// Whether the schema at a place is what a dynamic reference may be led away from.
    pub(super) fn is_dynamic(&self, spot: &Spot<'a>, name: Option<&str>) -> bool {
        self.dynamic
            .get(&(spot.resource, name.map(str::to_owned)))
            .is_some_and(|value| std::ptr::eq(*value, spot.value))
    }

    /// Where a dynamic reference to an anchor of this name leads, if it leads to one place however it is reached.
    /// `edges` are the resources that a resource leads to.
    ///
    /// The outermost resource with the anchor decides. Everything starts in the side's root, so it is the first
    /// such resource on the way from there; if that is the same one on all ways, it is the one.
    pub(super) fn dynamic_target(
        &self,
        side: SideIndex,
        name: Option<&str>,
        edges: &Map<u32, Set<u32>>,
    ) -> Option<Spot<'a>> {
        let key = name.map(str::to_owned);
        let start = self
            .documents
            .iter()
            .find(|d| d.side == side)?
            .root
            .resource;
        let mut found: Option<u32> = None;
        let mut seen: Set<u32> = Set::default();
        let mut todo = vec![start];
        while let Some(resource) = todo.pop() {
            if !seen.insert(resource) {
                continue;
            }
            if self.dynamic.contains_key(&(resource, key.clone())) {
                if found.is_some_and(|other| other != resource) {
                    return None;
                }
                found = Some(resource);
            } else {
                todo.extend(edges.get(&resource).into_iter().flatten());
            }
        }
        let resource = found?;
        if name.is_none() {
            // 2019-09 stops looking outwards at a resource without the anchor.
            let mut seen: Set<u32> = Set::default();
            let mut todo = vec![resource];
            while let Some(next) = todo.pop() {
                if seen.insert(next) {
                    if !self.dynamic.contains_key(&(next, None)) {
                        return None;
                    }
                    todo.extend(edges.get(&next).into_iter().flatten());
                }
            }
        }
        let value = self.dynamic.get(&(resource, key))?;
        Some(Spot { resource, value })
    }

    /// Where a value is, for people.
    pub(super) fn place(&self, address: usize) -> Place {
        for document in &self.documents {
            let mut path = Vec::new();
            if find(document.root.value, address, &mut path) {
                return Place {
                    reference: document.name.clone(),
                    pointer: path.iter().rev().fold(String::new(), |mut all, token| {
                        all.push('/');
                        all.push_str(&token.replace('~', "~0").replace('/', "~1"));
                        all
                    }),
                };
            }
        }
        Place::here("")
    }
}

/// One token of a JSON pointer. `definitions` and `$defs` stand for each other, as where schemas are registered.
fn step<'a>(value: &'a Node, token: &str) -> Option<&'a Node> {
    match &value.value {
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        Value::Object(_) => {
            let unescaped;
            let name = if token.contains('~') {
                unescaped = token.replace("~1", "/").replace("~0", "~");
                &unescaped
            } else {
                token
            };
            value.get(name).or_else(|| match name {
                "definitions" => value.get("$defs"),
                "$defs" => value.get("definitions"),
                _ => None,
            })
        }
        _ => None,
    }
}

/// Finds a value by address; the path to it, innermost token first.
fn find(node: &Node, wanted: usize, path: &mut Vec<String>) -> bool {
    if address(node) == wanted {
        return true;
    }
    match &node.value {
        Value::Array(items) => items.iter().enumerate().any(|(i, item)| {
            let found = grown(|| find(item, wanted, path));
            if found {
                path.push(i.to_string());
            }
            found
        }),
        Value::Object(members) => members.iter().any(|(name, value)| {
            let found = grown(|| find(value, wanted, path));
            if found {
                path.push(name.clone());
            }
            found
        }),
        _ => false,
    }
}

/// The published meta-schemas, as the validator carries them.
static META_SCHEMAS: LazyLock<Vec<(String, Node)>> = LazyLock::new(|| {
    let modern = |draft: &str, parts: &[&str]| -> Vec<String> {
        std::iter::once("schema".to_owned())
            .chain(parts.iter().map(|part| format!("meta/{part}")))
            .map(|path| format!("https://json-schema.org/draft/{draft}/{path}"))
            .collect()
    };
    let older = ["04", "06", "07"].map(|n| format!("http://json-schema.org/draft-{n}/schema"));
    let common = ["core", "applicator", "validation", "meta-data", "content"];
    let uris: Vec<String> = (older.into_iter())
        .chain(modern("2019-09", &common))
        .chain(modern("2019-09", &["format"]).split_off(1))
        .chain(modern("2020-12", &common))
        .chain(modern("2020-12", &["unevaluated", "format-annotation"]).split_off(1))
        .collect();
    let Ok(base) = referencing::uri::from_str("json-schema:///") else {
        return Vec::new();
    };
    let resolver = referencing::SPECIFICATIONS.resolver(base);
    uris.into_iter()
        .filter_map(|uri| {
            let found = resolver.lookup(&uri).ok()?;
            let node = json_text::parse(&found.contents().to_string(), 100).ok()?;
            Some((uri, node))
        })
        .collect()
});

fn meta_schema(uri: &str) -> Option<&'static Node> {
    let rest = uri.split_once("://")?.1;
    META_SCHEMAS
        .iter()
        .find(|(known, _)| {
            known
                .split_once("://")
                .is_some_and(|(_, known)| known == rest)
        })
        .map(|(_, node)| node)
}
