//! Truths about pairs of schemas: found once, kept, timed and counted.

use crate::format::truth::{Budget, Obstacle, Outcome, Place, Truth};
use crate::format::{self, Parsed};
use crate::model::SchemaType;
use crate::registry::library::{Question, TruthSource};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::time::Instant;

/// What a truth hangs on. The checkers' own version is not among it: the answers are gone with the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    reader: [u8; 32],
    writer: [u8; 32],
    steps: u64,
    witness_bytes: usize,
    told: usize,
    assert_formats: bool,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Truth>> for Bytes {
    fn weight(&self, _: &Key, truth: &Arc<Truth>) -> u64 {
        weight(truth)
    }
}

/// An estimate of what a truth takes.
fn weight(truth: &Truth) -> u64 {
    let breaks = truth.breaks.iter().chain(&truth.warnings).map(|b| {
        let hex = b.witness.hex.as_ref().map_or(0, String::len);
        let words: usize = b.arguments.0.values().map(|word| word.len() + 64).sum();
        512 + b.witness.record.len()
            + b.witness.reading.len()
            + hex
            + words
            + b.reader.pointer.len()
            + b.writer.pointer.len()
    });
    let obstacles = truth
        .obstacles
        .iter()
        .map(|o| 128 + o.construct.len() + o.place.pointer.len());
    let own = 256 + breaks.chain(obstacles).sum::<usize>() as u64;
    own + truth.json_mapping.as_deref().map_or(0, weight)
}

/// How a check ended, for counting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Checked {
    /// The language.
    pub language: &'static str,
    /// The outcome.
    pub outcome: &'static str,
}

/// Seconds; from a record of two fields to what a whole budget takes.
const TIMES: [f64; 12] = [
    0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0,
];

/// What is counted. Handles: a clone counts with the original.
#[derive(Debug, Clone)]
pub struct Meters {
    /// Checks by language and outcome.
    pub outcomes: Family<Checked, Counter>,
    /// Witnesses that did not reproduce and were withheld.
    pub unreproduced: Counter,
    /// What a check took.
    pub seconds: Histogram,
    /// Questions that were answered before.
    pub repeated: Counter,
}

/// The cache with its meters.
#[derive(Debug)]
pub(super) struct Truths {
    cache: Cache<Key, Arc<Truth>, Bytes>,
    meters: Meters,
}

impl Truths {
    /// Keeps up to `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self {
            cache: Cache::with_weighter(4_096, bytes, Bytes),
            meters: Meters {
                outcomes: Family::default(),
                unreproduced: Counter::default(),
                seconds: Histogram::new(TIMES),
                repeated: Counter::default(),
            },
        }
    }

    /// What was counted.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    fn check(&self, question: &Question<'_>) -> Arc<Truth> {
        let (reader, writer) = (&question.reader.parsed, &question.writer.parsed);
        let started = Instant::now();
        let truth = guarded(reader, writer, question.budget);
        self.meters.seconds.observe(started.elapsed().as_secs_f64());
        self.meters
            .outcomes
            .get_or_create(&Checked {
                language: language(reader.schema_type()),
                outcome: match truth.outcome {
                    Outcome::Proved => "proved",
                    Outcome::Broken => "broken",
                    Outcome::Undecided => "undecided",
                },
            })
            .inc();
        let mapping = truth.json_mapping.as_ref().map_or(0, |t| t.unreproduced);
        let unreproduced = truth.unreproduced.saturating_add(mapping);
        if unreproduced > 0 {
            self.meters.unreproduced.inc_by(unreproduced.into());
            tracing::warn!(
                subject = %question.subject,
                language = language(reader.schema_type()),
                count = unreproduced,
                "witnesses did not reproduce and were withheld: a fault of the checker"
            );
        }
        Arc::new(truth)
    }
}

impl TruthSource for Truths {
    fn truth(&self, question: &Question<'_>) -> Arc<Truth> {
        let budget = question.budget;
        let key = Key {
            reader: *question.reader.key(),
            writer: *question.writer.key(),
            steps: budget.steps,
            witness_bytes: budget.witness_bytes,
            told: budget.told,
            assert_formats: budget.assert_formats,
        };
        let mut fresh = false;
        // Whoever asks the same meanwhile waits for this answer.
        let found: Result<_, Infallible> = self.cache.get_or_insert_with(&key, || {
            fresh = true;
            Ok(self.check(question))
        });
        if !fresh {
            self.meters.repeated.inc();
        }
        match found {
            Ok(truth) => truth,
        }
    }
}

/// A fault in a checker is no verdict, and must not stand in the way of the rules' own.
fn guarded(reader: &Parsed, writer: &Parsed, budget: &Budget) -> Truth {
    catch_unwind(AssertUnwindSafe(|| format::truth(reader, writer, budget))).unwrap_or_else(
        |panic| {
            let panic = super::gather::panic_text(&*panic);
            tracing::error!(%panic, "a checker failed");
            Truth::undecided(Obstacle {
                construct: "a fault in the checker".to_owned(),
                place: Place::here(""),
            })
        },
    )
}

fn language(schema_type: SchemaType) -> &'static str {
    match schema_type {
        SchemaType::Avro => "avro",
        SchemaType::Json => "json",
        SchemaType::Protobuf => "protobuf",
    }
}
