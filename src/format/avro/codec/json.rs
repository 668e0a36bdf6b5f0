//! Datum to JSON value and back, in the two notations that clients write.

use super::super::model::{Kind, Primitive, Record, Schema, TypeId};
use super::resolve::{Bounds, default_value};
use super::{Datum, deeper};
use crate::format::record::{Misfit, Problem, TOLD, shown};
use serde_json::{Map, Number, Value};

/// How a datum is written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// The specification's "JSON encoding": a value of a union is `null` or `{"branch": value}`, no field is left out.
    Tagged,
    /// As people write it: a value of a union stands bare, fields with a default may be left out.
    Plain,
}

fn unfit(expected: impl Into<String>, found: impl Into<String>) -> Misfit {
    Misfit::Unfit(vec![Problem::new(expected, found)])
}

/// What does not fit in the parts of a value, so far.
#[derive(Default)]
struct Faults(Vec<Problem>);

impl Faults {
    /// The value of a part, or a note of what does not fit there. The error ends the search: there is enough to
    /// tell, or it costs too much.
    fn sort<T>(&mut self, part: Result<T, Misfit>, name: &str) -> Result<Option<T>, Misfit> {
        match part {
            Ok(value) => Ok(Some(value)),
            Err(Misfit::Unfit(problems)) => {
                let problems = problems.into_iter().map(|p| p.inside(name));
                self.0.extend(problems);
                if self.0.len() > TOLD {
                    return Err(Misfit::Unfit(std::mem::take(&mut self.0)));
                }
                Ok(None)
            }
            Err(too_much) => Err(too_much),
        }
    }

    fn end<T>(self, value: T) -> Result<T, Misfit> {
        match self.0.is_empty() {
            true => Ok(value),
            false => Err(Misfit::Unfit(self.0)),
        }
    }
}

/// Reads a JSON value as a datum of the schema. Everything that does not fit is told, up to a few more than
/// [`TOLD`] things; of a union, what the branch says that came furthest.
pub(crate) fn from_json(
    schema: &Schema,
    value: &Value,
    notation: Notation,
    bounds: Bounds,
) -> Result<Datum, Misfit> {
    let mut reading = FromJson {
        schema,
        notation,
        depth: bounds.depth,
        values: bounds.values,
    };
    let datum = reading.value(schema.root, value, 0);
    datum.map_err(|misfit| match misfit {
        Misfit::Unfit(mut problems) => {
            for problem in &mut problems {
                problem.path.reverse();
            }
            Misfit::Unfit(problems)
        }
        too_much => too_much,
    })
}

struct FromJson<'a> {
    schema: &'a Schema,
    notation: Notation,
    depth: usize,
    /// How many more values may be looked at: a union's value is tried with every branch.
    values: usize,
}

