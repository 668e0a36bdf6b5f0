//! Random JSON Schemas of every draft, and small edits of them as people make them.

use crate::dice::Dice;
use serde_json::{Map, Value, json};

/// A draft, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

impl Draft {
    /// All of them.
    pub const ALL: [Draft; 5] = [Draft::D4, Draft::D6, Draft::D7, Draft::D2019, Draft::D2020];

    /// What `$schema` says.
    pub fn uri(self) -> &'static str {
        match self {
            Draft::D4 => "http://json-schema.org/draft-04/schema#",
            Draft::D6 => "http://json-schema.org/draft-06/schema#",
            Draft::D7 => "http://json-schema.org/draft-07/schema#",
            Draft::D2019 => "https://json-schema.org/draft/2019-09/schema",
            Draft::D2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// Where definitions are kept.
    pub fn definitions(self) -> &'static str {
        if self < Draft::D2019 {
            "definitions"
        } else {
            "$defs"
        }
    }
}

/// Patterns, each with strings that match it.
pub const PATTERNS: &[(&str, &[&str])] = &[
    ("^a", &["a", "ab", "aa", "a0"]),
    ("b$", &["b", "ab", "bb", "0b"]),
    ("^[ab]*$", &["", "a", "b", "ab", "ba", "aab"]),
    ("^a{2}$", &["aa"]),
    ("[0-9]", &["0", "a0", "9b"]),
    ("^(foo|bar)?$", &["", "foo", "bar"]),
    (".", &["a", "b", "x", " "]),
    ("^[a-c]{1,3}$", &["a", "bc", "cab"]),
    ("^\\d+$", &["0", "12", "007"]),
    ("^x-", &["x-", "x-a", "x-0"]),
    ("^(?!a)", &["", "b", "x-a"]),
    ("^\\S+$", &["a", "b0", "x-a"]),
    ("^[^a]*b", &["b", "0b", "bb"]),
];

const TYPES: [&str; 7] = [
    "integer", "number", "string", "object", "array", "boolean", "null",
];
const NAMES: [&str; 4] = ["a", "b", "ab", "c"];

/// Makes schemas of one draft.
pub struct Maker<'d> {
    dice: &'d mut Dice,
    draft: Draft,
    /// How many definitions may be referred to.
    definitions: usize,
    /// Whether `contains` is used rather than `unevaluatedItems`. In 2019-09 the one does not see the other, which
    /// the judge has as in 2020-12; so they do not meet there.
    contains: bool,
}

impl<'d> Maker<'d> {
    /// For a whole schema with up to three definitions; often none.
    pub fn new(dice: &'d mut Dice, draft: Draft) -> Self {
        let definitions = if dice.chance(45) {
            1 + dice.below(3)
        } else {
            0
        };
        let contains = dice.chance(70);
        Self {
            dice,
            draft,
            definitions,
            contains,
        }
    }

    /// A whole schema.
    pub fn document(&mut self) -> Value {
        let mut root = match self.schema(0, 0) {
            Value::Object(map) => map,
            // The draft has to be said somewhere.
            Value::Bool(false) => Map::from_iter([("not".to_owned(), json!({}))]),
            _ => Map::new(),
        };
        root.insert("$schema".to_owned(), self.draft.uri().into());
        if self.definitions > 0 {
            let definitions: Map<String, Value> = (0..self.definitions)
                .map(|at| (format!("d{at}"), self.schema(1, at + 1)))
                .collect();
            root.insert(self.draft.definitions().to_owned(), definitions.into());
        }
        Value::Object(root)
    }

    /// A part. Of the definitions, those before `first` are not referred to for the same document, so that
    /// nothing refers to itself without a step into the document: no validator survives that.
    fn schema(&mut self, depth: usize, first: usize) -> Value {
        if self.draft > Draft::D4 && self.dice.chance(5) {
            return Value::Bool(self.dice.chance(60));
        }
        let mut map = Map::new();
        if first < self.definitions && self.dice.chance(if depth == 0 { 12 } else { 30 }) {
            let to = first + self.dice.below(self.definitions - first);
            let place = format!("#/{}/d{to}", self.draft.definitions());
            map.insert("$ref".to_owned(), place.into());
            if self.dice.chance(75) {
                return map.into();
            }
        }
        if depth < 3 && self.dice.chance(32) {
            self.combine(&mut map, depth, first);
            if self.dice.chance(50) {
                return map.into();
            }
        }
        self.keywords(&mut map, depth);
        map.into()
    }

