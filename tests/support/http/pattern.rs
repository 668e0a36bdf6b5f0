//! Patterns: what an answer must look like.
//!
//! A pattern is JSON. Scalars, arrays and objects stand for themselves; an object whose members start with
//! `$` is a matcher, and every matcher in it must agree. The list of matchers is in `tests/http/README.md`.

use super::vars::Vars;
use serde_json::{Map, Value};

/// Whether an object may have members that the pattern does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// No.
    Exactly,
    /// Yes, at every depth.
    AtLeast,
}

/// One way in which an answer is not as expected.
#[derive(Debug)]
pub struct Mismatch {
    /// A JSON pointer into the answer.
    pub at: String,
    /// What was wanted, in words.
    pub wanted: String,
    /// What was there.
    pub got: String,
}

/// Compares `got` with `pattern`; variables that the pattern saves go into `vars`.
pub fn compare(
    pattern: &Value,
    got: Option<&Value>,
    members: Members,
    vars: &mut Vars,
) -> Result<Vec<Mismatch>, String> {
    let mut comparison = Comparison {
        vars,
        mismatches: Vec::new(),
    };
    comparison.value(pattern, got, members, "")?;
    Ok(comparison.mismatches)
}

struct Comparison<'a> {
    vars: &'a mut Vars,
    mismatches: Vec<Mismatch>,
}

