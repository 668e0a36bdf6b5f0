//! The documents a schema consists of, and where a `$ref` in them leads. Nothing is ever fetched.

use super::dialect::{Dialect, is_meta_schema};
use super::uri::{is_remote, percent_decoded, resolve, split_fragment};
use crate::format::hash::HashMap;
use crate::format::json_text::{Node as Json, Value};

/// Objects larger than this get an index for look-ups.
const INDEXED_FROM: usize = 16;

/// A place in a document, with the resource whose base URI counts there.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// Which document.
    pub document: u32,
    /// Which resource: an index of [`Documents::resources`].
    pub resource: u32,
    /// The value.
    pub value: &'a Json,
}

impl Spot<'_> {
    /// What tells this place from all others.
    pub fn key(&self) -> (u32, usize) {
        (self.document, self.value.span.start)
    }
}

/// A schema with a URI of its own: a document, or a part of one with an `$id`.
#[derive(Debug)]
struct Resource<'a> {
    uri: String,
    root: Spot<'a>,
}

/// Where a `$ref` leads.
#[derive(Debug)]
pub enum Target<'a> {
    /// To a place.
    Here(Spot<'a>),
    /// To a meta-schema, which we need not have.
    MetaSchema(String),
    /// Nowhere; the sentence says why.
    Missing(String),
}

/// Documents and their resources.
#[derive(Debug, Default)]
pub struct Documents<'a> {
    dialects: Vec<Dialect>,
    roots: Vec<Spot<'a>>,
    resources: Vec<Resource<'a>>,
    by_uri: HashMap<String, u32>,
    by_name: HashMap<String, u32>,
    anchors: HashMap<(u32, String), Spot<'a>>,
    inner: HashMap<(u32, usize), u32>,
    indexes: HashMap<(u32, usize), HashMap<&'a str, &'a Json>>,
}

/// How the walk that looks for `$id`s reads an object.
#[derive(Clone, Copy)]
enum As {
    Schema,
    MapOfSchemas,
}

impl<'a> Documents<'a> {
    /// Adds a document; `name` is how others refer to it (empty for the schema itself). The first document
    /// added lends its dialect to those that declare none.
    pub fn add(&mut self, name: &str, root: &'a Json) -> Spot<'a> {
        let dialect = Dialect::declared(root)
            .or_else(|| self.dialects.first().copied())
            .unwrap_or(Dialect::Draft7);
        let document = self.roots.len() as u32;
        let (name_uri, _) = split_fragment(name);
        let spot = Spot {
            document,
            resource: self.resources.len() as u32,
            value: root,
        };
        self.dialects.push(dialect);
        self.roots.push(spot);
        self.resources.push(Resource {
            uri: name_uri.to_owned(),
            root: spot,
        });
        if !name.is_empty() {
            let first_base = self.resources.first().map_or("", |r| r.uri.as_str());
            let from_root = resolve(first_base, name_uri);
            for spelling in [name.to_owned(), name_uri.to_owned(), from_root] {
                self.by_name.entry(spelling).or_insert(document);
            }
        }
        self.index(spot, As::Schema, true);
        let uri = self
            .resources
            .get(spot.resource as usize)
            .map(|r| r.uri.clone());
        if let Some(uri) = uri {
            self.by_uri.entry(uri).or_insert(spot.resource);
        }
        spot
    }

    /// The dialect of a place.
    pub fn dialect(&self, spot: &Spot<'_>) -> Dialect {
        self.dialects
            .get(spot.document as usize)
            .copied()
            .unwrap_or(Dialect::Draft7)
    }

    /// Whether the document of a place has a `$schema`, known or not.
    pub fn declares_dialect(&self, spot: &Spot<'_>) -> bool {
        self.roots
            .get(spot.document as usize)
            .is_some_and(|root| root.value.get("$schema").is_some())
    }

    /// Whether exclusive bounds are booleans (draft-04) or numbers; `None`, and thus either, where the document
    /// declares a dialect that we do not know.
    pub fn takes_boolean_bounds(&self, spot: &Spot<'_>) -> Option<bool> {
        let is_foreign = self.declares_dialect(spot)
            && self
                .roots
                .get(spot.document as usize)
                .is_some_and(|root| Dialect::declared(root.value).is_none());
        (!is_foreign).then(|| self.dialect(spot) == Dialect::Draft4)
    }

    /// A value inside the schema at `parent`, which may be a resource of its own.
    pub fn inside(&self, parent: &Spot<'a>, value: &'a Json) -> Spot<'a> {
        let spot = Spot { value, ..*parent };
        Spot {
            resource: self
                .inner
                .get(&spot.key())
                .copied()
                .unwrap_or(parent.resource),
            ..spot
        }
    }

    fn index(&mut self, spot: Spot<'a>, reading: As, is_root: bool) {
        match &spot.value.value {
            Value::Array(items) => {
                for item in items {
                    self.index(
                        Spot {
                            value: item,
                            ..spot
                        },
                        As::Schema,
                        false,
                    );
                }
            }
            Value::Object(members) => {
                let mut spot = spot;
                if let As::Schema = reading {
                    spot.resource = self.note_names(spot, members, is_root);
                }
                for (name, value) in members {
                    let inner = Spot { value, ..spot };
                    match (reading, name.as_str()) {
                        (As::MapOfSchemas, _) => self.index(inner, As::Schema, false),
                        (_, "enum" | "const" | "default" | "examples") => {}
                        (
                            _,
                            "properties" | "patternProperties" | "definitions" | "$defs"
                            | "dependencies" | "dependentSchemas",
                        ) => self.index(inner, As::MapOfSchemas, false),
                        _ => self.index(inner, As::Schema, false),
                    }
                }
            }
            _ => {}
        }
    }

