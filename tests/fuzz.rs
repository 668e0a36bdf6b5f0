//! Random pairs of schemas: an independent judge looks for what contradicts the truth that was told of them.
//!
//! The tests run some rounds of each language from a fixed seed. `scripts/fuzz` runs as many as wanted, in release.
#![cfg(feature = "engine")]

#[path = "fuzz/avro.rs"]
mod avro;
#[path = "fuzz/dice.rs"]
mod dice;
#[path = "fuzz/json.rs"]
mod json;
#[path = "fuzz/protobuf.rs"]
mod protobuf;

use accord::format::truth::{Outcome, Truth};
use dice::Dice;
use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

/// The program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A pair and what was said of it.
pub struct Pair {
    pub reader: String,
    pub writer: String,
    pub truth: Truth,
}

/// A pair, or what contradicts what was said of it.
pub type Round = Result<Pair, String>;

/// What came of many rounds.
#[derive(Default)]
struct Figures {
    pairs: u64,
    proved: u64,
    broken: u64,
    undecided: u64,
    /// Candidates that the checker withheld because they did not hold.
    unreproduced: u64,
    contradictions: Vec<String>,
    causes: BTreeMap<String, u64>,
    slowest: (Duration, u64),
}

impl Figures {
    fn count(&mut self, seed: u64, round: &Round) {
        self.pairs += 1;
        match round {
            Err(told) => self.contradictions.push(format!("seed {seed}: {told}")),
            Ok(pair) => {
                self.unreproduced += u64::from(pair.truth.unreproduced);
                match pair.truth.outcome {
                    Outcome::Proved => self.proved += 1,
                    Outcome::Broken => self.broken += 1,
                    Outcome::Undecided => {
                        self.undecided += 1;
                        if let Some(first) = pair.truth.obstacles.first() {
                            *self.causes.entry(first.construct.clone()).or_default() += 1;
                        }
                    }
                }
            }
        }
    }
}

/// Runs rounds from a seed on; `each` sees every pair.
#[expect(clippy::disallowed_methods, reason = "tests print how long they took")]
fn run(
    language: &str,
    round: Maker,
    count: u64,
    first: u64,
    each: &mut dyn FnMut(u64, &Pair),
) -> Figures {
    let start = Instant::now();
    let mut figures = Figures::default();
    let mut said = Instant::now();
    // Neighbouring seeds of the caller share nothing.
    let mut seeds = Dice::new(first);
    for _ in 0..count {
        let seed = seeds.throw();
        let began = Instant::now();
        let round = round(seed);
        let took = began.elapsed();
        if took > figures.slowest.0 {
            figures.slowest = (took, seed);
        }
        figures.count(seed, &round);
        match &round {
            Ok(pair) => each(seed, pair),
            Err(told) => println!("CONTRADICTION, seed {seed}: {told}"),
        }
        if said.elapsed() > Duration::from_secs(15) {
            said = Instant::now();
            println!("{}", line(language, &figures, start.elapsed()));
        }
    }
    println!("{}", line(language, &figures, start.elapsed()));
    for (cause, count) in &figures.causes {
        println!("  undecided because of: {cause} ({count})");
    }
    figures
}

fn line(language: &str, figures: &Figures, took: Duration) -> String {
    format!(
        "{language}: {} pairs, {} proved, {} broken, {} undecided, {} contradictions, {} withheld, \
         {:.0} pairs/s, slowest {:.0} ms (seed {})",
        figures.pairs,
        figures.proved,
        figures.broken,
        figures.undecided,
        figures.contradictions.len(),
        figures.unreproduced,
        figures.pairs as f64 / took.as_secs_f64().max(1e-9),
        figures.slowest.0.as_secs_f64() * 1e3,
        figures.slowest.1,
    )
}

/// Makes one pair of a seed and judges it.
type Maker = fn(u64) -> Round;

const LANGUAGES: &[(&str, Maker)] = &[
    ("avro", avro::round),
    ("json", json::round),
    ("protobuf", protobuf::round),
];

fn some_rounds(language: &str, count: u64) {
    let (_, round) = LANGUAGES
        .iter()
        .find(|(name, _)| *name == language)
        .expect("a known language");
    let figures = run(language, *round, count, 1, &mut |_, _| {});
    assert!(
        figures.contradictions.is_empty(),
        "{}",
        figures.contradictions.join("\n")
    );
}

#[expect(clippy::disallowed_methods, reason = "tests print how long they took")]
fn one(round: Maker, seed: u64) {
    let start = Instant::now();
    let pair = round(seed).unwrap_or_else(|told| panic!("{told}"));
    println!("writer {}\nreader {}", pair.writer, pair.reader);
    println!("{:?}\nround {:?}", pair.truth, start.elapsed());
}

/// On a stack as large as the registry gives the engine.
fn on_engine_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(test)
        .expect("a thread");
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn avro_rounds() {
    on_engine_stack(|| some_rounds("avro", 3_000));
}

#[test]
fn json_rounds() {
    on_engine_stack(|| some_rounds("json", 1_500));
}

#[test]
fn protobuf_rounds() {
    on_engine_stack(|| some_rounds("protobuf", 3_000));
}

/// `ACCORD_FUZZ="LANGUAGE COUNT SEED"`, or `"LANGUAGE = SEED"` for one pair, by the seed that was printed for it; with `ACCORD_FUZZ_PAIRS` the pairs are written there, one JSON object a line.
#[test]
fn long() {
    let Ok(wanted) = std::env::var("ACCORD_FUZZ") else {
        println!("not run: ACCORD_FUZZ does not say what to run");
        return;
    };
    let mut words = wanted.split_whitespace();
    let language = words.next().unwrap_or_default().to_owned();
    let how_many = words.next().unwrap_or_default().to_owned();
    let seed = words.next().and_then(|w| w.parse().ok()).unwrap_or(1);
    let (_, round) = *LANGUAGES
        .iter()
        .find(|(name, _)| *name == language)
        .expect("a known language");
    if how_many == "=" {
        return on_engine_stack(move || one(round, seed));
    }
    let count = how_many.parse().expect("a count");
    let mut out = std::env::var_os("ACCORD_FUZZ_PAIRS")
        .map(|path| std::io::BufWriter::new(std::fs::File::create(path).expect("the file opens")));
    on_engine_stack(move || {
        let figures = run(&language, round, count, seed, &mut |seed, pair| {
            if let Some(out) = &mut out {
                let witness = pair.truth.breaks.first().map(|b| &b.witness.record);
                let line = serde_json::json!({
                    "seed": seed,
                    "reader": pair.reader,
                    "writer": pair.writer,
                    "verdict": pair.truth.outcome,
                    "witness": witness,
                    "bytes": pair.truth.breaks.iter().map(|b| &b.witness.hex).collect::<Vec<_>>(),
                    "obstacles": pair.truth.obstacles.iter().map(|o| &o.construct).collect::<Vec<_>>(),
                    "lossy": !pair.truth.warnings.is_empty(),
                });
                writeln!(out, "{line}").expect("the file takes it");
            }
        });
        assert!(
            figures.contradictions.is_empty(),
            "contradictions, see above"
        );
    });
}
