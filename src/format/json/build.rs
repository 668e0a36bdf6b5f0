//! Documents to model: every schema that is reached is read once, references are followed, and what is
//! malformed or leads nowhere is refused (or, in a stored schema, passed over).

use super::documents::{Documents, Spot, Target};
use super::model::{Combined, Criterion, Id, Kind, Model, Node, Part};
use crate::format::hash::HashMap;
use crate::format::json_text::{Node as Json, Value, line_column};
use crate::format::{InvalidSchema, Resolved, Strictness};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Builds the model of the schema at `root` with its references, all of them parsed.
pub fn build(
    text: &str,
    root: &Json,
    references: &[(&Resolved, Json)],
    strictness: Strictness,
    steps: u64,
) -> Result<Model, InvalidSchema> {
    let mut documents = Documents::default();
    let root = documents.add("", root);
    for (resolved, json) in references {
        documents.add(&resolved.name, json);
    }
    let mut builder = Builder {
        documents,
        texts: std::iter::once(text)
            .chain(references.iter().map(|(resolved, _)| &*resolved.text))
            .collect(),
        strictness,
        steps,
        nodes: Vec::new(),
        places: HashMap::default(),
        queue: Vec::new(),
        prints: HashMap::default(),
    };
    let root = builder.node_at(root);
    builder.run()?;
    Ok(without_aliases(builder.nodes, root))
}

/// Reads schemas; the keywords are in the neighbour `keywords`.
pub(super) struct Builder<'a> {
    pub(super) documents: Documents<'a>,
    texts: Vec<&'a str>,
    strictness: Strictness,
    steps: u64,
    nodes: Vec<Node>,
    places: HashMap<(u32, usize), Id>,
    queue: Vec<(Id, Spot<'a>)>,
    prints: HashMap<(u32, usize), u64>,
}

impl<'a> Builder<'a> {
    fn run(&mut self) -> Result<(), InvalidSchema> {
        while let Some((id, spot)) = self.queue.pop() {
            self.steps = self
                .steps
                .checked_sub(1)
                .ok_or_else(|| InvalidSchema::new("the schema is too large to read"))?;
            let node = self.schema(&spot)?;
            if let Some(place) = self.nodes.get_mut(id as usize) {
                *place = node;
            }
        }
        Ok(())
    }

    /// The node of the schema at a place, read now or later.
    pub(super) fn node_at(&mut self, spot: Spot<'a>) -> Id {
        if let Some(&id) = self.places.get(&spot.key()) {
            return id;
        }
        let id = self.push(plain(Kind::Any));
        self.places.insert(spot.key(), id);
        self.queue.push((id, spot));
        id
    }

    /// The node of a schema directly inside another.
    pub(super) fn child(
        &mut self,
        parent: &Spot<'a>,
        value: &'a Json,
    ) -> Result<Id, InvalidSchema> {
        if !matches!(value.value, Value::Object(_) | Value::Bool(_)) {
            self.fault(parent, value, "a schema must be an object or a boolean")?;
        }
        let spot = self.documents.inside(parent, value);
        Ok(self.node_at(spot))
    }

    pub(super) fn push(&mut self, node: Node) -> Id {
        let id = self.nodes.len() as Id;
        self.nodes.push(node);
        id
    }

    /// Something malformed: an error for a new schema, passed over in a stored one.
    pub(super) fn fault(
        &self,
        spot: &Spot<'a>,
        value: &Json,
        what: &str,
    ) -> Result<(), InvalidSchema> {
        if self.strictness == Strictness::Existing {
            return Ok(());
        }
        let text = self
            .texts
            .get(spot.document as usize)
            .copied()
            .unwrap_or_default();
        let (line, column) = line_column(text, value.span.start);
        Err(InvalidSchema::new(format!(
            "{what} (line {line}, column {column})"
        )))
    }