impl FromJson<'_> {
    fn value(&mut self, of: TypeId, value: &Value, depth: usize) -> Result<Datum, Misfit> {
        if depth > self.depth {
            return Err(Misfit::TooMuch("its nesting"));
        }
        match self.values.checked_sub(1) {
            Some(left) => self.values = left,
            None => return Err(Misfit::TooMuch("the number of its values")),
        }
        deeper(|| self.fitted(of, value, depth + 1))
    }

    fn fitted(&mut self, of: TypeId, value: &Value, depth: usize) -> Result<Datum, Misfit> {
        let schema = self.schema;
        let kind = schema.kind(of);
        match (kind, value) {
            (Kind::Union(branches), _) => self.union(branches, value, depth),
            (Kind::Primitive(primitive), _) => self.scalar(*primitive, value),
            (Kind::Array(of), Value::Array(items)) => {
                let mut all = Vec::with_capacity(items.len());
                let mut faults = Faults::default();
                for (at, item) in items.iter().enumerate() {
                    let item = self.value(*of, item, depth);
                    match item {
                        Ok(item) => all.push(item),
                        fault => drop(faults.sort(fault, &at.to_string())?),
                    }
                }
                faults.end(Datum::Array(all))
            }
            (Kind::Map(of), Value::Object(members)) => {
                let mut all = Vec::with_capacity(members.len());
                let mut faults = Faults::default();
                for (key, value) in members {
                    if let Some(value) = faults.sort(self.value(*of, value, depth), key)? {
                        all.push((key.clone(), value));
                    }
                }
                faults.end(Datum::Map(all))
            }
            (Kind::Record(record), Value::Object(members)) => self.record(record, members, depth),
            (Kind::Enum(of), Value::String(text)) => {
                let place = of.symbols.iter().position(|symbol| **symbol == **text);
                place.map(Datum::Enum).ok_or_else(|| {
                    let symbols: Vec<&str> = of.symbols.iter().take(20).map(|s| &**s).collect();
                    let more = if of.symbols.len() > 20 { ", …" } else { "" };
                    unfit(
                        format!("one of the symbols {}{more}", symbols.join(", ")),
                        shown(value),
                    )
                })
            }
            (Kind::Fixed(of), _) => {
                let bytes = self.bytes(value);
                let fits =
                    bytes.filter(|bytes| usize::try_from(of.size).is_ok_and(|n| n == bytes.len()));
                fits.map(Datum::Fixed).ok_or_else(|| {
                    let what = format!("{} bytes, as a string of U+0000 to U+00FF", of.size);
                    unfit(what, shown(value))
                })
            }
            _ => Err(unfit(described(schema, of), shown(value))),
        }
    }

    fn record(
        &mut self,
        record: &Record,
        members: &Map<String, Value>,
        depth: usize,
    ) -> Result<Datum, Misfit> {
        let schema = self.schema;
        let mut known = 0;
        let mut values = Vec::with_capacity(record.fields.len());
        let mut faults = Faults::default();
        for field in &record.fields {
            if let Some(value) = members.get(&*field.name) {
                known += 1;
                let value = self.value(field.of, value, depth);
                values.extend(faults.sort(value, &field.name)?);
                continue;
            }
            let default = match (&field.default, self.notation) {
                (Some(default), Notation::Plain) => {
                    default_value(schema, field.of, default, 0, &mut self.values)
                }
                _ => None,
            };
            let default = default.ok_or_else(|| unfit(described(schema, field.of), "nothing"));
            values.extend(faults.sort(default, &field.name)?);
        }
        if known < members.len() {
            let is_unknown = |name: &&String| !record.index.contains_key(name.as_str());
            for name in members.keys().filter(is_unknown) {
                let what = format!("a field of {}", record.named.name.full());
                let fault = Err::<Datum, _>(unfit(what, "a name that it does not have"));
                faults.sort(fault, name)?;
            }
        }
        faults.end(Datum::Record(values))
    }

    fn union(&mut self, branches: &[TypeId], value: &Value, depth: usize) -> Result<Datum, Misfit> {
        let schema = self.schema;
        let wrap = |at: usize, value: Datum| Datum::Union(at, Box::new(value));
        let choices = || {
            let names: Vec<String> = branches
                .iter()
                .take(20)
                .map(|b| branch_name(schema, *b))
                .collect();
            let more = if branches.len() > 20 { ", …" } else { "" };
            format!("one of {}{more}", names.join(", "))
        };
        if self.notation == Notation::Tagged {
            let (name, inner) = match value {
                Value::Null => ("null", value),
                Value::Object(members) => match members.iter().next() {
                    Some((name, inner)) if members.len() == 1 => (name.as_str(), inner),
                    _ => return Err(unfit(choices(), "an object without one member")),
                },
                _ => {
                    let what = format!("{}, as {{\"name\": value}}", choices());
                    return Err(unfit(what, shown(value)));
                }
            };
            for (at, branch) in branches.iter().enumerate() {
                if branch_name(schema, *branch) == name {
                    let mut faults = Faults::default();
                    let inner = faults.sort(self.value(*branch, inner, depth), name)?;
                    return match inner {
                        Some(inner) => Ok(wrap(at, inner)),
                        None => Err(Misfit::Unfit(faults.0)),
                    };
                }
            }
            return Err(unfit(choices(), shown(value)));
        }
        // First the branches that are of the value's own kind, then those that can hold it.
        let mut nearest: Option<(usize, Vec<Problem>)> = None;
        for own in [true, false] {
            for (at, branch) in branches.iter().enumerate() {
                if is_own(schema.kind(*branch), value) != own {
                    continue;
                }
                match self.value(*branch, value, depth) {
                    Ok(value) => return Ok(wrap(at, value)),
                    Err(Misfit::Unfit(problems)) => {
                        let reach = problems.iter().map(|p| p.path.len()).max();
                        let reach = reach.unwrap_or_default();
                        if reach > nearest.as_ref().map_or(0, |(reach, _)| *reach) {
                            nearest = Some((reach, problems));
                        }
                    }
                    Err(too_much) => return Err(too_much),
                }
            }
        }
        Err(match nearest {
            Some((_, problems)) => Misfit::Unfit(problems),
            None => unfit(choices(), shown(value)),
        })
    }

    fn scalar(&self, of: Primitive, value: &Value) -> Result<Datum, Misfit> {
        let misfit = || unfit(primitive_described(of), shown(value));
        let datum = match (of, value) {
            (Primitive::Null, Value::Null) => Some(Datum::Null),
            (Primitive::Boolean, Value::Bool(yes)) => Some(Datum::Boolean(*yes)),
            (Primitive::Int, Value::Number(n)) => integer(n)
                .and_then(|n| i32::try_from(n).ok())
                .map(Datum::Int),
            (Primitive::Long, Value::Number(n)) => integer(n).map(Datum::Long),
            (Primitive::Float, _) => narrow(value).map(Datum::Float),
            (Primitive::Double, _) => double(value).map(Datum::Double),
            (Primitive::Bytes, _) => self.bytes(value).map(Datum::Bytes),
            (Primitive::String, Value::String(text)) => Some(Datum::String(text.clone())),
            _ => None,
        };
        datum.ok_or_else(misfit)
    }

    /// A string with one character per byte; in the plain notation also an array of numbers, which is what serde
    /// makes of bytes.
    fn bytes(&self, value: &Value) -> Option<Vec<u8>> {
        match value {
            Value::String(text) => text
                .chars()
                .map(|c| u8::try_from(u32::from(c)).ok())
                .collect(),
            Value::Array(items) if self.notation == Notation::Plain => items
                .iter()
                .map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok()))
                .collect(),
            _ => None,
        }
    }
}

