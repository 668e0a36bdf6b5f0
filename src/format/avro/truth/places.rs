//! Where types stand in the texts they were read from.

use super::super::model::{Origin, Schema, TypeId};
use crate::format::json_text::{self, Node, Value};
use crate::format::truth::Place;
use std::collections::HashMap;

/// How deep texts nest at most; deeper ones were never accepted.
const DEPTH: usize = 1_000;

/// The places of a schema's types; texts are read again when the first place in them is asked for.
pub(super) struct Places<'a> {
    schema: &'a Schema,
    /// What was read of them, by their place in [`Schema::texts`].
    read: HashMap<usize, Option<Node>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(schema: &'a Schema) -> Self {
        Self {
            schema,
            read: HashMap::new(),
        }
    }

    /// Which text a type was read from.
    fn origin(&self, of: TypeId) -> Option<(usize, &'a Origin)> {
        let next = self
            .schema
            .texts
            .partition_point(|origin| origin.first.0 <= of.0);
        let at = next.checked_sub(1)?;
        Some((at, self.schema.texts.get(at)?))
    }

    /// Where something at the byte `at` of the text of type `of` stands.
    fn at(&mut self, of: TypeId, at: usize) -> Place {
        let Some((text, origin)) = self.origin(of) else {
            return Place::default();
        };
        // It was read before, so it can be read again.
        let root = self
            .read
            .entry(text)
            .or_insert_with(|| json_text::parse(&origin.text, DEPTH).ok());
        Place {
            reference: origin.reference.clone(),
            pointer: root
                .as_ref()
                .map(|root| pointer(root, at))
                .unwrap_or_default(),
        }
    }

    /// Where a type is defined or used.
    pub(super) fn of_type(&mut self, of: TypeId) -> Place {
        let at = self.schema.get(of).at;
        self.at(of, at)
    }

    /// Where a field of a record stands; `at` is the field's own offset.
    pub(super) fn of_field(&mut self, record: TypeId, at: usize) -> Place {
        self.at(record, at)
    }

    /// Sorts by text, then by place in the text.
    pub(super) fn order(&self, of: TypeId) -> (usize, usize) {
        let text = self.origin(of).map_or(0, |(at, _)| at);
        // The schema's own text comes last in the list, and first for whoever reads a report.
        let own = self.schema.texts.len().saturating_sub(1);
        (
            if text == own { 0 } else { text + 1 },
            self.schema.get(of).at,
        )
    }
}

/// The pointer of the value that starts at this byte.
fn pointer(root: &Node, at: usize) -> String {
    let mut pointer = String::new();
    let mut node = root;
    while node.span.start != at {
        let holds = |inner: &Node| inner.span.contains(&at);
        let (step, inner) = match &node.value {
            Value::Array(items) => match items.iter().position(holds) {
                Some(place) => (place.to_string(), items.get(place)),
                None => break,
            },
            Value::Object(members) => match members.iter().find(|(_, value)| holds(value)) {
                Some((name, value)) => (name.replace('~', "~0").replace('/', "~1"), Some(value)),
                None => break,
            },
            _ => break,
        };
        let Some(inner) = inner else { break };
        pointer.push('/');
        pointer.push_str(&step);
        node = inner;
    }
    pointer
}