    /// The target of a reference.
    pub(super) fn follow(
        &mut self,
        spot: &Spot<'a>,
        value: &'a Json,
        reference: &str,
    ) -> Result<Kind, InvalidSchema> {
        Ok(match self.documents.follow(spot, reference) {
            Target::Here(target) => Kind::Alias(self.node_at(target)),
            Target::MetaSchema(uri) => Kind::Elsewhere(uri),
            Target::Missing(why) => {
                self.fault(spot, value, &why)?;
                Kind::Elsewhere(reference.to_owned())
            }
        })
    }

    /// A combination of the schemas in an array.
    pub(super) fn combined(
        &mut self,
        parent: &Spot<'a>,
        criterion: Criterion,
        items: &'a [Json],
    ) -> Result<Kind, InvalidSchema> {
        let mut parts = Vec::with_capacity(items.len());
        let mut seen: HashMap<u64, Vec<&Json>> = HashMap::default();
        for item in items {
            let print = self.fingerprint(parent.document, item);
            let same = seen.entry(print).or_default();
            if same.contains(&item) {
                continue;
            }
            same.push(item);
            parts.push(Part {
                id: self.child(parent, item)?,
                text: print,
            });
        }
        Ok(Kind::Combined(Combined {
            criterion,
            written: items.len(),
            parts,
        }))
    }

    /// A fingerprint of a value in which the order of members does not count.
    pub(super) fn fingerprint(&mut self, document: u32, value: &Json) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &value.value {
            Value::Null => 0u8.hash(&mut hasher),
            Value::Bool(b) => (1u8, b).hash(&mut hasher),
            Value::Number(n) => (2u8, n.value().normalized()).hash(&mut hasher),
            Value::String(s) => (3u8, s).hash(&mut hasher),
            Value::Array(_) | Value::Object(_) => {
                let key = (document, value.span.start);
                if let Some(&print) = self.prints.get(&key) {
                    return print;
                }
                match &value.value {
                    Value::Array(items) => {
                        4u8.hash(&mut hasher);
                        for item in items {
                            self.fingerprint(document, item).hash(&mut hasher);
                        }
                    }
                    Value::Object(members) => {
                        let mut sum = 5u64;
                        for (name, value) in members {
                            let mut one = DefaultHasher::new();
                            name.hash(&mut one);
                            self.fingerprint(document, value).hash(&mut one);
                            sum = sum.wrapping_add(one.finish());
                        }
                        sum.hash(&mut hasher);
                    }
                    _ => {}
                }
                let print = hasher.finish();
                self.prints.insert(key, print);
                return print;
            }
        }
        hasher.finish()
    }
}

/// A node without annotations.
pub(super) fn plain(kind: Kind) -> Node {
    Node {
        id: None,
        title: None,
        description: None,
        default: None,
        is_connect_bytes: false,
        kind,
    }
}

/// Lets every id that leads to an alias lead to its end instead. A circle of references demands nothing.
fn without_aliases(mut nodes: Vec<Node>, root: Id) -> Model {
    let mut ends: Vec<Option<Id>> = vec![None; nodes.len()];
    let mut passed: Vec<Option<Id>> = vec![None; nodes.len()];
    let mut trail = Vec::new();
    for start in 0..nodes.len() as Id {
        let mut at = start;
        let end = loop {
            if let Some(Some(end)) = ends.get(at as usize) {
                break *end;
            }
            match passed.get_mut(at as usize) {
                Some(mark) if *mark == Some(start) => {
                    if let Some(node) = nodes.get_mut(at as usize) {
                        node.kind = Kind::Any;
                    }
                    break at;
                }
                Some(mark) => *mark = Some(start),
                None => break at,
            }
            trail.push(at);
            match nodes.get(at as usize).map(|n| &n.kind) {
                Some(Kind::Alias(next)) => at = *next,
                _ => break at,
            }
        };
        for id in trail.drain(..) {
            if let Some(slot) = ends.get_mut(id as usize) {
                *slot = Some(end);
            }
        }
    }
    let end = |id: &mut Id| {
        if let Some(Some(end)) = ends.get(*id as usize) {
            *id = *end;
        }
    };
    for node in &mut nodes {
        node.kind.each_child(&end);
    }
    let mut root = root;
    end(&mut root);
    Model { nodes, root }
}
