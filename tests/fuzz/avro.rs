//! Random pairs of Avro schemas, judged by a small resolver of this folder's own: no datum may contradict a `proved`,
//! every witness has to fail.

#[path = "avro_model.rs"]
mod model;

use crate::dice::Dice;
use crate::{Pair, Round};
use accord::format::truth::{Budget, Effect, Outcome, Truth};
use accord::format::{Limits, Parsed, Source, Strictness, truth};
use accord::model::SchemaType;
use model::{Model, decode, resolves, shown};
use serde_json::{Map, Value, json};

/// How many data are tried on a proof.
const DATA: usize = 60;

/// One pair, with what was said of it.
pub fn round(seed: u64) -> Round {
    let mut dice = Dice::new(seed);
    loop {
        let old = Maker::new(&mut dice).schema(0);
        let new = if dice.chance(88) {
            let mut made = 0;
            let mut new = edited(&old, &mut dice, &mut made);
            if dice.chance(30) {
                new = edited(&new, &mut dice, &mut made);
            }
            new
        } else {
            Maker::new(&mut dice).schema(0)
        };
        let (reader, writer) = if dice.chance(50) {
            (new, old)
        } else {
            (old, new)
        };
        let parsed = (parsed(&reader), parsed(&writer));
        let models = (Model::new(&reader), Model::new(&writer));
        if let ((Some(r), Some(w)), (Some(rm), Some(wm))) = (parsed, models) {
            let truth = truth(&r, &w, &Budget::default());
            return match contradiction(&rm, &wm, &truth, &mut dice) {
                Some(told) => Err(format!("{told}\n  writer {writer}\n  reader {reader}")),
                None => Ok(Pair {
                    reader: reader.to_string(),
                    writer: writer.to_string(),
                    truth,
                }),
            };
        }
    }
}

fn parsed(schema: &Value) -> Option<Parsed> {
    let source = Source {
        text: &schema.to_string(),
        references: &[],
        strictness: Strictness::New,
        limits: Limits::default(),
    };
    Parsed::parse(SchemaType::Avro, &source).ok()
}

fn contradiction(reader: &Model, writer: &Model, truth: &Truth, dice: &mut Dice) -> Option<String> {
    match truth.outcome {
        Outcome::Proved => (0..DATA).find_map(|_| {
            let datum = writer.datum(dice)?;
            match resolves(reader, writer, &datum) {
                Err(why) => Some(format!("proved, but {why}: {:?}", shown(writer, &datum))),
                Ok(true) if truth.warnings.is_empty() => Some(format!(
                    "no warning, but it changes: {:?}",
                    shown(writer, &datum)
                )),
                Ok(_) => None,
            }
        }),
        Outcome::Broken => truth.breaks.iter().find_map(|told| {
            let bytes = told.witness.hex.as_deref().and_then(unhex);
            let Some(datum) = bytes.and_then(|bytes| decode(writer, &bytes)) else {
                return Some(format!(
                    "a witness that is not the writer's: {:?}",
                    told.witness
                ));
            };
            if told.effect == Effect::Fails && resolves(reader, writer, &datum).is_ok() {
                return Some(format!("a witness that is read: {:?}", told.witness));
            }
            let says: Option<Value> = serde_json::from_str(&told.witness.record).ok();
            match (says, shown(writer, &datum)) {
                (Some(says), Some(shows)) if says != shows => {
                    Some(format!("the bytes of {:?} are {shows}", told.witness))
                }
                (None, Some(_)) => Some(format!("a record that is no JSON: {:?}", told.witness)),
                _ => None,
            }
        }),
        Outcome::Undecided => None,
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.chunks(2))
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
        .collect()
}

const SCALARS: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

struct Maker<'d> {
    dice: &'d mut Dice,
    made: usize,
    /// Names that may be used again, with the kind of type.
    known: Vec<String>,
}

impl<'d> Maker<'d> {
    fn new(dice: &'d mut Dice) -> Self {
        Self {
            dice,
            made: 0,
            known: Vec::new(),
        }
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("N{}", self.made)
    }

    fn schema(&mut self, depth: usize) -> Value {
        match self.dice.below(if depth > 3 { 9 } else { 24 }) {
            0..=7 => json!(*self.dice.of(&SCALARS)),
            8 if !self.known.is_empty() => json!(self.dice.of(&self.known).clone()),
            8 => json!("int"),
            9 | 10 => json!({"type": "array", "items": self.schema(depth + 1)}),
            11 => json!({"type": "map", "values": self.schema(depth + 1)}),
            12 | 13 => {
                let name = self.name();
                let count = 1 + self.dice.below(3);
                let symbols = self.dice.some(&["A", "B", "C"], count);
                let mut made = json!({"type": "enum", "name": name, "symbols": symbols});
                if self.dice.chance(20) {
                    made["default"] = json!(symbols[0]);
                }
                self.known.push(name);
                made
            }
            14 => {
                let name = self.name();
                self.known.push(name.clone());
                json!({"type": "fixed", "name": name, "size": *self.dice.of(&[2, 4])})
            }
            15..=20 => {
                let name = self.name();
                self.known.push(name.clone());
                let count = 1 + self.dice.below(3);
                let names = self.dice.some(&["a", "b", "c", "d"], count);
                let fields: Vec<Value> = (names.into_iter())
                    .map(|field| json!({"name": field, "type": self.schema(depth + 1)}))
                    .collect();
                let mut made = json!({"type": "record", "name": name, "fields": fields});
                if self.dice.chance(12) {
                    made["namespace"] = json!(*self.dice.of(&["n", "m.o"]));
                    // A short name means another type there, so it is used no more.
                    self.known.clear();
                }
                made
            }
            _ => {
                let count = 1 + self.dice.below(4);
                let branches: Vec<Value> = (0..count).map(|_| self.schema(depth + 1)).collect();
                union(branches)
            }
        }
    }
}

