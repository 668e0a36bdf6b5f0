//! From a candidate document to findings: executed, made small, attributed to a keyword; and then the next one.
//!
//! The search proposes and a validator that shares no code with it decides: what it does not confirm is counted
//! and never shown. To find every break, the keyword that one is attributed to is taken out of the reader and
//! the search runs again; each further witness still has to fail the reader as it is.

mod attribute;
mod compiled;
mod execute;
mod minimise;
mod record;
mod rules;
mod stand_in;
#[cfg(test)]
mod tests;
mod walk;

pub(in crate::format::json) use compiled::Kept;
pub(in crate::format) use record::check_record;
pub use rules::rule_of;
pub use stand_in::Bound;

use super::contain::{Search, Side, search_documents};
use super::{Dialect, Schema, diff};
use crate::format::hash::HashSet;
use crate::format::json_text::{Node, Value};
use crate::format::truth::{Break, Budget, Obstacle, Outcome, Place, Truth};
use crate::format::{Difference, Limits};
use crate::model::Policy;
use attribute::Attributed;
use execute::Executor;
use jsonschema::ValidationError;
use std::sync::Arc;

/// Searches for further breaks.
const ROUNDS: usize = 20;
/// Schemas are read again for each round: values read in all rounds together.
const READ: usize = 400_000;
/// A further search may take this part of the budget.
const FURTHER: u64 = 20;
/// Documents that are executed to make one witness small.
const TRIES: u32 = 400;
/// Schemas that all executions for one pair may visit, apart from the first of each search.
const VISITS: u64 = 1_000_000;
/// Bytes that are copied to make one witness small.
const COPIED: usize = 4 << 20;
/// Stack that the validator gets: it recurses on schemas, and so does what frees it.
const STACK: usize = 96 << 20;

/// What is true of a reader and a writer.
pub fn truth(reader: &Schema, writer: &Schema, budget: &Budget) -> Truth {
    let differences = || {
        let limits = Limits::default();
        diff(reader, writer, Policy::Strict, &limits).unwrap_or_default()
    };
    judge(&reader.side(), &writer.side(), budget, &differences)
}

/// The same for documents that need not be whole schemas of the registry.
pub fn judge(
    reader: &Side<'_>,
    writer: &Side<'_>,
    budget: &Budget,
    differences: &dyn Fn() -> Vec<Difference>,
) -> Truth {
    let searched = search_documents(reader, writer, budget);
    if matches!(searched, Search::Empty) {
        return Truth::proved();
    }
    stacker::grow(STACK, || {
        let (value, obstacles) = match searched {
            Search::Empty => return Truth::proved(),
            Search::Found(value) => (Some(value), Vec::new()),
            Search::Maybe(value, obstacles) => {
                let truth = found(reader, writer, value, budget, differences);
                if truth.outcome == Outcome::Broken {
                    return truth;
                }
                // It was only a guess, and nobody's fault.
                (guess(reader, writer, budget), obstacles)
            }
            Search::Unknown(obstacles) => (guess(reader, writer, budget), obstacles),
        };
        let mut truth = match value {
            Some(value) => found(reader, writer, value, budget, differences),
            None => Truth {
                outcome: Outcome::Undecided,
                ..Truth::proved()
            },
        };
        if truth.outcome == Outcome::Undecided
            && let Some(broken) = bounded(reader, writer, budget, differences)
        {
            return broken;
        }
        truth.obstacles.extend(obstacles);
        truth.obstacles.truncate(budget.told.max(1));
        truth
    })
}

/// A break that does not depend on what a validator cannot compile.
fn bounded(
    reader: &Side<'_>,
    writer: &Side<'_>,
    budget: &Budget,
    differences: &dyn Fn() -> Vec<Difference>,
) -> Option<Truth> {
    let above = stand_in::stand_in(reader, Bound::Above);
    let below = stand_in::stand_in(writer, Bound::Below);
    if above.is_none() && below.is_none() {
        return None;
    }
    let reader = above.as_ref().map_or_else(|| reader.clone(), Weak::side);
    let writer = below.as_ref().map_or_else(|| writer.clone(), Weak::side);
    let value = match search_documents(&reader, &writer, budget) {
        Search::Empty => return None,
        Search::Found(value) | Search::Maybe(value, _) => value,
        Search::Unknown(_) => guess(&reader, &writer, budget)?,
    };
    let truth = found(&reader, &writer, value, budget, differences);
    (truth.outcome == Outcome::Broken).then_some(truth)
}

/// The documents of a side, without what a validator cannot compile: the root first, then the references. Broken
/// pairs are executed with the writer's lower bound and the reader's upper one; `None` if the side is its own.
pub fn stand_in(side: &Side<'_>, bound: Bound) -> Option<Vec<Node>> {
    let stand_in = stand_in::stand_in(side, bound)?;
    let references = stand_in.references.into_iter().map(|(_, node)| node);
    Some(std::iter::once(stand_in.root).chain(references).collect())
}

fn obstacle(construct: impl Into<String>) -> Obstacle {
    Obstacle {
        construct: construct.into(),
        place: Place::here(""),
    }
}

