//! Avro's schemas and data by the letter of the specification, small and slow, and shared with nothing: the judge.

use crate::dice::Dice;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A parsed schema: types by number, the root's number.
pub struct Model {
    types: Vec<Type>,
    root: usize,
}

enum Type {
    Primitive(String),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Fixed(Names, usize),
    Enum(Names, Vec<String>, Option<String>),
    Record(Names, Vec<Field>),
}

struct Names {
    full: String,
    /// Full names.
    aliases: Vec<String>,
}

impl Names {
    fn short(&self) -> &str {
        self.full.rsplit('.').next().unwrap_or_default()
    }
}

struct Field {
    name: String,
    aliases: Vec<String>,
    of: usize,
    has_default: bool,
}

/// A value of a type that is known beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    Null,
    Boolean(bool),
    Whole(i64),
    Float(f32),
    Double(f64),
    Bytes(Vec<u8>),
    Text(String),
    Symbol(usize),
    List(Vec<Datum>),
    Map(Vec<(String, Datum)>),
    Branch(usize, Box<Datum>),
    Record(Vec<Datum>),
}

impl Model {
    /// Of a schema as JSON; `None` for what this small reader does not know.
    pub fn new(schema: &Value) -> Option<Self> {
        let mut model = Self {
            types: Vec::new(),
            root: 0,
        };
        model.root = model.add(schema, "", &mut HashMap::new())?;
        Some(model)
    }

    fn push(&mut self, of: Type) -> usize {
        self.types.push(of);
        self.types.len() - 1
    }

    fn add(
        &mut self,
        schema: &Value,
        space: &str,
        known: &mut HashMap<String, usize>,
    ) -> Option<usize> {
        match schema {
            Value::String(word) if PRIMITIVES.contains(&word.as_str()) => {
                Some(self.push(Type::Primitive(word.clone())))
            }
            Value::String(name) => known.get(&full(name, space)).copied(),
            Value::Array(branches) => {
                let branches: Option<Vec<usize>> =
                    branches.iter().map(|b| self.add(b, space, known)).collect();
                Some(self.push(Type::Union(branches?)))
            }
            Value::Object(map) => self.object(map, space, known),
            _ => None,
        }
    }

