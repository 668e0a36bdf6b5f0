//! The normal form of options: sorted, names in full, what is said piece by piece folded into one message.

use super::ast::*;
use super::read::whole;
use super::read_value::join;
use super::scope::{Id, Scope, What};
use std::collections::{BTreeMap, HashMap};

/// The options of one element that stands in `scope`; `kind` is the message of `descriptor.proto` they belong to.
pub(super) fn normal_options(scope: &Scope<'_>, options: &[Opt], at: Id, kind: &str) -> Vec<Opt> {
    if options.is_empty() {
        return Vec::new();
    }
    let n = Normal { scope, at };
    let base = scope.any_type(&format!(".google.protobuf.{kind}"), 0, 0);
    let mut said: Vec<(Part, Shape, Vec<Value>)> = Vec::with_capacity(options.len());
    let mut folded: HashMap<(String, bool), usize> = HashMap::new();
    for option in options {
        let Some((first, rest)) = option.name.split_first() else {
            continue;
        };
        if option.is("default") || option.is("json_name") {
            said.push((first.clone(), Shape::AS_WRITTEN, vec![option.value.clone()]));
            continue;
        }
        let (first, shape) = n.first(first, base);
        let value = n.nested(rest, &option.value, shape);
        if !shape.repeated && matches!(value, Value::Message(_)) {
            let at = *folded
                .entry((first.name.clone(), first.custom))
                .or_insert(said.len());
            if let Some((_, _, values)) = said.get_mut(at) {
                values.push(value);
                continue;
            }
        }
        said.push((first, shape, vec![value]));
    }
    let mut out: Vec<Opt> = said
        .into_iter()
        .filter_map(|(name, shape, values)| {
            let mut value = n.combine(values, shape)?;
            if !shape.as_written {
                finish(&mut value);
            }
            Some(Opt {
                name: vec![name],
                value,
            })
        })
        .collect();
    out.sort_by(|a, b| {
        let key = |o: &Opt| o.name.first().map(|p| (p.name.clone(), p.custom));
        key(a).cmp(&key(b))
    });
    out
}

/// What is known about the place a value goes to.
#[derive(Clone, Copy, Default)]
struct Shape {
    /// The message type of the value.
    message: Option<Id>,
    repeated: bool,
    /// Whether the type is known at all.
    known: bool,
    /// `default` and `json_name` are not options of the descriptor and keep their spelling.
    as_written: bool,
}

impl Shape {
    const AS_WRITTEN: Self = Self {
        message: None,
        repeated: false,
        known: false,
        as_written: true,
    };
}

struct Normal<'s, 'a> {
    scope: &'s Scope<'a>,
    at: Id,
}

impl Normal<'_, '_> {
    fn shape_of(&self, field: &Field, declared_at: Id) -> Shape {
        match &field.ty {
            Type::Named(name) => Shape {
                message: self
                    .scope
                    .any_type(name, declared_at, self.scope.file_of(declared_at))
                    .filter(|&id| self.scope.message_at(id).is_some()),
                repeated: field.label == Some(Label::Repeated),
                known: true,
                as_written: false,
            },
            Type::Map(..) => Shape {
                message: None,
                repeated: true,
                known: true,
                as_written: false,
            },
        }
    }

    fn member(&self, message: Option<Id>, name: &str) -> Shape {
        let Some(id) = message else {
            return Shape::default();
        };
        let Some(body) = self.scope.message_at(id) else {
            return Shape::default();
        };
        body.all_fields()
            .find(|f| f.name == name)
            .map_or_else(Shape::default, |f| self.shape_of(f, id))
    }

    fn extension(&self, name: &str) -> Option<(Id, Shape)> {
        let id = self.scope.extension(name, self.at, 0)?;
        match self.scope.node(id)?.what {
            What::Extension(field, _) => Some((id, self.shape_of(field, id))),
            _ => None,
        }
    }

    /// The first part of an option's name with its full name.
    fn first(&self, part: &Part, base: Option<Id>) -> (Part, Shape) {
        if !part.custom {
            return (part.clone(), self.member(base, &part.name));
        }
        match self.extension(&part.name) {
            Some((id, shape)) => (Part::custom(self.scope.full_name(id)), shape),
            None => (part.clone(), Shape::default()),
        }
    }

