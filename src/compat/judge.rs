//! One candidate and one earlier version, one way: what the rules say and what is true, side by side.

use super::report::{Direction, VerdictPolicy};
use super::{Past, PastSchema, Rules, peers, violations};
use crate::format::truth::{Budget, Outcome, Truth};
use crate::format::{self, Difference, Parsed, Resolved, TooComplex};
use std::sync::Arc;

/// What is asked beside the rules.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which verdict decides.
    pub policy: VerdictPolicy,
    /// What one comparison may cost; many versions share it.
    pub budget: &'a Budget,
}

/// A schema's text with the texts it refers to: where places are looked up.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The text as given or as stored.
    pub text: &'a str,
    /// Everything referred to, directly or not.
    pub references: &'a [Resolved],
}

/// An earlier version as read, with the texts it refers to.
#[derive(Debug, Clone)]
pub struct PastDocument<R> {
    /// The schema.
    pub schema: PastSchema<R>,
    /// Everything it refers to, directly or not.
    pub references: Arc<[Resolved]>,
}

/// A question about the candidate and one earlier version.
#[derive(Debug)]
pub struct Pair<'a, P> {
    /// The earlier version, as the history names it.
    pub past: &'a P,
    /// Which of the two reads.
    pub direction: Direction,
    /// The schema that reads.
    pub reader: &'a Parsed,
    /// The schema that writes.
    pub writer: &'a Parsed,
    /// What the answer may cost.
    pub budget: &'a Budget,
}

/// Who answers what is true: a caller that keeps answers, counts or logs them brings its own.
pub trait Judge<P> {
    /// What is true of the pair: the answer of [`format::truth()`] for exactly this budget.
    fn truth(&self, pair: &Pair<'_, P>) -> Arc<Truth>;
}

/// Answers every question afresh.
#[derive(Debug, Clone, Copy, Default)]
pub struct Afresh;

impl<P> Judge<P> for Afresh {
    fn truth(&self, pair: &Pair<'_, P>) -> Arc<Truth> {
        Arc::new(format::truth(pair.reader, pair.writer, pair.budget))
    }
}

/// How many comparisons one check may spend a full budget on.
const FULL_BUDGETS: u64 = 4;

/// The steps with which a comparison is worth starting.
const LEAST_STEPS: u64 = 1_000;

/// How the truth's budget is shared among the versions of a history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The budget of each comparison.
    pub budget: Budget,
    /// How many versions it reaches, the newest ones.
    pub versions: usize,
}

impl Plan {
    pub(super) fn new<P>(
        rules: &Rules<'_>,
        asked: &Asked<'_>,
        candidate: super::Candidate<'_>,
        history: &[Past<'_, P>],
    ) -> Self {
        let versions = peers(rules, candidate, history).count().max(1);
        let directions = directions(rules).len().max(1) as u64;
        let steps = asked.budget.steps;
        let all = steps.saturating_mul(FULL_BUDGETS);
        let least = LEAST_STEPS.min(steps).max(1);
        let share = (all / (versions as u64).saturating_mul(directions)).clamp(least, steps.max(1));
        let reached = all / share.saturating_mul(directions).max(1);
        Self {
            budget: Budget {
                steps: share,
                ..*asked.budget
            },
            // The newest version is always looked at.
            versions: usize::try_from(reached).unwrap_or(usize::MAX).max(1),
        }
    }
}

/// The directions that the level demands, in the order in which messages list them.
pub(super) fn directions(rules: &Rules<'_>) -> Vec<Direction> {
    let mut all = Vec::with_capacity(2);
    if rules.level.needs_forward() {
        all.push(Direction::Forward);
    }
    if rules.level.needs_backward() {
        all.push(Direction::Backward);
    }
    all
}

/// What the rules and the truth say of one pair.
#[derive(Debug)]
pub(super) struct Judged {
    /// The differences that violate the rules.
    pub violations: Vec<Difference>,
    /// The truth; `None` if the budget did not reach it.
    pub truth: Option<Arc<Truth>>,
}

/// Which schema reads and which writes.
pub(super) fn sides<'a>(
    direction: Direction,
    new: &'a Parsed,
    old: &'a Parsed,
) -> (&'a Parsed, &'a Parsed) {
    match direction {
        Direction::Backward => (new, old),
        Direction::Forward => (old, new),
    }
}

/// Asks both.
pub(super) fn judge<P>(
    rules: &Rules<'_>,
    answers: &dyn Judge<P>,
    pair: &Pair<'_, P>,
    reached: bool,
) -> Result<Judged, TooComplex> {
    Ok(Judged {
        violations: violations(rules, pair.reader, pair.writer)?,
        truth: reached.then(|| answers.truth(pair)),
    })
}

/// Asks for the truth first, and the rules only as far as the policy needs them.
pub(super) fn judge_for<P>(
    policy: VerdictPolicy,
    rules: &Rules<'_>,
    answers: &dyn Judge<P>,
    pair: &Pair<'_, P>,
    reached: bool,
) -> Result<Judged, TooComplex> {
    let truth = reached.then(|| answers.truth(pair));
    let outcome = truth.as_ref().map_or(Outcome::Undecided, |t| t.outcome);
    let violations = match (policy, outcome) {
        (VerdictPolicy::Semantic, Outcome::Proved) => Vec::new(),
        // They only lend their words to the breaks.
        (VerdictPolicy::Semantic, Outcome::Broken) => {
            violations(rules, pair.reader, pair.writer).unwrap_or_default()
        }
        _ => violations(rules, pair.reader, pair.writer)?,
    };
    Ok(Judged { violations, truth })
}

impl Judged {
    /// The semantic verdict.
    pub(super) fn outcome(&self) -> Outcome {
        self.truth
            .as_ref()
            .map_or(Outcome::Undecided, |t| t.outcome)
    }

    /// How many records were found that fail.
    pub(super) fn breaks(&self) -> usize {
        self.truth.as_ref().map_or(0, |t| t.breaks.len())
    }

    /// Whether the pair is fine under the policy.
    pub(super) fn allowed(&self, policy: VerdictPolicy) -> bool {
        let ruled = self.violations.is_empty();
        match (policy, self.outcome()) {
            (VerdictPolicy::Confluent, _) | (VerdictPolicy::Semantic, Outcome::Undecided) => ruled,
            (VerdictPolicy::Semantic, outcome) => outcome == Outcome::Proved,
            (VerdictPolicy::Strictest, outcome) => ruled && outcome == Outcome::Proved,
        }
    }
}