    fn child(&mut self, depth: usize) -> Value {
        if depth > 3 {
            return json!({"type": *self.dice.of(&TYPES)});
        }
        self.schema(depth + 1, 0)
    }

    fn combine(&mut self, map: &mut Map<String, Value>, depth: usize, first: usize) {
        let conditional = self.draft >= Draft::D7;
        match self.dice.below(if conditional { 6 } else { 5 }) {
            0 => drop(map.insert("not".to_owned(), self.schema(depth + 1, first))),
            5 => {
                map.insert("if".to_owned(), self.schema(depth + 1, first));
                for branch in ["then", "else"] {
                    if self.dice.chance(60) {
                        map.insert(branch.to_owned(), self.schema(depth + 1, first));
                    }
                }
            }
            _ => {
                let word = *self.dice.of(&["anyOf", "oneOf", "allOf"]);
                let count = 1 + self.dice.below(3);
                let parts = (0..count).map(|_| self.schema(depth + 1, first)).collect();
                map.insert(word.to_owned(), Value::Array(parts));
            }
        }
    }

    /// Keywords of one type, mostly with that type.
    fn keywords(&mut self, map: &mut Map<String, Value>, depth: usize) {
        let kind = *self.dice.of(&TYPES);
        if self.dice.chance(80) {
            let other = *self.dice.of(&TYPES);
            let several = self.dice.chance(18) && other != kind;
            let types = if several {
                json!([kind, other])
            } else {
                json!(kind)
            };
            map.insert("type".to_owned(), types);
        }
        match kind {
            "integer" | "number" => self.number(map),
            "string" => self.string(map),
            "object" => self.object(map, depth),
            "array" => self.array(map, depth),
            _ => {}
        }
        if self.dice.chance(10) {
            let count = 1 + self.dice.below(4);
            let values = self.values();
            let taken: Vec<_> = self
                .dice
                .some(&values, count)
                .into_iter()
                .cloned()
                .collect();
            map.insert("enum".to_owned(), taken.into());
        }
        if self.draft > Draft::D4 && self.dice.chance(5) {
            let values = self.values();
            map.insert("const".to_owned(), self.dice.of(&values).clone());
        }
        if self.dice.chance(4) {
            map.insert("title".to_owned(), "t".into());
        }
    }