    fn object(
        &mut self,
        map: &Map<String, Value>,
        space: &str,
        known: &mut HashMap<String, usize>,
    ) -> Option<usize> {
        let strings = |value: Option<&Value>| -> Vec<String> {
            let list = value.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|s| s.as_str().map(str::to_owned)).collect()
        };
        let word = map.get("type")?.as_str()?;
        match word {
            "array" => {
                let of = self.add(map.get("items")?, space, known)?;
                return Some(self.push(Type::Array(of)));
            }
            "map" => {
                let of = self.add(map.get("values")?, space, known)?;
                return Some(self.push(Type::Map(of)));
            }
            "record" | "enum" | "fixed" => {}
            _ => return self.add(map.get("type")?, space, known),
        }
        let space = map
            .get("namespace")
            .and_then(Value::as_str)
            .unwrap_or(space);
        let name = full(map.get("name")?.as_str()?, space);
        let space = name
            .rsplit_once('.')
            .map_or("", |(space, _)| space)
            .to_owned();
        let names = Names {
            aliases: strings(map.get("aliases"))
                .iter()
                .map(|a| full(a, &space))
                .collect(),
            full: name.clone(),
        };
        let at = self.push(match word {
            "fixed" => Type::Fixed(names, usize::try_from(map.get("size")?.as_u64()?).ok()?),
            "enum" => {
                let default = map
                    .get("default")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                Type::Enum(names, strings(map.get("symbols")), default)
            }
            _ => Type::Record(names, Vec::new()),
        });
        known.insert(name, at);
        let mut made = Vec::new();
        for field in map
            .get("fields")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            made.push(Field {
                name: field["name"].as_str()?.to_owned(),
                aliases: strings(field.get("aliases")),
                of: self.add(&field["type"], &space, known)?,
                has_default: field.get("default").is_some(),
            });
        }
        if let Type::Record(_, fields) = &mut self.types[at] {
            *fields = made;
        }
        Some(at)
    }

    /// A random datum; `None` where the nesting finds no end.
    pub fn datum(&self, dice: &mut Dice) -> Option<Datum> {
        self.any(self.root, dice, 0)
    }

    fn any(&self, of: usize, dice: &mut Dice, depth: usize) -> Option<Datum> {
        if depth > 24 {
            return None;
        }
        Some(match &self.types[of] {
            Type::Primitive(word) => match word.as_str() {
                "null" => Datum::Null,
                "boolean" => Datum::Boolean(dice.chance(50)),
                "int" => Datum::Whole(*dice.of(&[
                    0,
                    1,
                    -1,
                    7,
                    16_777_217,
                    i64::from(i32::MAX),
                    i64::from(i32::MIN),
                ])),
                "long" => Datum::Whole(*dice.of(&[
                    0,
                    1,
                    -1,
                    1 << 24,
                    (1 << 24) + 1,
                    1 << 32,
                    (1 << 53) + 1,
                    i64::MAX,
                    i64::MIN,
                ])),
                "float" => Datum::Float(*dice.of(&[0.0, 0.5, -1.5, 0.1, f32::MAX, f32::INFINITY])),
                "double" => {
                    Datum::Double(*dice.of(&[0.0, 0.5, -1.5, 0.1, f64::MAX, f64::NEG_INFINITY]))
                }
                "bytes" => {
                    Datum::Bytes(dice.of(&[vec![], vec![0], vec![255], vec![97, 98]]).clone())
                }
                _ => Datum::Text((*dice.of(&["", "a", "\u{e9}", "text"])).to_owned()),
            },
            Type::Array(of) => {
                let count = if depth > 8 { 0 } else { dice.below(3) };
                let items: Option<Vec<Datum>> =
                    (0..count).map(|_| self.any(*of, dice, depth + 1)).collect();
                Datum::List(items?)
            }
            Type::Map(of) => {
                let count = if depth > 8 { 0 } else { dice.below(3) };
                let entries: Option<Vec<(String, Datum)>> = (0..count)
                    .map(|at| Some((format!("k{at}"), self.any(*of, dice, depth + 1)?)))
                    .collect();
                Datum::Map(entries?)
            }
            Type::Union(branches) => {
                let start = dice.below(branches.len().max(1));
                // Another branch where one finds no end.
                let found = (0..branches.len()).find_map(|more| {
                    let at = (start + more) % branches.len();
                    Some((at, self.any(branches[at], dice, depth + 1)?))
                });
                let (at, value) = found?;
                Datum::Branch(at, Box::new(value))
            }
            Type::Fixed(_, size) => {
                Datum::Bytes((0..*size).map(|_| *dice.of(&[0, 97, 255])).collect())
            }
            Type::Enum(_, symbols, _) => Datum::Symbol(dice.below(symbols.len())),
            Type::Record(_, fields) => {
                let values: Option<Vec<Datum>> = fields
                    .iter()
                    .map(|f| self.any(f.of, dice, depth + 1))
                    .collect();
                Datum::Record(values?)
            }
        })
    }
}

const PRIMITIVES: [&str; 8] = [
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

fn full(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() {
        name.to_owned()
    } else {
        format!("{space}.{name}")
    }
}

/// Reads bytes as their writer wrote them; `None` if they are not the writer's, or some are left.
pub fn decode(writer: &Model, bytes: &[u8]) -> Option<Datum> {
    let mut rest = bytes;
    let datum = read(writer, writer.root, &mut rest, 0)?;
    rest.is_empty().then_some(datum)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

fn whole(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some((number >> 1) as i64 ^ -((number & 1) as i64));
        }
    }
    None
}

fn block(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(whole(rest)?).ok()?;
    Some(take(rest, length)?.to_vec())
}