/// A union of what may stand side by side in one.
fn union(branches: Vec<Value>) -> Value {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for branch in branches {
        let key = match &branch {
            Value::String(word) => word.clone(),
            Value::Object(map) => {
                let named = map.get("name").or_else(|| map.get("type"));
                named.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => continue,
        };
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(branch);
        }
    }
    if kept.is_empty() {
        kept.push(json!("int"));
    }
    kept.into()
}

/// A default that fits the start of a type, if a plain one does.
fn default_for(of: &Value) -> Option<Value> {
    Some(match of {
        Value::String(word) => match word.as_str() {
            "null" => Value::Null,
            "boolean" => json!(true),
            "int" | "long" => json!(1),
            "float" | "double" => json!(1.5),
            "bytes" | "string" => json!("x"),
            _ => return None,
        },
        Value::Array(branches) => default_for(branches.first()?)?,
        Value::Object(map) => match map.get("type")?.as_str()? {
            "array" => json!([]),
            "map" => json!({}),
            "enum" => map.get("symbols")?.get(0)?.clone(),
            _ => return None,
        },
        _ => return None,
    })
}

/// A schema with some of its parts changed as people change them.
fn edited(schema: &Value, dice: &mut Dice, made: &mut usize) -> Value {
    match schema {
        Value::String(word) if dice.chance(14) => match word.as_str() {
            "int" => json!(*dice.of(&["long", "float", "double", "string"])),
            "long" => json!(*dice.of(&["int", "double", "float"])),
            "float" => json!("double"),
            "double" => json!(*dice.of(&["float", "double"])),
            "string" => json!(*dice.of(&["bytes", "int"])),
            "bytes" => json!("string"),
            "null" => json!("null"),
            other => union(vec![json!("null"), json!(other)]),
        },
        Value::String(_) => schema.clone(),
        Value::Array(branches) => {
            let mut branches: Vec<Value> = branches.iter().map(|b| edited(b, dice, made)).collect();
            match dice.below(8) {
                0 => drop(branches.pop()),
                1 => branches.push(json!(*dice.of(&SCALARS))),
                2 => branches.reverse(),
                _ => {}
            }
            union(branches)
        }
        Value::Object(map) => {
            let mut map = map.clone();
            match map.get("type").and_then(Value::as_str).unwrap_or_default() {
                "array" => inside(&mut map, "items", dice, made),
                "map" => inside(&mut map, "values", dice, made),
                "enum" => edit_enum(&mut map, dice),
                "fixed" if dice.chance(10) => drop(map.insert("size".to_owned(), json!(2))),
                "record" => edit_record(&mut map, dice, made),
                _ => {}
            }
            if map.contains_key("name") && dice.chance(5) {
                let old = map.get("name").cloned().unwrap_or_default();
                *made += 1;
                map.insert("name".to_owned(), json!(format!("R{made}")));
                if dice.chance(60) {
                    map.insert("aliases".to_owned(), json!([old]));
                }
            }
            if map.contains_key("name") && dice.chance(3) {
                map.insert("namespace".to_owned(), json!("other"));
            }
            map.into()
        }
        other => other.clone(),
    }
}

fn inside(map: &mut Map<String, Value>, word: &str, dice: &mut Dice, made: &mut usize) {
    if let Some(of) = map.get_mut(word) {
        *of = edited(of, dice, made);
    }
}

fn edit_enum(map: &mut Map<String, Value>, dice: &mut Dice) {
    let choice = dice.below(8);
    let Some(Value::Array(symbols)) = map.get_mut("symbols") else {
        return;
    };
    match choice {
        0 if symbols.len() > 1 => drop(symbols.pop()),
        1 if !symbols.contains(&json!("Z")) => symbols.push(json!("Z")),
        2 => symbols.reverse(),
        _ => {}
    }
    let symbols = symbols.clone();
    if dice.chance(20) || map.get("default").is_some_and(|d| !symbols.contains(d)) {
        map.insert("default".to_owned(), symbols[0].clone());
    }
}

fn edit_record(map: &mut Map<String, Value>, dice: &mut Dice, made: &mut usize) {
    let Some(Value::Array(fields)) = map.get_mut("fields") else {
        return;
    };
    for field in fields.iter_mut() {
        if let Some(of) = field.get_mut("type") {
            *of = edited(of, dice, made);
        }
        // A default belongs to the type that it was written for.
        if let Some(field) = field.as_object_mut() {
            field.remove("default");
        }
        if dice.chance(15)
            && let Some(default) = default_for(&field["type"])
        {
            field["default"] = default;
        }
    }
    match dice.below(9) {
        0 => fields.push(json!({"name": "zz", "type": *dice.of(&SCALARS)})),
        1 | 2 => fields.push(json!({"name": "zz", "type": "int", "default": 1})),
        3 if fields.len() > 1 => drop(fields.pop()),
        4 => fields.reverse(),
        5 => {
            let at = dice.below(fields.len());
            let old = fields[at]["name"].clone();
            fields[at]["name"] = json!("ren");
            if dice.chance(70) {
                fields[at]["aliases"] = json!([old]);
            }
        }
        _ => {}
    }
}