    /// Notes `$id` and anchors of a schema; the resource that counts inside it.
    fn note_names(&mut self, spot: Spot<'a>, members: &'a [(String, Json)], is_root: bool) -> u32 {
        let dialect = self.dialect(&spot);
        let mut resource = spot.resource;
        let mut has_reference = false;
        let mut id = None;
        let mut anchors: Vec<&str> = Vec::new();
        for (name, value) in members {
            let Some(text) = value.as_str() else { continue };
            match name.as_str() {
                "$ref" => has_reference = true,
                "$anchor" | "$dynamicAnchor" => anchors.push(text),
                name if name == dialect.id_keyword() => id = Some(text),
                _ => {}
            }
        }
        if let Some(id) = id.filter(|_| dialect.is_modern() || !has_reference || is_root) {
            let (uri, fragment) = split_fragment(id);
            if !uri.is_empty() {
                let base = self
                    .resources
                    .get(resource as usize)
                    .map_or("", |r| r.uri.as_str());
                let uri = resolve(base, uri);
                if is_root {
                    if let Some(own) = self.resources.get_mut(resource as usize) {
                        own.uri = uri;
                    }
                } else {
                    resource = self.resources.len() as u32;
                    self.by_uri.entry(uri.clone()).or_insert(resource);
                    self.inner.insert(spot.key(), resource);
                    self.resources.push(Resource {
                        uri,
                        root: Spot { resource, ..spot },
                    });
                }
            }
            anchors.extend(fragment.filter(|f| !f.is_empty()));
        }
        for anchor in anchors {
            self.anchors
                .entry((resource, anchor.to_owned()))
                .or_insert(Spot { resource, ..spot });
        }
        resource
    }

    /// Follows the `$ref` text found at `from`.
    pub fn follow(&mut self, from: &Spot<'a>, reference: &str) -> Target<'a> {
        let (uri, fragment) = split_fragment(reference);
        let fragment = percent_decoded(fragment.unwrap_or_default());
        if uri.is_empty() {
            let found = self
                .root_of(from.resource)
                .and_then(|root| self.fragment(root, &fragment))
                .or_else(|| {
                    // Older readers look from the document's root, whatever `$id` lies in between.
                    let root = self.roots.get(from.document as usize).copied()?;
                    self.fragment(root, &fragment)
                });
            return match found {
                Some(spot) => Target::Here(spot),
                None => Target::Missing(format!("the reference \"{reference}\" leads nowhere")),
            };
        }
        let base = self
            .resources
            .get(from.resource as usize)
            .map_or("", |r| r.uri.as_str());
        let full = resolve(base, uri);
        let root = self
            .by_uri
            .get(&full)
            .and_then(|&resource| self.root_of(resource))
            .or_else(|| {
                [reference, uri, full.as_str()]
                    .into_iter()
                    .find_map(|name| self.by_name.get(name))
                    .and_then(|&document| self.roots.get(document as usize).copied())
            });
        match root {
            Some(root) => match self.fragment(root, &fragment) {
                Some(spot) => Target::Here(spot),
                None => Target::Missing(format!("the reference \"{reference}\" leads nowhere")),
            },
            None if is_meta_schema(&full) => Target::MetaSchema(full),
            None if is_remote(&full) => Target::Missing(format!(
                "Remote schema reference fetching over HTTP(S) is disabled: \"{full}\""
            )),
            None => Target::Missing(format!(
                "no reference of this schema is named \"{uri}\", and it has no part with this $id"
            )),
        }
    }

    fn root_of(&self, resource: u32) -> Option<Spot<'a>> {
        self.resources.get(resource as usize).map(|r| r.root)
    }

    fn fragment(&mut self, root: Spot<'a>, fragment: &str) -> Option<Spot<'a>> {
        if fragment.is_empty() {
            return Some(root);
        }
        if let Some(&spot) = self.anchors.get(&(root.resource, fragment.to_owned())) {
            return Some(spot);
        }
        let mut spot = root;
        for token in fragment.strip_prefix('/')?.split('/') {
            let value = self.step(&spot, token)?;
            spot = self.inside(&spot, value);
        }
        matches!(spot.value.value, Value::Object(_) | Value::Bool(_)).then_some(spot)
    }

    /// One token of a JSON pointer. `definitions` and `$defs` stand for each other.
    fn step(&mut self, spot: &Spot<'a>, token: &str) -> Option<&'a Json> {
        let value: &'a Json = spot.value;
        match &value.value {
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            Value::Object(members) => {
                let unescaped;
                let name = if token.contains('~') {
                    unescaped = token.replace("~1", "/").replace("~0", "~");
                    &unescaped
                } else {
                    token
                };
                let other = match name {
                    "definitions" => Some("$defs"),
                    "$defs" => Some("definitions"),
                    _ => None,
                };
                if members.len() < INDEXED_FROM {
                    return value
                        .get(name)
                        .or_else(|| other.and_then(|other| value.get(other)));
                }
                let index = self.indexes.entry(spot.key()).or_insert_with(|| {
                    members
                        .iter()
                        .map(|(name, value)| (name.as_str(), value))
                        .collect()
                });
                index
                    .get(name)
                    .or_else(|| other.and_then(|other| index.get(other)))
                    .copied()
            }
            _ => None,
        }
    }
}
