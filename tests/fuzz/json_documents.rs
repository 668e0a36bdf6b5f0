//! Random documents, aimed: built along a schema's structure, with the values around both schemas' bounds.

use super::schemas::{Draft, PATTERNS};
use crate::dice::Dice;
use serde_json::{Map, Value, json};

/// Makes documents for a pair of schemas.
pub struct Sampler<'a> {
    dice: Dice,
    roots: [(&'a Value, Draft); 2],
    strings: Vec<String>,
    numbers: Vec<Value>,
    names: Vec<String>,
    values: Vec<Value>,
}

type Part<'a> = &'a Map<String, Value>;

impl<'a> Sampler<'a> {
    /// For a writer and a reader, in this order.
    pub fn new(seed: u64, roots: [(&'a Value, Draft); 2]) -> Self {
        let mut sampler = Self {
            dice: Dice::new(seed),
            roots,
            strings: ["", "a", "b", "ab", "x", "aaaa", "\u{1F600}", " ", "0"]
                .map(str::to_owned)
                .to_vec(),
            numbers: vec![
                json!(0),
                json!(1),
                json!(-1),
                json!(2),
                json!(0.5),
                json!(1.0),
                json!(12),
            ],
            names: ["x", "", "zz"].map(str::to_owned).to_vec(),
            values: Vec::new(),
        };
        for (root, _) in roots {
            sampler.learn(root, 0);
        }
        sampler
    }

    /// Takes over a schema's own strings, numbers and names.
    fn learn(&mut self, schema: &Value, depth: usize) {
        let map = match schema {
            Value::Object(map) if depth < 40 => map,
            Value::Array(list) if depth < 40 => {
                return list.iter().for_each(|part| self.learn(part, depth + 1));
            }
            _ => return,
        };
        for (word, value) in map {
            match (word.as_str(), value) {
                ("const", value) => self.know(value),
                ("enum", Value::Array(values)) => values.iter().for_each(|v| self.know(v)),
                ("required", Value::Array(names)) => {
                    let names = names.iter().filter_map(Value::as_str).map(str::to_owned);
                    self.names.extend(names);
                }
                (
                    "properties" | "dependencies" | "dependentRequired" | "dependentSchemas",
                    Value::Object(named),
                ) => self.names.extend(named.keys().cloned()),
                ("patternProperties", Value::Object(named)) => {
                    for pattern in named.keys() {
                        self.names
                            .extend(examples(pattern).iter().map(|s| (*s).to_owned()));
                    }
                }
                ("pattern", Value::String(pattern)) => {
                    for example in examples(pattern) {
                        self.strings.push((*example).to_owned());
                        self.strings.push(format!("{example}b"));
                        self.strings.push(format!("x{example}"));
                    }
                }
                (_, Value::Number(number)) => {
                    let number = number.as_f64().unwrap_or_default();
                    for by in [-1.0, -0.5, 0.0, 0.5, 1.0] {
                        self.numbers.push(of_float(number + by));
                    }
                    for times in [2.0, 3.0, 5.0, 6.0] {
                        self.numbers.push(of_float(number * times));
                    }
                    if (0.0..60.0).contains(&number) && word.ends_with("Length") {
                        let length = number as usize;
                        self.strings.push("a".repeat(length));
                        self.strings.push("b".repeat(length + 1));
                    }
                }
                _ => {}
            }
            self.learn(value, depth + 1);
        }
    }

    fn know(&mut self, value: &Value) {
        self.values.push(value.clone());
        match value {
            Value::String(text) => {
                self.strings.push(text.clone());
                self.names.push(text.clone());
            }
            Value::Number(_) => self.numbers.push(value.clone()),
            Value::Object(map) => self.names.extend(map.keys().cloned()),
            _ => {}
        }
    }

    /// The next document.
    pub fn document(&mut self) -> Value {
        let side = usize::from(self.dice.chance(25));
        if self.dice.chance(8) {
            return self.any(0);
        }
        let (root, draft) = self.roots[side];
        let mut document = self.of(&[root], root, draft, 0);
        if self.dice.chance(if side == 0 { 20 } else { 45 }) {
            document = self.mutated(document, 0);
        }
        document
    }

    /// Anything at all.
    fn any(&mut self, depth: usize) -> Value {
        if !self.values.is_empty() && self.dice.chance(20) {
            return self.dice.of(&self.values).clone();
        }
        match self.dice.below(if depth > 2 { 6 } else { 10 }) {
            0 | 1 => self.dice.of(&self.strings).clone().into(),
            2 | 3 => self.dice.of(&self.numbers).clone(),
            4 => self.dice.chance(50).into(),
            5 => Value::Null,
            6 | 7 => {
                let count = self.dice.below(4);
                (0..count).map(|_| self.any(depth + 1)).collect()
            }
            _ => {
                let count = self.dice.below(4);
                (0..count)
                    .map(|_| (self.dice.of(&self.names).clone(), self.any(depth + 1)))
                    .collect()
            }
        }
    }

    fn mutated(&mut self, value: Value, depth: usize) -> Value {
        match value {
            Value::Object(mut map) if !map.is_empty() => {
                let names: Vec<String> = map.keys().cloned().collect();
                let name = self.dice.of(&names).clone();
                match self.dice.below(5) {
                    0 | 1 => drop(map.remove(&name)),
                    2 | 3 => {
                        let old = map.remove(&name).unwrap_or_default();
                        map.insert(name, self.mutated(old, depth + 1));
                    }
                    _ => {
                        let name = self.dice.of(&self.names).clone();
                        map.insert(name, self.any(2));
                    }
                }
                map.into()
            }
            Value::Array(mut list) if !list.is_empty() => {
                let at = self.dice.below(list.len());
                match self.dice.below(5) {
                    0 => drop(list.remove(at)),
                    1 | 2 => list[at] = self.mutated(list[at].take(), depth + 1),
                    3 => list.push(self.any(2)),
                    _ => list.push(list[at].clone()),
                }
                list.into()
            }
            _ => self.any(depth.min(2) + 1),
        }
    }

    /// A document that probably satisfies all of `schemas`.
    fn of(&mut self, schemas: &[&'a Value], root: &'a Value, draft: Draft, depth: usize) -> Value {
        if depth > 6 || self.dice.chance(4) {
            return self.any(depth.min(3));
        }
        let mut parts = Vec::new();
        for schema in schemas {
            self.gather(schema, root, draft, &mut parts, 0);
        }
        if self.dice.chance(92) {
            let fixed: Vec<&Value> = parts.iter().filter_map(|part| part.get("const")).collect();
            if !fixed.is_empty() {
                return (*self.dice.of(&fixed)).clone();
            }
            let lists: Vec<&Vec<Value>> = (parts.iter())
                .filter_map(|part| part.get("enum")?.as_array())
                .filter(|list| !list.is_empty())
                .collect();
            if !lists.is_empty() {
                let list = shortest(&lists);
                return self.dice.of(list).clone();
            }
        }
        let word = self.kind(&parts);
        match word {
            "null" => Value::Null,
            "boolean" => self.dice.chance(50).into(),
            "string" => self.string(&parts),
            "integer" | "number" => self.number(&parts, word == "integer"),
            "array" => self.array(&parts, root, draft, depth),
            "object" => self.object(&parts, root, draft, depth),
            _ => self.any(depth.min(3)),
        }
    }

    /// What has to hold at the same document, with a branch chosen wherever there is a choice.
    fn gather(
        &mut self,
        schema: &'a Value,
        root: &'a Value,
        draft: Draft,
        out: &mut Vec<Part<'a>>,
        hops: usize,
    ) {
        let Value::Object(map) = schema else { return };
        if hops > 12 {
            return;
        }
        if let Some(Value::String(to)) = map.get("$ref") {
            if let Some(target) = to.strip_prefix('#').and_then(|p| root.pointer(p)) {
                self.gather(target, root, draft, out, hops + 1);
            }
            if draft < Draft::D2019 {
                return;
            }
        }
        out.push(map);
        if let Some(Value::Array(all)) = map.get("allOf") {
            for part in all {
                self.gather(part, root, draft, out, hops + 1);
            }
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(list)) = map.get(word)
                && !list.is_empty()
            {
                let at = self.dice.below(list.len());
                self.gather(&list[at], root, draft, out, hops + 1);
            }
        }
        if draft >= Draft::D7
            && let Some(condition) = map.get("if")
        {
            let branch = if self.dice.chance(50) {
                self.gather(condition, root, draft, out, hops + 1);
                map.get("then")
            } else {
                map.get("else")
            };
            if let Some(branch) = branch {
                self.gather(branch, root, draft, out, hops + 1);
            }
        }
    }

    fn kind(&mut self, parts: &[Part<'a>]) -> &'static str {
        let mut kinds = vec!["null", "boolean", "string", "number", "array", "object"];
        let mut said = false;
        let mut whole = false;
        for part in parts {
            let types: Vec<&str> = match part.get("type") {
                Some(Value::String(one)) => vec![one],
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
                _ => continue,
            };
            said = true;
            if types.contains(&"integer") && !types.contains(&"number") {
                whole = true;
            }
            kinds.retain(|kind| {
                types.contains(kind) || (*kind == "number" && types.contains(&"integer"))
            });
        }
        if !said && self.dice.chance(80) {
            let hints: Vec<&'static str> = (parts.iter())
                .flat_map(|part| part.keys())
                .filter_map(|word| hint(word))
                .collect();
            if !hints.is_empty() {
                let hint: &&str = self.dice.of(&hints);
                return hint;
            }
        }
        match kinds.is_empty() {
            true => "any",
            false => match *self.dice.of(&kinds) {
                "number" if whole => "integer",
                kind => kind,
            },
        }
    }

    fn string(&mut self, parts: &[Part<'a>]) -> Value {
        let patterns: Vec<&str> = (parts.iter())
            .filter_map(|part| part.get("pattern")?.as_str())
            .collect();
        if !patterns.is_empty() && self.dice.chance(60) {
            let pattern: &&str = self.dice.of(&patterns);
            let of = examples(pattern);
            if !of.is_empty() {
                let mut text = (*self.dice.of(of)).to_owned();
                if self.dice.chance(30) {
                    let more: &&str = self.dice.of(&["a", "b", "0"]);
                    text.push_str(more);
                }
                return text.into();
            }
        }
        let (low, high) = bounds(parts, "minLength", "maxLength", 3);
        if self.dice.chance(60) {
            let count = self.dice.between(low, high.max(low));
            let letters = ['a', 'b', '0', ' ', 'x', '\u{e9}'];
            return (0..count)
                .map(|_| *self.dice.of(&letters))
                .collect::<String>()
                .into();
        }
        self.dice.of(&self.strings).clone().into()
    }

    fn number(&mut self, parts: &[Part<'a>], whole: bool) -> Value {
        let all = |word: &'static str| {
            (parts.iter()).filter_map(move |part| part.get(word).and_then(Value::as_f64))
        };
        let low = all("minimum")
            .chain(all("exclusiveMinimum"))
            .reduce(f64::max);
        let high = all("maximum")
            .chain(all("exclusiveMaximum"))
            .reduce(f64::min);
        let steps: Vec<f64> = all("multipleOf").filter(|step| *step > 0.0).collect();
        let mut value = match (low, high, self.dice.below(4)) {
            (Some(low), _, 0) => low,
            (_, Some(high), 1) => high,
            (Some(low), Some(high), _) if high >= low => {
                low + self.dice.below((high - low) as usize * 2 + 1) as f64 / 2.0
            }
            (Some(low), None, 2) => low + self.dice.below(20) as f64 / 2.0,
            (None, Some(high), 2) => high - self.dice.below(20) as f64 / 2.0,
            _ => self.dice.of(&self.numbers).as_f64().unwrap_or_default(),
        };
        if !steps.is_empty() && self.dice.chance(75) {
            let step = *self.dice.of(&steps);
            value = (value / step).round() * step;
        }
        if whole && self.dice.chance(90) {
            value = value.ceil();
        }
        if self.dice.chance(4) {
            return json!(value);
        }
        of_float(value)
    }

    fn array(&mut self, parts: &[Part<'a>], root: &'a Value, draft: Draft, depth: usize) -> Value {
        let first = |part: &Part<'a>| -> Option<&'a Vec<Value>> {
            let word = if draft == Draft::D2020 {
                "prefixItems"
            } else {
                "items"
            };
            part.get(word)?.as_array()
        };
        let longest = (parts.iter().filter_map(first).map(Vec::len))
            .max()
            .unwrap_or(0);
        let (low, high) = bounds(parts, "minItems", "maxItems", longest as i64 + 1);
        let count = self.dice.between(low, high.max(low).min(low + 4));
        let unique = parts
            .iter()
            .any(|part| part.get("uniqueItems") == Some(&Value::Bool(true)));
        let mut list: Vec<Value> = Vec::new();
        for at in 0..count as usize {
            let mut schemas: Vec<&'a Value> = Vec::new();
            for part in parts {
                let rest = match first(part) {
                    Some(first) if at < first.len() => first.get(at),
                    Some(_) if draft < Draft::D2020 => part.get("additionalItems"),
                    _ => part.get("items").filter(|items| !items.is_array()),
                };
                schemas.extend(rest.or_else(|| part.get("unevaluatedItems")));
                if self.dice.chance(40) {
                    schemas.extend(part.get("contains"));
                }
            }
            if schemas.contains(&&Value::Bool(false)) && self.dice.chance(90) {
                break;
            }
            let mut item = self.of(&schemas, root, draft, depth + 1);
            for _ in 0..3 {
                if unique && list.contains(&item) {
                    item = self.of(&schemas, root, draft, depth + 1);
                }
            }
            list.push(item);
        }
        list.into()
    }

    fn object(&mut self, parts: &[Part<'a>], root: &'a Value, draft: Draft, depth: usize) -> Value {
        let mut names: Vec<String> = Vec::new();
        let listed = |value: &'a Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|n| n.as_str().map(str::to_owned))
        };
        for part in parts {
            names.extend(part.get("required").into_iter().flat_map(listed));
            for name in object_of(part, "properties").flat_map(|named| named.keys()) {
                if self.dice.chance(45) {
                    names.push(name.clone());
                }
            }
        }
        let (low, high) = bounds(parts, "minProperties", "maxProperties", 6);
        names.sort();
        names.dedup();
        for _ in 0..*self.dice.of(&[0, 0, 0, 1, 1, 2]) {
            names.push(self.dice.of(&self.names).clone());
        }
        for _ in 0..8 {
            if (names.len() as i64) < low {
                names.push(self.dice.of(&self.names).clone());
                names.dedup();
            }
        }
        for part in parts {
            for word in ["dependencies", "dependentRequired"] {
                for (on, needs) in object_of(part, word).flatten() {
                    if names.contains(on) && self.dice.chance(75) {
                        names.extend(listed(needs));
                    }
                }
            }
        }
        let mut map = Map::new();
        for name in names {
            if map.len() as i64 >= high && self.dice.chance(90) {
                break;
            }
            let mut schemas: Vec<&'a Value> = Vec::new();
            for part in parts {
                let before = schemas.len();
                schemas.extend(object_of(part, "properties").filter_map(|named| named.get(&name)));
                for (pattern, schema) in object_of(part, "patternProperties").flatten() {
                    if matches(pattern, &name) {
                        schemas.push(schema);
                    }
                }
                if schemas.len() == before {
                    let rest = part.get("additionalProperties");
                    schemas.extend(rest.or_else(|| part.get("unevaluatedProperties")));
                }
            }
            if schemas.contains(&&Value::Bool(false)) && self.dice.chance(90) {
                continue;
            }
            let value = self.of(&schemas, root, draft, depth + 1);
            map.insert(name, value);
        }
        map.into()
    }
}

fn object_of<'a>(part: Part<'a>, word: &str) -> std::option::IntoIter<&'a Map<String, Value>> {
    part.get(word).and_then(Value::as_object).into_iter()
}

/// The strictest of two counts over all parts.
fn bounds(parts: &[Part<'_>], low: &str, high: &str, more: i64) -> (i64, i64) {
    let all = |word: &str| -> Vec<i64> {
        (parts.iter())
            .filter_map(|part| part.get(word)?.as_i64())
            .collect()
    };
    let least = all(low).into_iter().max().unwrap_or(0).min(60);
    let most = all(high).into_iter().min().unwrap_or(least + more);
    (least, most)
}

/// The shortest list: what is in all is most likely in it.
fn shortest<'b>(lists: &[&'b Vec<Value>]) -> &'b [Value] {
    (lists.iter().min_by_key(|list| list.len())).map_or(&[], |list| list.as_slice())
}

fn of_float(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        json!(number as i64)
    } else {
        json!(number)
    }
}

fn examples(pattern: &str) -> &'static [&'static str] {
    (PATTERNS.iter())
        .find(|(known, _)| *known == pattern)
        .map_or(&[], |(_, of)| of)
}

/// Whether a name matches one of the known patterns; a miss only makes the sample less well aimed.
fn matches(pattern: &str, name: &str) -> bool {
    thread_local! {
        static COMPILED: Vec<(&'static str, regress::Regex)> = PATTERNS
            .iter()
            .filter_map(|(pattern, _)| Some((*pattern, regress::Regex::new(pattern).ok()?)))
            .collect();
    }
    COMPILED.with(|all| {
        (all.iter())
            .find(|(known, _)| *known == pattern)
            .is_some_and(|(_, regex)| regex.find(name).is_some())
    })
}

fn hint(word: &str) -> Option<&'static str> {
    Some(match word {
        "properties"
        | "required"
        | "additionalProperties"
        | "patternProperties"
        | "minProperties"
        | "maxProperties"
        | "propertyNames"
        | "dependencies"
        | "dependentRequired"
        | "dependentSchemas"
        | "unevaluatedProperties" => "object",
        "items" | "prefixItems" | "additionalItems" | "contains" | "minItems" | "maxItems"
        | "uniqueItems" | "unevaluatedItems" => "array",
        "pattern" | "minLength" | "maxLength" => "string",
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => "number",
        _ => return None,
    })
}
