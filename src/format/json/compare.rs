//! Compares two models: which pairs of schemas are compatible, and all differences with their paths.
//!
//! A pair's compatibility may depend on itself through references. It is the greatest solution: every pair counts
//! as compatible until a rule refutes it, and a refutation is carried to the pairs that relied on it. So the
//! verdict does not depend on the order of visits, and each pair is looked at a bounded number of times. The
//! rules themselves are in the neighbour `rules`; they run once to decide and once to report.

use super::kinds::Rule;
use super::model::{Id, Model, Node};
use super::pattern::Patterns;
use super::rules::pair_rules;
use crate::format::hash::HashMap;
use crate::format::{Difference, Judgement, TooComplex};
use crate::model::Policy;
use std::fmt::Write;

/// How deep the walk may recurse before a pair is put off till later.
const DEPTH: usize = 2_000;
/// How often a pair that has differences is reported anew under another path. Beyond this, once each.
const REPEATS: u32 = 20_000;

/// A node of one of the two models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    side: u8,
    id: Id,
}

impl Place {
    /// The writer's node.
    pub fn writer(id: Id) -> Self {
        Self { side: 0, id }
    }

    /// The reader's node.
    pub fn reader(id: Id) -> Self {
        Self { side: 1, id }
    }

    /// Another node of the same model.
    pub fn other(self, id: Id) -> Self {
        Self { id, ..self }
    }
}

/// The schema that data was valid under, and the one it shall be valid under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pair {
    /// The former.
    pub original: Place,
    /// The latter.
    pub update: Place,
}

/// Why the rules stop early.
#[derive(Debug)]
pub enum Stop {
    /// The pair is refuted, and that is all that was asked.
    Refuted,
    /// Too many steps.
    TooComplex,
}

/// What the rules answer.
pub type Step = Result<(), Stop>;

/// A step of a path.
#[derive(Debug, Clone, Copy)]
pub enum Segment<'s> {
    /// None.
    Here,
    /// A keyword.
    Word(&'s str),
    /// A keyword and a name in it.
    Named(&'s str, &'s str),
    /// A keyword and a position in it.
    At(&'s str, usize),
}

/// Who runs the rules.
pub trait Sink<'m> {
    /// The comparison this is a part of.
    fn compare(&mut self) -> &mut Compare<'m>;
    /// A difference.
    fn found(&mut self, rule: &Rule, at: Segment<'_>) -> Step;
    /// A comparison of parts, on which this one depends.
    fn child(&mut self, at: Segment<'_>, pair: Pair) -> Step;
    /// Whether parts are compatible, without depending on it.
    fn compatible(&mut self, pair: Pair) -> Result<bool, Stop>;
    /// Whether only the verdict counts.
    fn only_decides(&self) -> bool;
}

#[derive(Debug, Default)]
struct Verdict {
    is_refuted: bool,
    /// The pairs that rely on this one being compatible.
    relying: Vec<Pair>,
}

/// A comparison under way.
pub struct Compare<'m> {
    models: [&'m Model; 2],
    policy: Policy,
    steps: u64,
    verdicts: HashMap<Pair, Verdict>,
    queue: Vec<Pair>,
    depth: usize,
    patterns: Patterns,
}

impl<'m> Compare<'m> {
    /// A comparison.
    pub fn new(writer: &'m Model, reader: &'m Model, policy: Policy, steps: u64) -> Self {
        Self {
            models: [writer, reader],
            policy,
            steps,
            verdicts: HashMap::default(),
            queue: Vec::new(),
            depth: 0,
            patterns: Patterns::default(),
        }
    }

    /// A node.
    pub fn node(&self, place: Place) -> &'m Node {
        let [writer, reader] = self.models;
        let model = if place.side == 0 { writer } else { reader };
        model.node(place.id)
    }

    /// Counts steps.
    pub fn spend(&mut self, steps: usize) -> Step {
        match self.steps.checked_sub(steps as u64) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Stop::TooComplex),
        }
    }

    /// Whether a property name is covered by an expression.
    pub fn covers(&mut self, pattern: &str, name: &str) -> Result<bool, Stop> {
        self.spend(self.patterns.cost(pattern, name))?;
        Ok(self.patterns.covers(pattern, name))
    }

    fn breaks(&self, rule: &Rule) -> bool {
        match rule.judgement {
            Judgement::Compatible => false,
            Judgement::Lenient => self.policy != Policy::Lenient,
            Judgement::Incompatible => true,
        }
    }

    /// Whether a pair is compatible for good.
    fn decide(&mut self, pair: Pair) -> Result<bool, Stop> {
        self.ask(pair, None)?;
        while let Some(pair) = self.queue.pop() {
            if self.verdicts.get(&pair).is_some_and(|v| !v.is_refuted) {
                self.run(pair)?;
            }
        }
        Ok(self.verdicts.get(&pair).is_none_or(|v| !v.is_refuted))
    }

    /// Whether a pair is compatible as far as is known, for the sake of `relying`.
    fn ask(&mut self, pair: Pair, relying: Option<Pair>) -> Result<bool, Stop> {
        self.spend(1)?;
        if let Some(verdict) = self.verdicts.get_mut(&pair) {
            if verdict.is_refuted {
                return Ok(false);
            }
            if verdict.relying.last() != relying.as_ref() {
                verdict.relying.extend(relying);
            }
            return Ok(true);
        }
        // What is kept for a pair costs more than the step.
        self.spend(2)?;
        self.verdicts.insert(pair, Verdict::default());
        if self.depth < DEPTH {
            self.depth += 1;
            let ran = self.run(pair);
            self.depth -= 1;
            if !ran? {
                return Ok(false);
            }
        } else {
            self.queue.push(pair);
        }
        if let Some(verdict) = self.verdicts.get_mut(&pair) {
            verdict.relying.extend(relying);
        }
        Ok(true)
    }

    /// Runs the rules on a pair and carries on a refutation.
    fn run(&mut self, pair: Pair) -> Result<bool, Stop> {
        let mut decision = Decision {
            compare: self,
            pair,
        };
        match pair_rules(&mut decision, pair) {
            Ok(()) => Ok(true),
            Err(Stop::Refuted) => {
                if let Some(verdict) = self.verdicts.get_mut(&pair) {
                    verdict.is_refuted = true;
                    let relying = std::mem::take(&mut verdict.relying);
                    self.spend(relying.len())?;
                    self.queue.extend(relying);
                }
                Ok(false)
            }
            Err(stop) => Err(stop),
        }
    }

    /// All differences.
    pub fn report(mut self, pair: Pair) -> Result<Vec<Difference>, TooComplex> {
        let mut report = Report {
            compare: &mut self,
            path: String::new(),
            differences: Vec::new(),
            walks: HashMap::default(),
            repeats: REPEATS,
            later: vec![(String::new(), pair)],
        };
        while let Some((path, pair)) = report.later.pop() {
            report.path = path;
            match report.walk(pair) {
                Ok(()) | Err(Stop::Refuted) => {}
                Err(Stop::TooComplex) => return Err(TooComplex),
            }
        }
        Ok(report.differences)
    }
}

