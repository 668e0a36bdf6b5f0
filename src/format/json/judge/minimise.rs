//! Makes a document smaller as long as it stays a witness.

use serde_json::Value;

/// Tries smaller documents, at most `tries` of them.
pub(super) fn minimise(
    document: Value,
    mut tries: u32,
    is_witness: &dyn Fn(&Value) -> bool,
) -> Value {
    let mut best = document;
    loop {
        let mut smaller = false;
        let mut paths = Vec::new();
        paths_of(&best, &mut Vec::new(), &mut paths);
        for path in paths {
            while let Some(value) = at(&mut best, &path) {
                let Some(kept) = reductions(value).into_iter().find_map(|reduced| {
                    tries = tries.checked_sub(1)?;
                    let mut next = best.clone();
                    *at(&mut next, &path)? = reduced;
                    is_witness(&next).then_some(next)
                }) else {
                    break;
                };
                best = kept;
                smaller = true;
            }
            if tries == 0 {
                return best;
            }
        }
        if !smaller {
            return best;
        }
    }
}

/// The places in a document, outer ones first.
fn paths_of(value: &Value, path: &mut Vec<usize>, out: &mut Vec<Vec<usize>>) {
    const MOST: usize = 2_000;
    if out.len() >= MOST || path.len() >= 200 {
        return;
    }
    out.push(path.clone());
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    for i in 0..count {
        let child = match value {
            Value::Array(items) => items.get(i),
            Value::Object(members) => members.values().nth(i),
            _ => None,
        };
        if let Some(child) = child {
            path.push(i);
            paths_of(child, path, out);
            path.pop();
        }
    }
}

fn at<'v>(value: &'v mut Value, path: &[usize]) -> Option<&'v mut Value> {
    let mut at = value;
    for &i in path {
        at = match at {
            Value::Array(items) => items.get_mut(i)?,
            Value::Object(members) => members.values_mut().nth(i)?,
            _ => return None,
        };
    }
    Some(at)
}

/// Simpler values, the simplest first. Each is simpler by an order without endless descents. Numbers become
/// whole ones only, texts keep to plain letters: no two validators differ about those.
fn reductions(value: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push(Value::Array(Vec::new()));
            if items.len() > 2 {
                let (front, back) = items.split_at(items.len() / 2);
                out.push(Value::Array(front.to_vec()));
                out.push(Value::Array(back.to_vec()));
            }
            for i in (0..items.len().min(64)).rev() {
                let mut fewer = items.clone();
                fewer.remove(i);
                out.push(Value::Array(fewer));
            }
        }
        Value::Object(members) if !members.is_empty() => {
            out.push(Value::Object(serde_json::Map::new()));
            for name in members.keys().take(64) {
                let mut fewer = members.clone();
                fewer.remove(name);
                out.push(Value::Object(fewer));
            }
        }
        Value::String(text) => {
            let length = text.chars().count();
            for plain in ["a".to_owned(), "a".repeat(length.min(4096))] {
                if !text.is_empty() && length >= plain.len() && *text != plain {
                    out.push(plain.into());
                }
            }
            if length > 1 && text.is_ascii() {
                for keep in [length / 2, length - 1] {
                    out.push(text.chars().take(keep).collect::<String>().into());
                }
            }
        }
        Value::Number(number) => {
            let size = number.as_f64().unwrap_or_default();
            for plain in [0, 1, -1] {
                if f64::from(plain).abs() < size.abs() {
                    out.push(plain.into());
                }
            }
            if let Some(n) = number.as_i64()
                && n.unsigned_abs() > 1
            {
                out.push((n / 2).into());
                out.push((n - n.signum()).into());
            } else if size.fract() != 0.0 && size.abs() < 1e15 {
                out.push((size.trunc() as i64).into());
            }
        }
        _ => {}
    }
    out
}