fn found(
    reader: &Side<'_>,
    writer: &Side<'_>,
    first: Value,
    budget: &Budget,
    differences: &dyn Fn() -> Vec<Difference>,
) -> Truth {
    let first = Node::made(first);
    if !execute::exact(&first) {
        return Truth::undecided(obstacle("a number that a double does not hold"));
    }
    let document = first.to_serde();
    let formats = budget.assert_formats;
    let sides = Executor::of(writer.clone(), formats, &document)
        .and_then(|w| Ok((w, Executor::of(reader.clone(), formats, &document)?)));
    let (mut writes, mut reads) = match sides {
        Ok(sides) => sides,
        Err(construct) => return Truth::undecided(obstacle(construct)),
    };
    match (writes.accepts(&document), reads.accepts(&document)) {
        (Some(true), Some(false)) => {}
        (None, _) | (_, None) => {
            return Truth::undecided(obstacle("a document that costs too much to validate"));
        }
        _ => {
            return Truth {
                unreproduced: 1,
                ..Truth::undecided(obstacle("a document that the validator does not confirm"))
            };
        }
    }
    let mut truth = Truth::proved();
    let differences = differences();
    let read = size(reader) + size(writer);
    let rounds = ROUNDS.min(READ / read.max(1)).max(1);
    let tries = TRIES.min((READ / read.max(1)) as u32).max(20);
    let mut weak: Option<Weak> = None;
    let mut places: HashSet<(Place, String)> = HashSet::default();
    let mut removed: HashSet<Removal> = HashSet::default();
    let mut next = Some(document);
    for _ in 0..rounds {
        let Some(document) = next.take() else { break };
        if !(writes.covers(&document) && reads.covers(&document)) {
            // Another document, of other members: from now on everything is compiled.
            let sides = Executor::new(writer.clone(), formats)
                .and_then(|w| Ok((w, Executor::new(reader.clone(), formats)?)));
            let Ok(sides) = sides else { break };
            (writes, reads) = sides;
        }
        let is_told = |document: &serde_json::Value, error: &ValidationError<'_>| {
            let removal = attribute::removal_of(&mut reads.walk(), document, error);
            removed.contains(&removal)
        };
        let is_witness = |document: &serde_json::Value| {
            writes.visited() + reads.visited() <= VISITS
                && writes.accepts(document) == Some(true)
                && reads.accepts(document) == Some(false)
                && (removed.is_empty()
                    || reads.objects(document, |error| !is_told(document, &error)))
        };
        if !is_witness(&document) {
            // Removing a keyword may allow less, under a `not`: nothing is said about such a document.
            break;
        }
        let length = document.to_string().len();
        let tries = tries.min((COPIED / (length + 1)) as u32).max(20);
        let small = minimise::minimise(document, tries, &is_witness);
        let errors = reads.errors(&small);
        let untold = errors.iter().filter(|error| !is_told(&small, error));
        let Some(error) = attribute::plainest(untold) else {
            break;
        };
        let Attributed { told, remove, name } = {
            let (mut reads, mut writes) = (reads.walk(), writes.walk());
            attribute::attribute(&mut reads, &mut writes, &small, error, &differences)
        };
        if told.witness.record.len() <= budget.witness_bytes
            && places.insert((told.reader.clone(), name))
        {
            truth.breaks.push(told);
        }
        if truth.breaks.len() >= budget.told.max(1) {
            break;
        }
        let weak = weak.get_or_insert_with(|| Weak::of(reader));
        if !weak.remove(&remove) || !removed.insert(remove) {
            break;
        }
        let further = Budget {
            steps: budget.steps / FURTHER,
            ..*budget
        };
        if let Search::Found(value) | Search::Maybe(value, _) =
            search_documents(&weak.side(), writer, &further)
        {
            let value = Node::made(value);
            next = execute::exact(&value).then(|| value.to_serde());
        }
    }
    if truth.breaks.is_empty() {
        return Truth::undecided(obstacle("a document larger than a witness may be"));
    }
    truth.outcome = Outcome::Broken;
    order(&mut truth.breaks, reader);
    truth
}

/// Breaks in the order of the reader's text.
fn order(breaks: &mut [Break], reader: &Side<'_>) {
    breaks.sort_by_cached_key(|told| {
        let document = match &told.reader.reference {
            None => Some((0, reader.root)),
            Some(name) => (reader.references.iter().enumerate())
                .find(|(_, (other, _))| other == name)
                .map(|(i, (_, node))| (i + 1, *node)),
        };
        let start = document.and_then(|(i, node)| {
            let mut at = node;
            for token in attribute::tokens(&told.reader.pointer) {
                at = match &at.value {
                    Value::Object(_) => at.get(&token)?,
                    Value::Array(items) => items.get(token.parse::<usize>().ok()?)?,
                    _ => return None,
                };
            }
            Some((i, at.span.start))
        });
        (start.unwrap_or_default(), told.reader.clone())
    });
}

