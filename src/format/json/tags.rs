//! Inline tags: the keyword `confluent:tags`, and the trails of words and names that address its places
//! (section 2.4.6 of the API contract).

use crate::format::json_text::{Node, Value};
use crate::format::{EntityType, InvalidSchema, TagEdit, Tagged};
use std::collections::HashMap;

const KEYWORD: &str = "confluent:tags";

/// The keywords by which a schema without `type` is taken for one of objects.
const OBJECT_KEYWORDS: [&str; 11] = [
    "properties",
    "required",
    "patternProperties",
    "propertyNames",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "additionalProperties",
    "unevaluatedProperties",
    "maxProperties",
    "minProperties",
];

/// All tags, in the text's order.
pub fn tags(root: &Node) -> Vec<Tagged> {
    let mut found = Vec::new();
    // The walk changes nothing, but shares its code with the one that does.
    let mut copy = root.clone();
    let mut trail = Vec::new();
    let mut visit = |trail: &[String], entity: EntityType, is_first: bool, node: &mut Node| {
        let tags = tags_of(node);
        if is_first && !tags.is_empty() {
            found.push(Tagged {
                path: trail.join("."),
                entity,
                tags,
            });
        }
    };
    Walk { visit: &mut visit }.schema(&mut copy, &mut trail, false);
    found
}

/// Edits tags; the error names the first path that leads nowhere.
pub fn edit(root: &mut Node, edits: &[TagEdit]) -> Result<(), InvalidSchema> {
    let mut wanted: HashMap<(&str, EntityType), Vec<usize>> = HashMap::new();
    for (index, edit) in edits.iter().enumerate() {
        let path = edit.path.strip_prefix('.').unwrap_or(&edit.path);
        wanted.entry((path, edit.entity)).or_default().push(index);
    }
    let mut is_done = vec![false; edits.len()];
    let longest = edits.iter().map(|e| e.path.len()).max().unwrap_or(0);
    let mut trail = Vec::new();
    let mut visit = |trail: &[String], entity: EntityType, _: bool, node: &mut Node| {
        // Deep trails are long to spell; one that is longer than any path matches none.
        if trail.iter().map(|word| word.len() + 1).sum::<usize>() > longest + 1 {
            return;
        }
        let path = trail.join(".");
        let Some(indexes) = wanted.get(&(path.as_str(), entity)) else {
            return;
        };
        for &index in indexes {
            if let (Some(done), Some(edit)) = (is_done.get_mut(index), edits.get(index)) {
                *done = change(node, edit);
            }
        }
    };
    Walk { visit: &mut visit }.schema(root, &mut trail, false);
    match is_done.iter().zip(edits).find(|(done, _)| !**done) {
        Some((_, edit)) => Err(InvalidSchema::new(format!(
            "No matching path '{}' found in the schema",
            edit.path
        ))),
        None => Ok(()),
    }
}

fn tags_of(node: &Node) -> Vec<String> {
    node.get(KEYWORD)
        .and_then(Node::as_array)
        .unwrap_or_default()
        .iter()
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect()
}

/// Changes the tags of a schema; `false` where there is no place for them.
fn change(node: &mut Node, edit: &TagEdit) -> bool {
    let mut tags = tags_of(node);
    tags.retain(|tag| !edit.remove.contains(tag));
    for tag in &edit.add {
        if !tags.contains(tag) && !edit.remove.contains(tag) {
            tags.push(tag.clone());
        }
    }
    if let Value::Bool(true) = node.value {
        node.value = Value::Object(Vec::new());
    }
    let Value::Object(members) = &mut node.value else {
        return false;
    };
    let place = members.iter().position(|(name, _)| name == KEYWORD);
    if tags.is_empty() {
        if let Some(place) = place {
            members.remove(place);
        }
        return true;
    }
    let list = Node::made(Value::Array(
        tags.into_iter()
            .map(|tag| Node::made(Value::String(tag)))
            .collect(),
    ));
    match place.and_then(|place| members.get_mut(place)) {
        Some(member) => member.1 = list,
        None => members.push((KEYWORD.to_owned(), list)),
    }
    true
}

/// Called with the trail, what is there, whether this is the first name of the place, and the schema.
type Visit<'v> = dyn FnMut(&[String], EntityType, bool, &mut Node) + 'v;

/// Walks all places that can bear tags.
struct Walk<'w, 'v> {
    visit: &'w mut Visit<'v>,
}

impl Walk<'_, '_> {
    /// `is_field`: the schema is a property's, whose tags are the field's before they are the record's.
    fn schema(&mut self, node: &mut Node, trail: &mut Vec<String>, is_field: bool) {
        let is_object = is_of_objects(node);
        if is_object {
            trail.push("object".to_owned());
            (self.visit)(trail, EntityType::Record, !is_field, node);
            trail.pop();
        }
        let Value::Object(members) = &mut node.value else {
            return;
        };
        for (name, value) in members {
            match name.as_str() {
                "properties" => self.inside(trail, &["object"], |walk, trail| {
                    walk.each_member(value, trail, true);
                }),
                "definitions" | "$defs" => {
                    let words: &[&str] = if is_object {
                        &["object", name.as_str()]
                    } else {
                        &[name.as_str()]
                    };
                    self.inside(trail, words, |walk, trail| {
                        walk.each_member(value, trail, false);
                    });
                }
                "items" | "prefixItems" => self.inside(trail, &["array"], |walk, trail| {
                    if value.as_array().is_some() {
                        walk.each_item(value, trail);
                    } else {
                        walk.schema(value, trail, false);
                    }
                }),
                "allOf" | "anyOf" | "oneOf" => {
                    let word = name.to_ascii_lowercase();
                    self.inside(trail, &[&word], |walk, trail| walk.each_item(value, trail));
                }
                "not" => self.inside(trail, &["not"], |walk, trail| {
                    walk.schema(value, trail, false);
                }),
                "if" | "then" | "else" => {
                    self.inside(trail, &["conditional", name.as_str()], |walk, trail| {
                        walk.schema(value, trail, false);
                    });
                }
                _ => {}
            }
        }
    }

    fn inside(
        &mut self,
        trail: &mut Vec<String>,
        words: &[&str],
        walk: impl FnOnce(&mut Self, &mut Vec<String>),
    ) {
        let length = trail.len();
        trail.extend(words.iter().map(|word| (*word).to_owned()));
        walk(self, trail);
        trail.truncate(length);
    }

    fn each_member(&mut self, map: &mut Node, trail: &mut Vec<String>, is_field: bool) {
        let Value::Object(members) = &mut map.value else {
            return;
        };
        for (name, value) in members {
            trail.push(name.clone());
            if is_field {
                (self.visit)(trail, EntityType::Field, true, value);
            }
            self.schema(value, trail, is_field);
            trail.pop();
        }
    }

    fn each_item(&mut self, list: &mut Node, trail: &mut Vec<String>) {
        let Value::Array(items) = &mut list.value else {
            return;
        };
        for (index, item) in items.iter_mut().enumerate() {
            trail.push(index.to_string());
            self.schema(item, trail, false);
            trail.pop();
        }
    }
}

/// Whether a schema speaks of objects.
fn is_of_objects(node: &Node) -> bool {
    let names_object = |value: &Node| value.as_str() == Some("object");
    match node.get("type") {
        Some(types) => {
            names_object(types)
                || types
                    .as_array()
                    .unwrap_or_default()
                    .iter()
                    .any(names_object)
        }
        None => node
            .as_object()
            .unwrap_or_default()
            .iter()
            .any(|(name, _)| OBJECT_KEYWORDS.contains(&name.as_str())),
    }
}
