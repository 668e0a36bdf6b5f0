//! Containment: is every document that is valid under the writer's schema valid under the reader's?
//!
//! It is, if and only if no value satisfies the writer's schema and not the reader's; so such a value is looked
//! for. What is found is a candidate, which the caller executes with a validator before anybody sees it; that
//! nothing can be found is a proof. What the search does not interpret makes it look for more values, never fewer.

mod algebra;
mod arrays;
mod classes;
mod covered;
mod eval;
mod fast;
mod formats;
mod load;
mod numbers;
mod objects;
mod sources;
mod strings;
mod tableau;
#[cfg(test)]
mod tests;
mod value;

pub use sources::Side;

use super::Schema;
use crate::format::json_text::Value;
use crate::format::truth::{Budget, Obstacle, Place};
use load::{Loader, Meter, Stop};
use sources::Sources;
use std::sync::Arc;
use tableau::{Found, Solver};

/// Reading parts of schemas is so many times cheaper than a step of the search.
const READING: u64 = 32;

/// Stack that a search gets; only what it uses takes memory.
const STACK: usize = 64 << 20;

/// What a search came to.
#[derive(Debug, Clone)]
pub enum Search {
    /// Proved: every document of the writer is one of the reader.
    Empty,
    /// A document that should be valid for the writer and not for the reader. Not executed yet.
    Found(Value),
    /// The same, but for something that was not interpreted: it may not be one.
    Maybe(Value, Vec<Obstacle>),
    /// Not decided.
    Unknown(Vec<Obstacle>),
}

/// Looks for a document of the writer that the reader does not accept.
pub fn search(reader: &Schema, writer: &Schema, budget: &Budget) -> Search {
    search_documents(&reader.side(), &writer.side(), budget)
}

/// The same for documents that need not be whole schemas of the registry.
pub fn search_documents(reader: &Side<'_>, writer: &Side<'_>, budget: &Budget) -> Search {
    if same(reader, writer) {
        return Search::Empty;
    }
    let mut sources = Sources::default();
    let roots = [sources.add(0, reader), sources.add(1, writer)];
    let mut meter = Meter {
        left: budget.steps,
        reading: budget.steps.saturating_mul(READING),
    };
    let used_up = || {
        Search::Unknown(vec![Obstacle {
            construct: "steps used up".to_owned(),
            place: Place::here(""),
        }])
    };
    let Ok(classes) = classes::classify(&mut sources, &roots, &mut meter) else {
        return used_up();
    };
    let mut solver = Solver::new(Loader::new(sources, classes, meter, budget.assert_formats));
    // Once: stacks that come and go in small pieces cost more than the search.
    match stacker::maybe_grow(STACK / 2, STACK, || run(&mut solver, roots)) {
        Ok(Found::None(_)) => Search::Empty,
        Ok(Found::Value { value, .. }) if value.weight > budget.witness_bytes as u64 => {
            solver.obstacle("a document larger than a witness may be", None);
            Search::Unknown(obstacles(&solver, budget))
        }
        Ok(Found::Value { value, exact }) => {
            let document = value::node(&value, &solver.loader.algebra).value;
            if exact {
                Search::Found(document)
            } else {
                Search::Maybe(document, obstacles(&solver, budget))
            }
        }
        Ok(Found::Unknown) => Search::Unknown(obstacles(&solver, budget)),
        Err(Stop) => {
            solver.obstacle("steps used up", None);
            Search::Unknown(obstacles(&solver, budget))
        }
    }
}

fn run<'a>(
    solver: &mut Solver<'a>,
    [reader, writer]: [sources::Spot<'a>; 2],
) -> Result<Found, Stop> {
    let reader = solver.loader.load(reader)?;
    let writer = solver.loader.load(writer)?;
    let found = solver.satisfy([writer, -reader])?;
    let Found::Value { value, exact } = &found else {
        return Ok(found);
    };
    let is_writers = solver.holds(writer, value)?;
    let is_readers = solver.holds(reader, value)?;
    let refuted = is_writers == Some(false) || is_readers == Some(true);
    // A schema that no validator compiles shows nothing: what is missing in it is the better answer.
    let broken = !exact && solver.meets_broken_text;
    if refuted || (broken && (is_writers.is_none() || is_readers.is_none())) {
        if *exact {
            // Never seen; and a candidate that is surely wrong is not worth executing.
            solver.obstacle("a candidate that does not hold", None);
        }
        return Ok(Found::Unknown);
    }
    Ok(found)
}

/// Whether both sides are the same, word for word.
fn same(a: &Side<'_>, b: &Side<'_>) -> bool {
    a.dialect == b.dialect && a.root == b.root && a.references == b.references
}

fn obstacles(solver: &Solver<'_>, budget: &Budget) -> Vec<Obstacle> {
    let mut all: Vec<Obstacle> = (solver.obstacles.iter())
        .take(budget.told.max(1))
        .map(|(construct, address)| Obstacle {
            construct: construct.clone(),
            place: address.map_or_else(
                || Place::here(""),
                |address| solver.loader.sources.place(address),
            ),
        })
        .collect();
    if all.is_empty() {
        all.push(Obstacle {
            construct: "the search is incomplete".to_owned(),
            place: Place::here(""),
        });
    }
    all
}

impl Schema {
    /// The documents of this schema.
    pub fn side(&self) -> Side<'_> {
        Side {
            root: &self.root,
            references: self
                .references
                .iter()
                .map(|(name, node)| (Arc::clone(name), node))
                .collect(),
            dialect: super::dialect::Dialect::Draft7,
            compiled: Some(&self.compiled),
        }
    }
}