impl Comparison<'_> {
    fn wrong(&mut self, at: &str, wanted: impl Into<String>, got: Option<&Value>) {
        self.mismatches.push(Mismatch {
            at: if at.is_empty() { "/" } else { at }.to_owned(),
            wanted: wanted.into(),
            got: got.map_or_else(|| "nothing".to_owned(), Value::to_string),
        });
    }

    /// Whether it matches, without reporting; what it would save is saved if it matches.
    fn tries(
        &mut self,
        pattern: &Value,
        got: Option<&Value>,
        members: Members,
    ) -> Result<bool, String> {
        let mut vars = self.vars.clone();
        let fits = compare(pattern, got, members, &mut vars)?.is_empty();
        if fits {
            *self.vars = vars;
        }
        Ok(fits)
    }

    fn value(
        &mut self,
        pattern: &Value,
        got: Option<&Value>,
        members: Members,
        at: &str,
    ) -> Result<(), String> {
        if let Value::Object(object) = pattern
            && object.keys().any(|k| k.starts_with('$'))
        {
            for (name, argument) in object {
                self.matcher(name, argument, got, members, at)?;
            }
            return Ok(());
        }
        if pattern.is_string() {
            let filled = self.vars.fill(pattern)?;
            // A variable may hold a whole pattern.
            if !filled.is_string() {
                return self.value(&filled, got, members, at);
            }
            if got != Some(&filled) {
                self.wrong(at, filled.to_string(), got);
            }
            return Ok(());
        }
        match (pattern, got) {
            (Value::Object(wanted), Some(Value::Object(there))) => {
                self.object(wanted, there, members, at)
            }
            (Value::Array(wanted), Some(Value::Array(there))) => {
                if wanted.len() != there.len() {
                    self.wrong(at, pattern.to_string(), got);
                    return Ok(());
                }
                for (i, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                    self.value(wanted, Some(there), members, &format!("{at}/{i}"))?;
                }
                Ok(())
            }
            (wanted, Some(there)) if same(wanted, there) => Ok(()),
            (wanted, _) => {
                self.wrong(at, wanted.to_string(), got);
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        wanted: &Map<String, Value>,
        there: &Map<String, Value>,
        members: Members,
        at: &str,
    ) -> Result<(), String> {
        for (name, pattern) in wanted {
            self.value(pattern, there.get(name), members, &format!("{at}/{name}"))?;
        }
        if members == Members::Exactly {
            for (name, value) in there {
                if !wanted.contains_key(name) {
                    self.wrong(&format!("{at}/{name}"), "nothing", Some(value));
                }
            }
        }
        Ok(())
    }

    fn matcher(
        &mut self,
        name: &str,
        argument: &Value,
        got: Option<&Value>,
        members: Members,
        at: &str,
    ) -> Result<(), String> {
        let fits = match name {
            "$any" => got.is_some(),
            "$absent" => got.is_none(),
            "$type" => got.is_some_and(|got| has_type(argument, got)),
            "$contains" => {
                let parts = match self.vars.fill(argument)? {
                    Value::Array(parts) => parts,
                    one => vec![one],
                };
                let text = got.and_then(Value::as_str);
                parts.iter().all(|part| {
                    text.zip(part.as_str())
                        .is_some_and(|(text, part)| text.contains(part))
                })
            }
            "$regex" => {
                let pattern = self.vars.fill(argument)?;
                let schema = serde_json::json!({"type": "string", "pattern": pattern});
                let validator = jsonschema::validator_for(&schema).map_err(|e| e.to_string())?;
                got.is_some_and(|got| validator.is_valid(got))
            }
            "$partial" => return self.value(argument, got, Members::AtLeast, at),
            "$exact" => return self.value(argument, got, Members::Exactly, at),
            "$set" => return self.set(argument, got, members, at),
            "$each" => {
                let Some(Value::Array(items)) = got else {
                    self.wrong(at, "an array", got);
                    return Ok(());
                };
                for (i, item) in items.iter().enumerate() {
                    self.value(argument, Some(item), members, &format!("{at}/{i}"))?;
                }
                return Ok(());
            }
            "$length" => match got {
                Some(Value::Array(items)) => argument.as_u64() == Some(items.len() as u64),
                _ => false,
            },
            "$has" => match (argument.as_array(), got.and_then(Value::as_array)) {
                (Some(wanted), Some(items)) => {
                    for wanted in wanted {
                        let mut found = false;
                        for item in items {
                            found = found || self.tries(wanted, Some(item), members)?;
                        }
                        if !found {
                            self.wrong(at, format!("an element like {wanted}"), got);
                        }
                    }
                    return Ok(());
                }
                _ => false,
            },
            "$concat" => {
                let mut all = Vec::new();
                match self.vars.fill(argument)? {
                    Value::Array(lists) => {
                        for list in lists {
                            match list {
                                Value::Array(items) => all.extend(items),
                                other => return Err(format!("$concat of {other}")),
                            }
                        }
                    }
                    other => return Err(format!("$concat of {other}")),
                }
                return self.value(&Value::Array(all), got, members, at);
            }
            "$pairs" => {
                // Items of a list of versions, as [subject, version].
                let pairs: Option<Value> = got.and_then(Value::as_array).map(|items| {
                    let pair = |item: &Value| {
                        Value::from(vec![item["subject"].clone(), item["version"].clone()])
                    };
                    items.iter().map(pair).collect()
                });
                return self.value(argument, pairs.as_ref(), members, at);
            }
            "$not" => !self.tries(argument, got, members)?,
            "$oneOf" => {
                let choices = argument
                    .as_array()
                    .ok_or("$oneOf wants a list of patterns")?;
                let mut fits = false;
                for choice in choices {
                    fits = fits || self.tries(choice, got, members)?;
                }
                fits
            }
            "$save" => {
                let name = argument.as_str().ok_or("$save wants a name")?;
                if let Some(got) = got {
                    self.vars.save(name, got.clone())?;
                }
                got.is_some()
            }
            "$id" => {
                let name = argument.as_str().ok_or("$id wants a name")?;
                match (self.vars.get(name), got) {
                    (Some(known), Some(got)) => {
                        if known != got {
                            self.wrong(at, format!("{known}, which is ${{{name}}}"), Some(got));
                        }
                        return Ok(());
                    }
                    (None, Some(got)) if got.as_u64().is_some_and(|id| id > 0) => {
                        self.vars.save(name, got.clone())?;
                        true
                    }
                    _ => false,
                }
            }
            "$json" => {
                let inner = got
                    .and_then(Value::as_str)
                    .and_then(|text| serde_json::from_str::<Value>(text).ok());
                let Some(inner) = inner else {
                    self.wrong(at, "a string of JSON", got);
                    return Ok(());
                };
                return self.value(argument, Some(&inner), members, at);
            }
            other => return Err(format!("no matcher '{other}'")),
        };
        if !fits {
            self.wrong(at, format!("{{{name}: {argument}}}"), got);
        }
        Ok(())
    }

    /// The array has these elements in any order: each pattern takes the first element left that fits.
    fn set(
        &mut self,
        argument: &Value,
        got: Option<&Value>,
        members: Members,
        at: &str,
    ) -> Result<(), String> {
        let wanted = argument.as_array().ok_or("$set wants a list of patterns")?;
        let Some(Value::Array(items)) = got else {
            self.wrong(at, "an array", got);
            return Ok(());
        };
        let mut left: Vec<&Value> = items.iter().collect();
        for pattern in wanted {
            let mut place = None;
            for (i, item) in left.iter().enumerate() {
                if self.tries(pattern, Some(item), members)? {
                    place = Some(i);
                    break;
                }
            }
            match place {
                Some(i) => {
                    left.remove(i);
                }
                None => self.wrong(at, format!("an element like {pattern}"), got),
            }
        }
        for extra in left {
            self.wrong(at, "no further element", Some(extra));
        }
        Ok(())
    }
}

/// Whether a value is of a type by its JSON Schema name.
fn has_type(argument: &Value, got: &Value) -> bool {
    match (argument.as_str(), got) {
        (Some("integer"), Value::Number(n)) => n.is_i64() || n.is_u64(),
        (Some("number"), Value::Number(_))
        | (Some("string"), Value::String(_))
        | (Some("boolean"), Value::Bool(_))
        | (Some("array"), Value::Array(_))
        | (Some("object"), Value::Object(_))
        | (Some("null"), Value::Null) => true,
        _ => false,
    }
}

/// Equality that takes `1` from YAML and `1` from JSON for the same number.
fn same(wanted: &Value, got: &Value) -> bool {
    match (wanted, got) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_i64().is_some() && a.as_i64() == b.as_i64() || a.as_f64() == b.as_f64()
        }
        (a, b) => a == b,
    }
}