fn read(model: &Model, of: usize, rest: &mut &[u8], depth: usize) -> Option<Datum> {
    if depth > 200 {
        return None;
    }
    Some(match &model.types[of] {
        Type::Primitive(word) => match word.as_str() {
            "null" => Datum::Null,
            "boolean" => Datum::Boolean(take(rest, 1)?[0] == 1),
            "int" | "long" => Datum::Whole(whole(rest)?),
            "float" => Datum::Float(f32::from_le_bytes(take(rest, 4)?.try_into().ok()?)),
            "double" => Datum::Double(f64::from_le_bytes(take(rest, 8)?.try_into().ok()?)),
            "bytes" => Datum::Bytes(block(rest)?),
            _ => Datum::Text(String::from_utf8(block(rest)?).ok()?),
        },
        Type::Array(of) => {
            let mut items = Vec::new();
            loop {
                let count = whole(rest)?;
                if count < 0 {
                    whole(rest)?;
                }
                if count == 0 {
                    break;
                }
                for _ in 0..count.unsigned_abs() {
                    items.push(read(model, *of, rest, depth + 1)?);
                }
            }
            Datum::List(items)
        }
        Type::Map(of) => {
            let mut entries = Vec::new();
            loop {
                let count = whole(rest)?;
                if count < 0 {
                    whole(rest)?;
                }
                if count == 0 {
                    break;
                }
                for _ in 0..count.unsigned_abs() {
                    let key = String::from_utf8(block(rest)?).ok()?;
                    entries.push((key, read(model, *of, rest, depth + 1)?));
                }
            }
            Datum::Map(entries)
        }
        Type::Union(branches) => {
            let at = usize::try_from(whole(rest)?).ok()?;
            Datum::Branch(
                at,
                Box::new(read(model, *branches.get(at)?, rest, depth + 1)?),
            )
        }
        Type::Fixed(_, size) => Datum::Bytes(take(rest, *size)?.to_vec()),
        Type::Enum(_, symbols, _) => {
            let at = usize::try_from(whole(rest)?).ok()?;
            symbols.get(at)?;
            Datum::Symbol(at)
        }
        Type::Record(_, fields) => {
            let values: Option<Vec<Datum>> = (fields.iter())
                .map(|field| read(model, field.of, rest, depth + 1))
                .collect();
            Datum::Record(values?)
        }
    })
}

/// Whether a datum of the writer's is read; if it is, whether some number or text was changed by a promotion.
pub fn resolves(reader: &Model, writer: &Model, datum: &Datum) -> Result<bool, String> {
    let mut changed = false;
    resolve(
        reader,
        reader.root,
        writer,
        writer.root,
        datum,
        &mut changed,
    )?;
    Ok(changed)
}

fn resolve(
    reader: &Model,
    r: usize,
    writer: &Model,
    w: usize,
    datum: &Datum,
    changed: &mut bool,
) -> Result<(), String> {
    if let (Type::Union(branches), Datum::Branch(at, value)) = (&writer.types[w], datum) {
        return resolve(reader, r, writer, branches[*at], value, changed);
    }
    let written = &writer.types[w];
    match (&reader.types[r], written, datum) {
        (Type::Union(branches), _, _) => {
            let at = branch(reader, branches, written).ok_or("no branch of the reader matches")?;
            resolve(reader, at, writer, w, datum, changed)
        }
        (Type::Primitive(r), Type::Primitive(w), datum) => {
            if r != w && !promotes(w, r) {
                return Err(format!("{w} is not read as {r}"));
            }
            *changed |= match (r.as_str(), datum) {
                ("float", Datum::Whole(n)) => i128::from(*n) != (*n as f32) as i128,
                ("double", Datum::Whole(n)) => i128::from(*n) != (*n as f64) as i128,
                ("string", Datum::Bytes(bytes)) => std::str::from_utf8(bytes).is_err(),
                _ => false,
            };
            Ok(())
        }
        (Type::Array(r), Type::Array(w), Datum::List(items)) => {
            (items.iter()).try_for_each(|item| resolve(reader, *r, writer, *w, item, changed))
        }
        (Type::Map(r), Type::Map(w), Datum::Map(entries)) => {
            (entries.iter()).try_for_each(|(_, v)| resolve(reader, *r, writer, *w, v, changed))
        }
        (Type::Fixed(r, read), Type::Fixed(w, wrote), _) if named_alike(r, w) && read == wrote => {
            Ok(())
        }
        (Type::Enum(r, read, default), Type::Enum(w, wrote, _), Datum::Symbol(at))
            if named_alike(r, w) =>
        {
            let known =
                read.contains(&wrote[*at]) || default.as_ref().is_some_and(|d| read.contains(d));
            known
                .then_some(())
                .ok_or_else(|| format!("no symbol {}", wrote[*at]))
        }
        (Type::Record(r, read), Type::Record(w, wrote), Datum::Record(values))
            if named_alike(r, w) =>
        {
            for field in read {
                let called = |name: &String| *name == field.name || field.aliases.contains(name);
                let mut hits = (wrote.iter().zip(values)).filter(|(f, _)| called(&f.name));
                match (hits.next(), hits.next()) {
                    (Some(_), Some(_)) => return Err(format!("two fields match {}", field.name)),
                    (Some((from, value)), None) => {
                        resolve(reader, field.of, writer, from.of, value, changed)?;
                    }
                    (None, _) if field.has_default => {}
                    (None, _) => return Err(format!("nothing for {}", field.name)),
                }
            }
            Ok(())
        }
        _ => Err("the types do not match".to_owned()),
    }
}