/// Whether a branch is what a JSON value of this kind means first of all.
fn is_own(branch: &Kind, value: &Value) -> bool {
    match (branch, value) {
        (Kind::Primitive(Primitive::Null), Value::Null)
        | (Kind::Primitive(Primitive::Boolean), Value::Bool(_))
        | (Kind::Primitive(Primitive::String) | Kind::Enum(_), Value::String(_))
        | (Kind::Array(_), Value::Array(_))
        | (Kind::Map(_) | Kind::Record(_), Value::Object(_)) => true,
        (Kind::Primitive(Primitive::Int | Primitive::Long), Value::Number(n)) => n.is_i64(),
        (Kind::Primitive(Primitive::Float | Primitive::Double), Value::Number(n)) => n.is_f64(),
        _ => false,
    }
}

fn integer(n: &Number) -> Option<i64> {
    n.as_i64().or_else(|| {
        // 3.0 is an integer too; beyond 2^53 a double does not say which one.
        let double = n.as_f64()?;
        (double.fract() == 0.0 && double.abs() <= 9_007_199_254_740_992.0).then_some(double as i64)
    })
}

/// Digits may be lost; a number must not become an infinity.
fn narrow(value: &Value) -> Option<f32> {
    let wide = double(value)?;
    let narrowed = wide as f32;
    (narrowed.is_finite() || !wide.is_finite()).then_some(narrowed)
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" | "INF" => Some(f64::INFINITY),
            "-Infinity" | "-INF" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The name of a branch in the JSON encoding.
fn branch_name(schema: &Schema, of: TypeId) -> String {
    let kind = schema.kind(of);
    match kind.named() {
        Some(named) => named.name.full().to_string(),
        None => kind.word().to_owned(),
    }
}

fn primitive_described(of: Primitive) -> &'static str {
    match of {
        Primitive::Null => "null",
        Primitive::Boolean => "a boolean",
        Primitive::Int => "an int (an integer of 32 bits)",
        Primitive::Long => "a long (an integer of 64 bits)",
        Primitive::Float => "a float",
        Primitive::Double => "a double",
        Primitive::Bytes => "bytes, as a string of U+0000 to U+00FF",
        Primitive::String => "a string",
    }
}

