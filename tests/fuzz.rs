//! Random pairs of schemas against random data: a proof never meets a record that fails, a witness always fails.
//!
//! A few thousand pairs run with the tests; `scripts/fuzz` runs as many as it is told to.
#![cfg(feature = "engine")]

#[path = "fuzz/dice.rs"]
mod dice;
#[path = "fuzz/protobuf.rs"]
mod protobuf;

use accord::format::truth::Outcome;

/// Runs `round` for many seeds and prints the figures; contradictions fail the test.
fn run(language: &str, few: u64, round: fn(u64) -> Result<Outcome, String>) {
    let wanted = std::env::var("ACCORD_FUZZ_LANGUAGE").unwrap_or_default();
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let count = if wanted.is_empty() || wanted == language {
        number("ACCORD_FUZZ_COUNT").unwrap_or(few)
    } else {
        0
    };
    let from = number("ACCORD_FUZZ_SEED").unwrap_or(1);
    let (mut proved, mut broken, mut undecided) = (0, 0, 0);
    let mut contradictions = Vec::new();
    for seed in from..from + count {
        match round(seed) {
            Ok(Outcome::Proved) => proved += 1,
            Ok(Outcome::Broken) => broken += 1,
            Ok(Outcome::Undecided) => undecided += 1,
            Err(what) => {
                if contradictions.len() < 10 {
                    println!("{what}");
                }
                contradictions.push(what);
            }
        }
        let done = seed + 1 - from;
        if count > 100_000 && done % 100_000 == 0 {
            println!(
                "{language}: {done} pairs, {} contradictions",
                contradictions.len()
            );
        }
    }
    println!(
        "{language}: {count} pairs from seed {from}: {proved} proved, {broken} broken, {undecided} undecided, \
         {} contradictions",
        contradictions.len()
    );
    assert!(contradictions.is_empty(), "{language}: see above");
}

#[test]
fn protobuf_pairs() {
    run("protobuf", 3_000, protobuf::round);
}
