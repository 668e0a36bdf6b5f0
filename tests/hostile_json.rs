//! The whole truth of hostile JSON Schemas: what each pair costs, in processor time and memory at the peak.
//!
//! `ACCORD_HOSTILE` runs only the pairs whose name contains it. That it ends is asserted, what it costs is printed.
#![cfg(feature = "engine")]

use accord::format::truth::Budget;
use accord::format::{Limits, Parsed, Source, Strictness, json};
use accord::model::SchemaType;
use serde_json::{Value, json};
use std::fs;

/// Nanoseconds that this thread ran, where the system tells.
fn processor_time() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// KiB of memory at the peak, or now.
fn memory(line: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with(line))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn nested(depth: usize, inside: &dyn Fn(String) -> String, core: &str) -> String {
    (0..depth).fold(core.to_owned(), |text, _| inside(text))
}

/// Definitions of which each refers to the next one twice.
fn doubling(keyword: &str, count: usize, core: Value) -> String {
    let mut definitions = serde_json::Map::new();
    for i in 0..count {
        let next = json!({"$ref": format!("#/definitions/d{}", i + 1)});
        definitions.insert(format!("d{i}"), json!({keyword: [next, next]}));
    }
    definitions.insert(format!("d{count}"), core);
    json!({"$ref": "#/definitions/d0", "definitions": definitions}).to_string()
}

