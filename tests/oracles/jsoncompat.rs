//! Compares the verdicts in a file of pairs with those of jsoncompat. Built by `run` in a folder of its own.

use jsoncompat::{
    AnalysisOptions, CompatibilityResult, Role, SchemaDocument, analyze_compat_with_options,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// `None` if it does not take one of the schemas.
fn ask(reader: &Value, writer: &Value) -> Option<CompatibilityResult> {
    let reader = SchemaDocument::from_json(reader).ok()?;
    let writer = SchemaDocument::from_json(writer).ok()?;
    let options = AnalysisOptions {
        max_generated_candidates: 200,
        ..AnalysisOptions::default()
    };
    // "Serializer" asks whether all of the second is in the first.
    analyze_compat_with_options(&reader, &writer, Role::Serializer, options).ok()
}

fn main() {
    let file = std::env::args().nth(1).expect("a file of pairs");
    let mut counts: BTreeMap<(String, &str), u32> = BTreeMap::new();
    for line in std::fs::read_to_string(file).expect("the file is text").lines() {
        let pair: Value = serde_json::from_str(line).expect("a line is JSON");
        let side = |name: &str| -> Value {
            serde_json::from_str(pair[name].as_str().unwrap_or_default()).expect("a schema")
        };
        let (reader, writer) = (side("reader"), side("writer"));
        let is_newest = |schema: &Value| schema["$schema"].as_str().is_some_and(|s| s.contains("2020-12"));
        if !is_newest(&reader) || !is_newest(&writer) {
            continue;
        }
        let ours = pair["verdict"].as_str().unwrap_or_default().to_owned();
        let theirs = match ask(&reader, &writer) {
            Some(CompatibilityResult::Compatible) => "proved",
            Some(CompatibilityResult::Incompatible { .. }) => "broken",
            Some(CompatibilityResult::Unknown { .. }) => "undecided",
            None => "not taken",
        };
        if (ours == "proved" && theirs == "broken") || (ours == "broken" && theirs == "proved") {
            println!("DIFFERENT, seed {}: ours {ours} {}, jsoncompat's {theirs}", pair["seed"], pair["witness"]);
            println!("  writer {writer}\n  reader {reader}");
        }
        *counts.entry((ours, theirs)).or_default() += 1;
    }
    for ((ours, theirs), count) in counts {
        println!("ours {ours}, jsoncompat's {theirs}: {count}");
    }
}
