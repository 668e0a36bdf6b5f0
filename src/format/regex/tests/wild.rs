//! Patterns of public schemas: how many are understood, and what they cost.

use super::super::{Arena, Found, Lang};
use super::now;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

const STEPS: u64 = 300_000;

/// The patterns of a schema, and of schemas that are texts in it.
fn patterns(value: Value, into: &mut BTreeSet<String>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value) {
                        ("pattern", Value::String(pattern)) => {
                            into.insert(pattern);
                        }
                        ("patternProperties", Value::Object(by_pattern)) => {
                            into.extend(by_pattern.keys().cloned());
                            open.extend(by_pattern.into_iter().map(|(_, value)| value));
                        }
                        (_, value) => open.push(value),
                    }
                }
            }
            Value::Array(items) => open.extend(items),
            Value::String(text) if text.starts_with('{') && text.contains("attern") => {
                open.extend(serde_json::from_str::<Value>(&text));
            }
            _ => {}
        }
    }
}

fn found() -> Option<Vec<String>> {
    let shared = Path::new("../shared");
    let mut all = BTreeSet::new();
    let mut files = Vec::new();
    for folder in ["corpus", "vectors"] {
        for entry in std::fs::read_dir(shared.join(folder)).ok()? {
            files.push(entry.ok()?.path());
        }
    }
    for file in files {
        let name = file.file_name()?.to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).ok()?;
        if name.ends_with(".json") {
            patterns(serde_json::from_slice(&bytes).ok()?, &mut all);
        } else if name.ends_with(".jsonl.gz") && !name.contains("avro") && !name.contains("proto") {
            let lines = serde_json::Deserializer::from_reader(std::io::BufReader::new(
                GzDecoder::new(bytes.as_slice()),
            ));
            for line in lines.into_iter::<Value>() {
                patterns(line.ok()?, &mut all);
            }
        }
    }
    Some(all.into_iter().collect())
}

fn told(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 1000).copied();
    println!(
        "{what}: {} times, median {:?}, 99 % {:?}, longest {:?}",
        times.len(),
        at(500).unwrap_or_default(),
        at(990).unwrap_or_default(),
        times.last().copied().unwrap_or_default()
    );
}

#[test]
fn patterns_of_public_schemas_are_understood() {
    let Some(patterns) = found() else {
        println!("SKIPPED: ../shared/corpus or ../shared/vectors is not there");
        return;
    };
    let mut strange: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    let mut understood: Vec<&String> = Vec::new();
    let (mut reading, mut searching) = (Vec::new(), Vec::new());
    let (mut undecided, mut agree) = (Vec::new(), 0);
    for pattern in &patterns {
        let mut arena = Arena::default();
        let begin = now();
        let read = arena.pattern(pattern);
        reading.push(begin.elapsed());
        let lang = match read {
            Ok(lang) => lang,
            Err(stop) => {
                strange.entry(stop.construct).or_default().push(pattern);
                continue;
            }
        };
        understood.push(pattern);
        let oracle = regress::Regex::with_flags(pattern, "u")
            .or_else(|_| regress::Regex::new(pattern))
            .expect(pattern);
        for is_in in [true, false] {
            let lang = if is_in { lang } else { arena.not(lang) };
            let begin = now();
            let found = arena.shortest(lang, &mut { STEPS });
            searching.push(begin.elapsed());
            match found {
                Found::Text(text) => {
                    assert_eq!(oracle.find(&text).is_some(), is_in, "{pattern} on {text:?}");
                    agree += 1;
                }
                Found::None => {}
                Found::OutOfBudget => undecided.push(pattern),
            }
        }
    }
    println!(
        "{} patterns, {} understood",
        patterns.len(),
        understood.len()
    );
    for (construct, of) in &strange {
        println!(
            "  {} with {construct}, e.g. {}",
            of.len(),
            of.first().map_or("", |p| p)
        );
    }
    println!("{agree} shortest texts that an independent engine agrees to");
    println!("out of budget: {undecided:?}");
    told("pattern()", reading);
    told("shortest(L) and shortest(not L)", searching);

    // Pairs: each with some others, deterministically spread.
    let mut pairing = Vec::new();
    let mut slowest = (Duration::ZERO, "", "");
    let (mut inside, mut outside, mut open) = (0, 0, 0);
    for (at, a) in understood.iter().enumerate() {
        for step in [1, 2, 3, 5, 8, 13, 144, 377] {
            let Some(b) = understood.get((at + step) % understood.len()) else {
                continue;
            };
            let mut arena = Arena::default();
            let mut lang = |pattern: &str| -> Lang { arena.pattern(pattern).expect(pattern) };
            let (left, right) = (lang(a), lang(b));
            let begin = now();
            match arena.is_subset(left, right, &mut { STEPS }) {
                Some(true) => inside += 1,
                Some(false) => outside += 1,
                None => open += 1,
            }
            let took = begin.elapsed();
            if took > slowest.0 {
                slowest = (took, a, b);
            }
            pairing.push(took);
        }
    }
    println!("pairs: {inside} inside, {outside} not, {open} out of budget");
    told("is_subset(L, L')", pairing);
    println!("slowest: {:?} in {:?}", slowest.1, slowest.2);
}