fn pairs() -> Vec<(&'static str, String, String)> {
    let texts = |count: usize, skip: usize| -> Vec<String> {
        (0..count)
            .filter(|i| i % skip != 7)
            .map(|i| format!("v{i}"))
            .collect()
    };
    let object = |count: usize, of: &str, required: bool| {
        let properties: serde_json::Map<String, Value> = (0..count)
            .map(|i| (format!("p{i}"), json!({"type": of})))
            .collect();
        let names: Vec<String> = if required {
            properties.keys().cloned().collect()
        } else {
            vec![]
        };
        json!({"type": "object", "properties": properties, "required": names}).to_string()
    };
    let branches = |keyword: &str, count: usize, of: &str| {
        let branches: Vec<Value> = (0..count)
            .map(|i| json!({"type": "object", "required": ["kind"], "properties": {
                "kind": {"const": format!("k{i}")}, "x": {"type": of}, format!("y{i}"): {"type": of}}}))
            .collect();
        json!({keyword: branches}).to_string()
    };
    let loose = |count: usize, least: u64| {
        let branches: Vec<Value> = (0..count)
            .map(|i| json!({"properties": {format!("a{i}"): {"minimum": least}}}))
            .collect();
        json!({"oneOf": branches}).to_string()
    };
    let patterns = |count: usize, least: usize| {
        let all: Vec<Value> = (0..count)
            .map(|i| json!({"pattern": format!("^(.*{}){{{least},}}.*$", char::from(b'a' + i as u8))}))
            .collect();
        json!({"type": "string", "allOf": all}).to_string()
    };
    let named = |count: usize, of: &str| {
        let all: serde_json::Map<String, Value> = (0..count)
            .map(|i| {
                (
                    format!("{}.*x", char::from(b'a' + i as u8)),
                    json!({"type": of, "minLength": i}),
                )
            })
            .collect();
        json!({"patternProperties": all, "additionalProperties": false, "minProperties": 3})
            .to_string()
    };
    let properties = |t: String| format!(r#"{{"properties":{{"a":{t}}},"required":["a"]}}"#);
    let not = |t: String| format!(r#"{{"not":{t}}}"#);
    let all_of = |t: String| format!(r#"{{"allOf":[{t},{{"minLength":1}}]}}"#);
    let items = |t: String| format!(r#"{{"type":"array","minItems":1,"items":{t}}}"#);
    let dead = |of: &str| {
        let properties: serde_json::Map<String, Value> = (0..2_000)
            .map(|i| {
                (
                    format!("p{i}"),
                    json!({"anyOf": [{"$ref": format!("gone{i}.json")}, {"type": of}]}),
                )
            })
            .collect();
        json!({"properties": properties}).to_string()
    };
    let unevaluated = |of: &str| {
        let any: Vec<Value> = (0..12)
            .map(|i| json!({"properties": {format!("a{i}"): {"type": of}}}))
            .collect();
        let all: Vec<Value> = (0..40).map(|_| json!({"anyOf": any})).collect();
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": all, "unevaluatedProperties": false})
            .to_string()
    };
    let least = |n: u64| json!({"type": "array", "minItems": n, "uniqueItems": true}).to_string();
    vec![
        (
            "enum of 50,000 and of 42,857",
            json!({"enum": texts(50_000, 100_000)}).to_string(),
            json!({"enum": texts(50_000, 8)}).to_string(),
        ),
        (
            "enum of 50,000 twice",
            json!({"enum": texts(50_000, 8)}).to_string(),
            json!({"enum": texts(49_999, 8)}).to_string(),
        ),
        (
            "properties 900 deep",
            nested(450, &properties, r#"{"type":"string"}"#),
            nested(450, &properties, r#"{"type":"integer"}"#),
        ),
        (
            "items 900 deep",
            nested(900, &items, r#"{"type":"string"}"#),
            nested(900, &items, r#"{"type":"integer"}"#),
        ),
        (
            "not 900 deep",
            nested(900, &not, r#"{"type":"string"}"#),
            nested(901, &not, r#"{"type":"string"}"#),
        ),
        (
            "allOf 450 deep",
            nested(450, &all_of, r#"{"type":"string"}"#),
            nested(450, &all_of, r#"{"type":"string","maxLength":3}"#),
        ),
        (
            "doubling allOf",
            doubling("allOf", 40, json!({"type": "string"})),
            doubling("allOf", 40, json!({"type": "string", "maxLength": 4})),
        ),
        (
            "doubling anyOf",
            doubling("anyOf", 40, json!({"type": "string"})),
            doubling("anyOf", 41, json!({"type": "string", "maxLength": 4})),
        ),
        (
            "doubling oneOf",
            doubling("oneOf", 40, json!({"type": "string"})),
            doubling("oneOf", 41, json!({"type": "integer"})),
        ),
        (
            "doubling items",
            doubling("items", 30, json!({"type": "string"})),
            doubling("items", 30, json!({"type": "integer"})),
        ),
        ("9 patterns", patterns(9, 1), patterns(9, 2)),
        ("20 patterns", patterns(20, 2), patterns(20, 3)),
        (
            "12 patternProperties",
            named(12, "string"),
            named(12, "integer"),
        ),
        (
            "maxItems 10^15",
            json!({"maxItems": 1_000_000_000_000_000u64}).to_string(),
            json!({"maxItems": 999_999_999_999_999u64}).to_string(),
        ),
        (
            "minItems 10^15",
            json!({"minItems": 999_999_999_999_999u64}).to_string(),
            json!({"minItems": 1_000_000_000_000_000u64}).to_string(),
        ),
        ("minItems 9,000, unique", least(8_000), least(9_000)),
        ("minItems 290, unique", least(280), least(290)),
        (
            "minLength 60,000",
            json!({"type": "string", "minLength": 60_000}).to_string(),
            json!({"type": "string", "minLength": 60_001}).to_string(),
        ),
        (
            "oneOf of 200, tagged",
            branches("oneOf", 200, "string"),
            branches("oneOf", 200, "integer"),
        ),
        (
            "oneOf of 200, tagged, alike",
            branches("oneOf", 201, "string"),
            branches("oneOf", 202, "string"),
        ),
        (
            "anyOf of 200, tagged",
            branches("anyOf", 200, "string"),
            branches("oneOf", 200, "string"),
        ),
        ("oneOf of 200, loose", loose(200, 1), loose(200, 2)),
        (
            "object of 5,000",
            object(5_000, "string", false),
            object(5_000, "integer", false),
        ),
        (
            "object of 5,000, required",
            object(5_000, "string", false),
            object(5_000, "string", true),
        ),
        (
            "object of 5,000, all required and integer",
            object(5_000, "string", true),
            object(5_000, "integer", true),
        ),
        ("2,000 dead references", dead("string"), dead("integer")),
        (
            "unevaluated, 40 times anyOf of 12",
            unevaluated("string"),
            unevaluated("integer"),
        ),
    ]
}

fn parsed(text: &str) -> Option<json::Schema> {
    let source = Source {
        text,
        references: &[],
        strictness: Strictness::Existing,
        limits: Limits::default(),
    };
    match Parsed::parse(SchemaType::Json, &source) {
        Ok(Parsed::Json(schema)) => Some(schema),
        _ => None,
    }
}

#[test]
fn hostile_pairs_end_soon() {
    let only = std::env::var("ACCORD_HOSTILE").unwrap_or_default();
    let mut slow = Vec::new();
    for (name, writer, reader) in pairs() {
        if !name.contains(&only) {
            continue;
        }
        let run = move || {
            let (Some(writer), Some(reader)) = (parsed(&writer), parsed(&reader)) else {
                println!("{name}: not parsed");
                return None;
            };
            // Forgets the peak so far.
            let _ = fs::write("/proc/self/clear_refs", "5");
            let (before, start) = (memory("VmRSS:"), processor_time());
            let truth = json::truth(&reader, &writer, &Budget::default());
            let took = processor_time()?.saturating_sub(start?) / 1_000_000;
            let more = memory("VmHWM:")?.saturating_sub(before?) / 1024;
            let why = truth.obstacles.first().map(|o| o.construct.clone());
            println!(
                "{name}: {took} ms, {more} MiB: {}, {} breaks {}",
                truth.outcome,
                truth.breaks.len(),
                why.unwrap_or_default()
            );
            Some((took, more))
        };
        // Unoptimised, the parser alone needs more than callers give.
        let stack = if cfg!(debug_assertions) {
            16 << 20
        } else {
            2 << 20
        };
        let thread = std::thread::Builder::new().stack_size(stack).spawn(run);
        match thread.expect("a thread").join().expect("it ends") {
            Some((took, more)) if took > 2_000 || more > 256 => slow.push(name),
            _ => {}
        }
    }
    // Printed, not asserted: machines differ. In an optimised build the list is to be empty.
    println!("more than 2 s of processor time or 256 MiB: {slow:?}");
}