    fn values(&mut self) -> Vec<Value> {
        json!([0, 1, 2, 0.5, "a", "foo", "", null, true, false, [], {}, [1], [1, "a"], {"a": 1}, {"a": "b", "b": []}])
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    fn number(&mut self, map: &mut Map<String, Value>) {
        let half = |dice: &mut Dice, low, high| {
            let whole = dice.between(low, high);
            if dice.chance(15) {
                json!(whole as f64 + 0.5)
            } else {
                json!(whole)
            }
        };
        for (word, low, high, often) in [("minimum", -3, 4, 50), ("maximum", 0, 7, 50)] {
            if self.dice.chance(often) {
                map.insert(word.to_owned(), half(self.dice, low, high));
                let word = if word == "minimum" {
                    "exclusiveMinimum"
                } else {
                    "exclusiveMaximum"
                };
                if self.draft == Draft::D4 && self.dice.chance(25) {
                    map.insert(word.to_owned(), self.dice.chance(70).into());
                }
            }
        }
        if self.draft > Draft::D4 {
            for (word, low, high) in [("exclusiveMinimum", -2, 3), ("exclusiveMaximum", 0, 5)] {
                if self.dice.chance(15) {
                    map.insert(word.to_owned(), half(self.dice, low, high));
                }
            }
        }
        if self.dice.chance(28) {
            let of = json!([1, 2, 3, 4, 6, 0.5, 1.5, 0.25]);
            let at = self.dice.below(8);
            map.insert("multipleOf".to_owned(), of[at].clone());
        }
    }

    fn string(&mut self, map: &mut Map<String, Value>) {
        for (word, high) in [("minLength", 3), ("maxLength", 4)] {
            if self.dice.chance(38) {
                map.insert(word.to_owned(), self.dice.between(0, high).into());
            }
        }
        if self.dice.chance(38) {
            map.insert("pattern".to_owned(), self.dice.of(PATTERNS).0.into());
        }
        if self.dice.chance(5) {
            map.insert("format".to_owned(), "date".into());
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>, depth: usize) {
        let names = |dice: &mut Dice, most: usize| -> Vec<&'static str> {
            let count = 1 + dice.below(most);
            dice.some(&NAMES, count).into_iter().copied().collect()
        };
        if self.dice.chance(72) {
            let properties: Map<String, Value> = names(self.dice, 3)
                .into_iter()
                .map(|name| (name.to_owned(), self.child(depth)))
                .collect();
            map.insert("properties".to_owned(), properties.into());
        }
        if self.dice.chance(42) {
            map.insert("required".to_owned(), names(self.dice, 2).into());
        }
        if self.dice.chance(32) {
            let of = if self.dice.chance(35) {
                self.child(depth)
            } else {
                false.into()
            };
            map.insert("additionalProperties".to_owned(), of);
        }
        if self.dice.chance(24) {
            let count = 1 + self.dice.below(2);
            let patterns: Map<String, Value> = (0..count)
                .map(|_| (self.dice.of(PATTERNS).0.to_owned(), self.child(depth)))
                .collect();
            map.insert("patternProperties".to_owned(), patterns.into());
        }
        for (word, often) in [("minProperties", 18), ("maxProperties", 18)] {
            if self.dice.chance(often) {
                map.insert(word.to_owned(), self.dice.between(0, 3).into());
            }
        }
        if self.draft > Draft::D4 && self.dice.chance(9) {
            let mut of = Map::new();
            self.string(&mut of);
            if self.dice.chance(20) {
                of.insert("enum".to_owned(), names(self.dice, 3).into());
            }
            map.insert("propertyNames".to_owned(), of.into());
        }
        if self.dice.chance(10) {
            let on = *self.dice.of(&NAMES);
            let later = self.draft >= Draft::D2019;
            let (word, of) = if self.dice.chance(60) {
                let names = json!(names(self.dice, 2));
                (
                    if later {
                        "dependentRequired"
                    } else {
                        "dependencies"
                    },
                    names,
                )
            } else {
                // In place, so it may not refer to a definition.
                let of = self.schema(depth + 2, self.definitions);
                (
                    if later {
                        "dependentSchemas"
                    } else {
                        "dependencies"
                    },
                    of,
                )
            };
            map.insert(word.to_owned(), json!({on: of}));
        }
        if self.draft >= Draft::D2019 && self.dice.chance(10) {
            let of = if self.dice.chance(70) {
                false.into()
            } else {
                self.child(depth)
            };
            map.insert("unevaluatedProperties".to_owned(), of);
        }
    }

    fn array(&mut self, map: &mut Map<String, Value>, depth: usize) {
        if self.dice.chance(50) {
            map.insert("items".to_owned(), self.child(depth));
        }
        if self.dice.chance(25) {
            let count = 1 + self.dice.below(2);
            let first: Vec<Value> = (0..count).map(|_| self.child(depth)).collect();
            if self.draft == Draft::D2020 {
                map.insert("prefixItems".to_owned(), first.into());
            } else {
                map.insert("items".to_owned(), first.into());
                if self.dice.chance(50) {
                    let rest = if self.dice.chance(50) {
                        false.into()
                    } else {
                        self.child(depth)
                    };
                    map.insert("additionalItems".to_owned(), rest);
                }
            }
        }
        for word in ["minItems", "maxItems"] {
            if self.dice.chance(28) {
                map.insert(word.to_owned(), self.dice.between(0, 3).into());
            }
        }
        if self.dice.chance(18) {
            map.insert("uniqueItems".to_owned(), self.dice.chance(90).into());
        }
        let apart = self.draft == Draft::D2019;
        if self.draft > Draft::D4 && self.dice.chance(22) && (self.contains || !apart) {
            map.insert("contains".to_owned(), self.child(depth));
            if self.draft >= Draft::D2019 {
                if self.dice.chance(30) {
                    map.insert("minContains".to_owned(), self.dice.between(0, 2).into());
                }
                if self.dice.chance(30) {
                    map.insert("maxContains".to_owned(), self.dice.between(1, 2).into());
                }
            }
        }
        if self.draft >= Draft::D2019 && self.dice.chance(10) && !(self.contains && apart) {
            let of = if self.dice.chance(70) {
                false.into()
            } else {
                self.child(depth)
            };
            map.insert("unevaluatedItems".to_owned(), of);
        }
    }

    /// One or two edits of a schema that this maker made.
    pub fn edited(&mut self, schema: &Value) -> Value {
        let mut edited = schema.clone();
        for _ in 0..1 + self.dice.below(2) {
            let mut places = Vec::new();
            parts(&edited, String::new(), &mut places);
            let place = self.dice.of(&places).clone();
            if let Some(part) = edited.pointer_mut(&place) {
                self.edit(part, place.is_empty());
            }
        }
        edited
    }

    fn edit(&mut self, part: &mut Value, is_root: bool) {
        // Nothing new refers to a definition in place.
        let none = self.definitions;
        let Value::Object(map) = part else {
            *part = self.schema(3, none);
            return;
        };
        let kept = ["$schema", "$defs", "definitions"];
        match self.dice.below(10) {
            0 | 1 => {
                let names: Vec<String> = map.keys().cloned().collect();
                if let Some(name) = names.get(self.dice.below(names.len().max(1)))
                    && !kept.contains(&name.as_str())
                {
                    map.remove(name);
                }
            }
            2 => {
                let mut more = Map::new();
                self.keywords(&mut more, 3);
                let count = 1 + self.dice.below(2);
                map.extend(more.into_iter().take(count));
            }
            3 | 4 => {
                let by = if self.dice.chance(50) { 1 } else { -1 };
                for (name, value) in map.iter_mut() {
                    let bound = ["min", "max", "exc", "mul"]
                        .iter()
                        .any(|start| name.starts_with(start));
                    if let (true, Some(number)) = (bound, value.as_i64()) {
                        let least = i64::from(name == "multipleOf");
                        *value = (number + by).max(least).into();
                    }
                }
            }
            5 => {
                let types = match map.get("type").and_then(Value::as_str) {
                    Some("integer") => json!("number"),
                    Some("number") => json!("integer"),
                    Some("null") => json!(["null", "boolean"]),
                    Some(one) => json!([one, "null"]),
                    None => json!(*self.dice.of(&TYPES)),
                };
                map.insert("type".to_owned(), types);
            }
            6 => {
                let name = *self.dice.of(&NAMES);
                let of = self.schema(3, 0);
                let properties = map.entry("properties").or_insert_with(|| json!({}));
                if let Value::Object(properties) = properties {
                    properties.insert(name.to_owned(), of);
                }
                if self.dice.chance(40) {
                    map.insert("required".to_owned(), json!([name]));
                }
            }
            7 => {
                let word = if self.dice.chance(70) {
                    "additionalProperties"
                } else {
                    "items"
                };
                let closed = self.draft > Draft::D4 || word != "items";
                let of = if closed && self.dice.chance(50) {
                    self.dice.chance(50).into()
                } else {
                    self.child(2)
                };
                map.insert(word.to_owned(), of);
            }
            8 if !is_root => {
                let word = *self.dice.of(&["anyOf", "oneOf", "allOf"]);
                let old = Value::Object(std::mem::take(map));
                let other = self.schema(3, none);
                map.insert(word.to_owned(), json!([old, other]));
            }
            9 if !is_root => *part = self.schema(2, none),
            _ => match map.get_mut("enum").and_then(Value::as_array_mut) {
                Some(values) if values.len() > 1 && self.dice.chance(50) => drop(values.pop()),
                Some(values) => {
                    if !values.contains(&json!("new")) {
                        values.push("new".into());
                    }
                }
                None => drop(map.insert("type".to_owned(), json!(*self.dice.of(&TYPES)))),
            },
        }
    }
}

/// The places of all parts that are schemas, the whole first.
pub fn parts(schema: &Value, place: String, out: &mut Vec<String>) {
    if let Value::Object(map) = schema {
        for (word, value) in map {
            let at = format!("{place}/{word}");
            match (word.as_str(), value) {
                (
                    "properties" | "patternProperties" | "$defs" | "definitions"
                    | "dependentSchemas" | "dependencies",
                    Value::Object(named),
                ) => {
                    for (name, part) in named.iter().filter(|(_, part)| !part.is_array()) {
                        let name = name.replace('~', "~0").replace('/', "~1");
                        parts(part, format!("{at}/{name}"), out);
                    }
                }
                ("anyOf" | "oneOf" | "allOf" | "prefixItems" | "items", Value::Array(list)) => {
                    for (i, part) in list.iter().enumerate() {
                        parts(part, format!("{at}/{i}"), out);
                    }
                }
                (
                    "items"
                    | "additionalItems"
                    | "additionalProperties"
                    | "propertyNames"
                    | "not"
                    | "if"
                    | "then"
                    | "else"
                    | "contains"
                    | "unevaluatedItems"
                    | "unevaluatedProperties",
                    Value::Object(_) | Value::Bool(_),
                ) => parts(value, at, out),
                _ => {}
            }
        }
    }
    out.insert(0, place);
}