fn described(schema: &Schema, of: TypeId) -> String {
    match schema.kind(of) {
        Kind::Primitive(of) => primitive_described(*of).to_owned(),
        Kind::Array(_) => "an array".to_owned(),
        Kind::Map(_) => "a map (an object)".to_owned(),
        Kind::Union(branches) => {
            let names: Vec<String> = branches
                .iter()
                .take(20)
                .map(|b| branch_name(schema, *b))
                .collect();
            format!("one of {}", names.join(", "))
        }
        kind => format!("{} {}", kind.word(), branch_name(schema, of)),
    }
}

/// Writes a datum of the schema as a JSON value; `None` if it is none of it.
#[cfg(feature = "client-avro")]
pub(crate) fn to_json(schema: &Schema, datum: &Datum, notation: Notation) -> Option<Value> {
    put(schema, schema.root, datum, notation)
}

#[cfg(feature = "client-avro")]
fn put(schema: &Schema, of: TypeId, datum: &Datum, notation: Notation) -> Option<Value> {
    let inner = |of: TypeId, datum: &Datum| deeper(|| put(schema, of, datum, notation));
    Some(match (schema.kind(of), datum) {
        (_, Datum::Null) => Value::Null,
        (_, Datum::Boolean(yes)) => Value::Bool(*yes),
        (_, Datum::Int(n)) => Value::from(*n),
        (_, Datum::Long(n)) => Value::from(*n),
        (_, Datum::Float(n)) => float(f64::from(*n), n.to_string()),
        (_, Datum::Double(n)) => float(*n, n.to_string()),
        (_, Datum::String(text)) => Value::String(text.clone()),
        (_, Datum::Bytes(bytes) | Datum::Fixed(bytes)) => {
            Value::String(bytes.iter().copied().map(char::from).collect())
        }
        (Kind::Enum(of), Datum::Enum(at)) => Value::String(of.symbols.get(*at)?.to_string()),
        (Kind::Array(of), Datum::Array(items)) => Value::Array(
            items
                .iter()
                .map(|item| inner(*of, item))
                .collect::<Option<_>>()?,
        ),
        (Kind::Map(of), Datum::Map(entries)) => {
            let mut members = Map::new();
            for (key, value) in entries {
                members.insert(key.clone(), inner(*of, value)?);
            }
            Value::Object(members)
        }
        (Kind::Record(record), Datum::Record(values)) => {
            let mut members = Map::new();
            for (field, value) in record.fields.iter().zip(values) {
                members.insert(field.name.to_string(), inner(field.of, value)?);
            }
            Value::Object(members)
        }
        (Kind::Union(branches), Datum::Union(at, value)) => {
            let branch = *branches.get(*at)?;
            let bare = inner(branch, value)?;
            if notation == Notation::Plain || bare.is_null() {
                return Some(bare);
            }
            let mut members = Map::new();
            members.insert(branch_name(schema, branch), bare);
            Value::Object(members)
        }
        _ => return None,
    })
}

/// A number; what JSON has no number for is a string, and reads back.
#[cfg(feature = "client-avro")]
fn float(n: f64, shortest: String) -> Value {
    if n.is_nan() {
        return Value::from("NaN");
    }
    if n.is_infinite() {
        return Value::from(if n > 0.0 { "Infinity" } else { "-Infinity" });
    }
    // A float's shortest spelling, not its many digits as a double.
    shortest.parse::<f64>().map_or(Value::Null, Value::from)
}
