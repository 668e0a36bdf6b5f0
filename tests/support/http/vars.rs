//! Variables of a scenario: `${name}` in what is sent and in what is expected.
//!
//! A string that is nothing but `${name}` becomes the variable's value with its type; inside a longer string
//! the value's text is put in its place. `$${` stands for a plain `${`. The runner counts in `${i}` and `${n}`.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names and their values.
#[derive(Debug, Clone, Default)]
pub struct Vars(BTreeMap<String, Value>);

impl Vars {
    /// Sets a variable, whether or not it has a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Sets a variable that a scenario names.
    pub fn save(&mut self, name: &str, value: Value) -> Result<(), String> {
        if matches!(name, "i" | "n") {
            return Err(format!("'{name}' is a counter of the runner"));
        }
        self.set(name, value);
        Ok(())
    }

    /// A variable's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Lays other variables over these.
    pub fn extend(&mut self, other: &Map<String, Value>) {
        for (name, value) in other {
            self.set(name, value.clone());
        }
    }

    /// The value with its variables replaced, and `{$repeat: [text, times]}` and `{$join: [text, …]}` written
    /// out.
    pub fn fill(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => self.fill_string(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                if let Some(repeat) = members.get("$repeat") {
                    return self.repeat(repeat);
                }
                if let Some(Value::Array(parts)) = members.get("$join") {
                    let text = parts
                        .iter()
                        .map(|part| match self.fill(part)? {
                            Value::String(text) => Ok(text),
                            other => Err(format!("$join of {other}")),
                        })
                        .collect::<Result<String, String>>()?;
                    return Ok(Value::String(text));
                }
                let mut out = Map::new();
                for (name, member) in members {
                    out.insert(self.fill_text(name)?, self.fill(member)?);
                }
                Ok(Value::Object(out))
            }
            other => Ok(other.clone()),
        }
    }

    /// The text with its variables replaced.
    pub fn fill_text(&self, text: &str) -> Result<String, String> {
        match self.fill_string(text)? {
            Value::String(text) => Ok(text),
            other => Ok(other.to_string()),
        }
    }

    fn fill_string(&self, text: &str) -> Result<Value, String> {
        if let Some(name) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
            && !name.contains('}')
        {
            let value = self.lookup(name)?.clone();
            // A variable may be made of variables; the scenario's author bounds the depth.
            return self.fill(&value);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if let Some(before) = rest.get(..at).and_then(|b| b.strip_suffix('$')) {
                out.push_str(before);
                out.push_str("${");
                rest = rest.get(at + 2..).unwrap_or_default();
                continue;
            }
            out.push_str(rest.get(..at).unwrap_or_default());
            let after = rest.get(at + 2..).unwrap_or_default();
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| format!("'${{' without '}}' in {text:?}"))?;
            match self.fill(self.lookup(name)?)? {
                Value::String(value) => out.push_str(&value),
                other => out.push_str(&other.to_string()),
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(Value::String(out))
    }

    fn lookup(&self, name: &str) -> Result<&Value, String> {
        self.get(name)
            .ok_or_else(|| format!("no variable '{name}' here"))
    }

    fn repeat(&self, spec: &Value) -> Result<Value, String> {
        let wrong = || format!("$repeat wants [text, times], not {spec}");
        let [text, times] = spec.as_array().ok_or_else(wrong)?.as_slice() else {
            return Err(wrong());
        };
        let times = self.fill(times)?;
        let times = times.as_u64().and_then(|n| usize::try_from(n).ok());
        let (Value::String(text), Some(times)) = (self.fill(text)?, times) else {
            return Err(wrong());
        };
        Ok(Value::String(text.repeat(times)))
    }
}