    /// The value that `rest = value` gives its first part.
    fn nested(&self, rest: &[Part], value: &Value, shape: Shape) -> Value {
        let Some((part, rest)) = rest.split_first() else {
            return self.value(value, shape);
        };
        let (key, inner) = if part.custom {
            self.bracket_key(&format!("[{}]", part.name))
        } else {
            (part.name.clone(), self.member(shape.message, &part.name))
        };
        Value::Message(vec![(key, self.nested(rest, value, inner))])
    }

    fn bracket_key(&self, key: &str) -> (String, Shape) {
        let name = key.trim_start_matches('[').trim_end_matches(']');
        match self.extension(name) {
            Some((id, shape)) => (format!("[{}]", self.scope.full_name(id)), shape),
            None => (key.to_owned(), Shape::default()),
        }
    }

    fn value(&self, value: &Value, shape: Shape) -> Value {
        match value {
            Value::Message(fields) => {
                let of = |key: &str| {
                    if key.starts_with('[') {
                        self.bracket_key(key)
                    } else {
                        (key.to_owned(), self.member(shape.message, key))
                    }
                };
                Value::Message(
                    fields
                        .iter()
                        .map(|(key, value)| {
                            let (key, inner) = of(key);
                            let value = self.value(value, inner);
                            (key, value)
                        })
                        .collect(),
                )
            }
            Value::List(items) => Value::List(items.iter().map(|i| self.value(i, shape)).collect()),
            Value::Number(word) => Value::Number(number(word)),
            other => other.clone(),
        }
    }

    /// One value for all that several statements say about one place.
    fn combine(&self, mut values: Vec<Value>, shape: Shape) -> Option<Value> {
        let last = values.pop()?;
        if values.is_empty() {
            return Some(last);
        }
        values.push(last);
        if !values.iter().all(|v| matches!(v, Value::Message(_))) {
            // Of a single value the last one counts; where the type is unknown nothing is lost.
            if shape.known && !shape.repeated {
                return values.pop();
            }
            return joined(values);
        }
        let mut order: Vec<(String, Vec<Value>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for value in values {
            let Value::Message(fields) = value else {
                continue;
            };
            for (key, value) in fields {
                let at = *places.entry(key.clone()).or_insert(order.len());
                match order.get_mut(at) {
                    Some((_, there)) => there.push(value),
                    None => order.push((key, vec![value])),
                }
            }
        }
        let of = |(key, values): (String, Vec<Value>)| {
            let inner = if key.starts_with('[') {
                self.bracket_key(&key).1
            } else {
                self.member(shape.message, &key)
            };
            let value = if inner.repeated {
                joined(values)
            } else {
                self.combine(values, inner)
            };
            Some((key, value?))
        };
        Some(Value::Message(order.into_iter().filter_map(of).collect()))
    }
}

/// The items of all values in one list; a value alone stays as it is.
fn joined(values: Vec<Value>) -> Option<Value> {
    let mut values = values.into_iter();
    let mut out = values.next()?;
    values.for_each(|value| join(&mut out, value));
    Some(out)
}

/// Sorts keys and writes a list of one as its item.
fn finish(value: &mut Value) {
    match value {
        Value::Message(fields) => {
            let mut sorted: BTreeMap<String, Value> = std::mem::take(fields).into_iter().collect();
            sorted.values_mut().for_each(finish);
            *fields = sorted.into_iter().collect();
        }
        Value::List(items) => {
            items.iter_mut().for_each(finish);
            if items.len() == 1
                && let Some(only) = items.pop()
            {
                *value = only;
            }
        }
        _ => {}
    }
}

/// A number in one spelling: decimal, without a fraction that is zero.
fn number(word: &str) -> String {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word),
    };
    if let Some(value) = whole(digits) {
        return format!("{sign}{value}");
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return word.to_owned();
    }
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => format!("{sign}{value}"),
        _ => word.to_owned(),
    }
}