fn promotes(w: &str, r: &str) -> bool {
    matches!(
        (w, r),
        ("int", "long" | "float" | "double")
            | ("long", "float" | "double")
            | ("float", "double")
            | ("string", "bytes")
            | ("bytes", "string")
    )
}

fn named_alike(r: &Names, w: &Names) -> bool {
    r.short() == w.short() || r.aliases.contains(&w.full)
}

/// The branch of the reader's union for what was written: of the same full name, else one that matches; of the
/// same type, else one that it is promoted to.
fn branch(reader: &Model, branches: &[usize], written: &Type) -> Option<usize> {
    let find =
        |fits: &dyn Fn(&Type) -> bool| branches.iter().copied().find(|at| fits(&reader.types[*at]));
    let named = |of: &Type, test: &dyn Fn(&Names, &Names) -> bool| match (of, written) {
        (Type::Fixed(r, _), Type::Fixed(w, _))
        | (Type::Enum(r, ..), Type::Enum(w, ..))
        | (Type::Record(r, _), Type::Record(w, _)) => test(r, w),
        _ => false,
    };
    find(&|of| named(of, &|r, w| r.full == w.full))
        .or_else(|| find(&|of| named(of, &named_alike)))
        .or_else(|| {
            find(&|of| match (of, written) {
                (Type::Array(_), Type::Array(_)) | (Type::Map(_), Type::Map(_)) => true,
                (Type::Primitive(r), Type::Primitive(w)) => r == w,
                _ => false,
            })
        })
        .or_else(|| {
            find(&|of| match (of, written) {
                (Type::Primitive(r), Type::Primitive(w)) => promotes(w, r),
                _ => false,
            })
        })
}

/// A datum in Avro's JSON encoding; `None` where JSON has no word for it.
pub fn shown(model: &Model, datum: &Datum) -> Option<Value> {
    show(model, model.root, datum)
}

fn show(model: &Model, of: usize, datum: &Datum) -> Option<Value> {
    Some(match (&model.types[of], datum) {
        (_, Datum::Null) => Value::Null,
        (_, Datum::Boolean(yes)) => json!(yes),
        (_, Datum::Whole(number)) => json!(number),
        (_, Datum::Float(number)) if number.is_finite() => json!(number),
        (_, Datum::Double(number)) if number.is_finite() => json!(number),
        (_, Datum::Bytes(bytes)) => json!(bytes.iter().map(|b| char::from(*b)).collect::<String>()),
        (_, Datum::Text(text)) => json!(text),
        (Type::Enum(_, symbols, _), Datum::Symbol(at)) => json!(symbols[*at]),
        (Type::Array(of), Datum::List(items)) => {
            let items: Option<Vec<Value>> =
                items.iter().map(|item| show(model, *of, item)).collect();
            items?.into()
        }
        (Type::Map(of), Datum::Map(entries)) => {
            let entries: Option<Map<String, Value>> = (entries.iter())
                .map(|(key, value)| Some((key.clone(), show(model, *of, value)?)))
                .collect();
            entries?.into()
        }
        (Type::Union(branches), Datum::Branch(at, value)) => {
            let value = show(model, branches[*at], value)?;
            match &model.types[branches[*at]] {
                Type::Primitive(word) if word == "null" => Value::Null,
                Type::Primitive(word) => json!({word.as_str(): value}),
                Type::Array(_) => json!({"array": value}),
                Type::Map(_) => json!({"map": value}),
                Type::Fixed(names, _) | Type::Enum(names, ..) | Type::Record(names, _) => {
                    json!({names.full.as_str(): value})
                }
                Type::Union(_) => return None,
            }
        }
        (Type::Record(_, fields), Datum::Record(values)) => {
            let members: Option<Map<String, Value>> = (fields.iter().zip(values))
                .map(|(field, value)| Some((field.name.clone(), show(model, field.of, value)?)))
                .collect();
            members?.into()
        }
        _ => return None,
    })
}