/// Runs the rules until one refutes the pair.
struct Decision<'c, 'm> {
    compare: &'c mut Compare<'m>,
    pair: Pair,
}

impl<'m> Sink<'m> for Decision<'_, 'm> {
    fn compare(&mut self) -> &mut Compare<'m> {
        self.compare
    }

    fn found(&mut self, rule: &Rule, _at: Segment<'_>) -> Step {
        if self.compare.breaks(rule) {
            return Err(Stop::Refuted);
        }
        Ok(())
    }

    fn child(&mut self, _at: Segment<'_>, pair: Pair) -> Step {
        if self.compare.ask(pair, Some(self.pair))? {
            Ok(())
        } else {
            Err(Stop::Refuted)
        }
    }

    fn compatible(&mut self, pair: Pair) -> Result<bool, Stop> {
        self.compare.ask(pair, Some(self.pair))
    }

    fn only_decides(&self) -> bool {
        true
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    UnderWay,
    Silent,
    Loud,
}

/// Runs the rules to the end and keeps what they find.
struct Report<'c, 'm> {
    compare: &'c mut Compare<'m>,
    path: String,
    differences: Vec<Difference>,
    walks: HashMap<Pair, Walk>,
    repeats: u32,
    /// Pairs too deep to walk to, with their paths.
    later: Vec<(String, Pair)>,
}

impl Report<'_, '_> {
    fn walk(&mut self, pair: Pair) -> Step {
        self.compare.spend(1)?;
        match self.walks.get(&pair) {
            Some(Walk::UnderWay | Walk::Silent) => return Ok(()),
            Some(Walk::Loud) => match self.repeats.checked_sub(1) {
                Some(left) => self.repeats = left,
                None => return Ok(()),
            },
            None => {}
        }
        if self.compare.depth >= DEPTH / 2 {
            self.compare.spend(1 + self.path.len() / 16)?;
            self.later.push((self.path.clone(), pair));
            return Ok(());
        }
        self.walks.insert(pair, Walk::UnderWay);
        let before = self.differences.len();
        self.compare.depth += 1;
        pair_rules(self, pair)?;
        self.compare.depth -= 1;
        let walk = if self.differences.len() == before {
            Walk::Silent
        } else {
            Walk::Loud
        };
        self.walks.insert(pair, walk);
        Ok(())
    }

    /// Appends to the path; the length to cut it back to.
    fn enter(&mut self, at: Segment<'_>) -> usize {
        let length = self.path.len();
        if !matches!(at, Segment::Here) && length > 0 {
            self.path.push('/');
        }
        match at {
            Segment::Here => {}
            Segment::Word(word) => self.path.push_str(word),
            Segment::Named(word, name) => {
                self.path.push_str(word);
                self.path.push('/');
                self.path.push_str(name);
            }
            Segment::At(word, index) => {
                // Writing to a string cannot fail.
                let _ = write!(self.path, "{word}/{index}");
            }
        }
        length
    }
}

impl<'m> Sink<'m> for Report<'_, 'm> {
    fn compare(&mut self) -> &mut Compare<'m> {
        self.compare
    }

    fn found(&mut self, rule: &Rule, at: Segment<'_>) -> Step {
        let length = self.enter(at);
        // Each difference repeats the path, so a long one is paid for.
        self.compare.spend(1 + self.path.len() / 16)?;
        self.differences.push(rule.at(&self.path));
        self.path.truncate(length);
        Ok(())
    }

    fn child(&mut self, at: Segment<'_>, pair: Pair) -> Step {
        let length = self.enter(at);
        self.walk(pair)?;
        self.path.truncate(length);
        Ok(())
    }

    fn compatible(&mut self, pair: Pair) -> Result<bool, Stop> {
        self.compare.decide(pair)
    }

    fn only_decides(&self) -> bool {
        false
    }
}