/// How many values the documents of a side have.
fn size(side: &Side<'_>) -> usize {
    let mut todo: Vec<&Node> = std::iter::once(side.root)
        .chain(side.references.iter().map(|(_, node)| *node))
        .collect();
    let mut count = 0;
    while let Some(node) = todo.pop() {
        count += 1;
        match &node.value {
            Value::Array(items) => todo.extend(items),
            Value::Object(members) => todo.extend(members.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    count
}

/// Documents worth a try where the search gave up: the values that the schemas name, and plain ones.
fn guess(reader: &Side<'_>, writer: &Side<'_>, budget: &Budget) -> Option<Value> {
    const GUESSES: usize = 200;
    let writes = Executor::new(writer.clone(), budget.assert_formats).ok()?;
    let reads = Executor::new(reader.clone(), budget.assert_formats).ok()?;
    let plain = [
        "null", "true", "0", "-1", "1.5", "\"\"", "\"a\"", "[]", "[null]", "{}",
    ];
    let mut guesses: Vec<Node> = (plain.iter())
        .filter_map(|text| crate::format::json_text::parse(text, 8).ok())
        .collect();
    let mut todo = vec![writer.root, reader.root];
    while let Some(node) = todo.pop() {
        let Some(members) = node.as_object() else {
            todo.extend(node.as_array().into_iter().flatten());
            continue;
        };
        for (keyword, value) in members {
            match (keyword.as_str(), value.as_array()) {
                ("enum" | "examples", Some(values)) => guesses.extend(values.iter().cloned()),
                ("const" | "default", _) => guesses.push(value.clone()),
                _ => todo.push(value),
            }
            if guesses.len() > GUESSES {
                break;
            }
        }
        if guesses.len() > GUESSES {
            break;
        }
    }
    guesses.truncate(GUESSES);
    let hit = guesses.into_iter().find(|guess| {
        let document = guess.to_serde();
        execute::exact(guess)
            && writes.accepts(&document) == Some(true)
            && reads.accepts(&document) == Some(false)
    })?;
    Some(hit.value)
}

/// A reader from which keywords are taken.
struct Weak {
    root: Node,
    references: Vec<(Arc<str>, Node)>,
    dialect: Dialect,
}

/// What is taken from a reader.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Removal {
    /// A member.
    Keyword(Place),
    /// One string in an array.
    Item(Place, String),
    /// A schema that becomes `true`.
    Schema(Place),
}

impl Weak {
    fn of(side: &Side<'_>) -> Self {
        Self {
            root: side.root.clone(),
            references: (side.references.iter())
                .map(|(name, node)| (Arc::clone(name), (*node).clone()))
                .collect(),
            dialect: side.dialect,
        }
    }

    fn side(&self) -> Side<'_> {
        Side {
            root: &self.root,
            references: (self.references.iter())
                .map(|(name, node)| (Arc::clone(name), node))
                .collect(),
            dialect: self.dialect,
            compiled: None,
        }
    }

    fn at(&mut self, place: &Place, up: usize) -> Option<&mut Node> {
        let mut at = match &place.reference {
            None => &mut self.root,
            Some(name) => &mut self.references.iter_mut().find(|(n, _)| n == name)?.1,
        };
        let tokens = attribute::tokens(&place.pointer);
        for token in tokens.get(..tokens.len().checked_sub(up)?)? {
            at = match &mut at.value {
                Value::Object(members) => {
                    &mut members.iter_mut().find(|(name, _)| name == token)?.1
                }
                Value::Array(items) => items.get_mut(token.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(at)
    }

    /// Takes something away; whether it was there.
    fn remove(&mut self, removal: &Removal) -> bool {
        match removal {
            Removal::Keyword(place) => {
                let last = attribute::tokens(&place.pointer).pop();
                let Some(Value::Object(members)) = self.at(place, 1).map(|n| &mut n.value) else {
                    return false;
                };
                let before = members.len();
                members.retain(|(name, _)| Some(name) != last.as_ref());
                members.len() < before
            }
            Removal::Item(place, text) => {
                let Some(Value::Array(items)) = self.at(place, 0).map(|n| &mut n.value) else {
                    return false;
                };
                let before = items.len();
                items.retain(|item| item.as_str() != Some(text));
                if items.is_empty() {
                    // Older drafts want at least one.
                    return self.remove(&Removal::Keyword(place.clone()));
                }
                items.len() < before
            }
            Removal::Schema(place) => {
                let Some(node) = self.at(place, 0) else {
                    return false;
                };
                let was = !matches!(node.value, Value::Bool(true));
                node.value = Value::Bool(true);
                was
            }
        }
    }
}

/// Keywords whose value is a schema, or a list of schemas, that is applied to documents.
fn is_applied(keyword: &str) -> bool {
    matches!(
        keyword,
        "items"
            | "additionalItems"
            | "prefixItems"
            | "contains"
            | "additionalProperties"
            | "unevaluatedProperties"
            | "unevaluatedItems"
            | "propertyNames"
            | "allOf"
            | "anyOf"
            | "oneOf"
            | "not"
            | "if"
            | "then"
            | "else"
    )
}
