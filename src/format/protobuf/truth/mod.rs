//! Whether everything that a writer writes is read as what it is: on the wire, and in JSON.
//!
//! Every message of the writer may be a record, and so may be written inside another. Each pair of messages that
//! a record reaches is looked at once; what does not come back gives a record: the smallest that shows it. If
//! every field of every pair comes back, every record does, because the encoding knows no other context. Every
//! witness is written by the reflection library and read back before it is told.
//!
//! A field that the reader does not know is no break: its bytes are kept. It is told as a warning.

mod compare;
mod decode;
mod fields;
mod json;
mod model;
mod pairs;
mod reflect;
mod told;
mod value;

use super::Schema;
use crate::format::truth::{Budget, Obstacle, Outcome, Place, Truth};
use model::Model;
use std::sync::Arc;
use told::{Mapping, Teller};

/// What is true of a reader and a writer: of all messages as records, or of one, by its name without the package.
pub(super) fn truth(
    reader: &Schema,
    writer: &Schema,
    message: Option<&str>,
    budget: &Budget,
) -> Truth {
    let old = read(writer, &[]);
    let names: Vec<Arc<str>> = old
        .roots
        .iter()
        .filter_map(|at| Some(old.message(*at)?.full_name.clone()))
        .collect();
    let new = read(reader, &names);
    let minimal = value::Minimal::of(&old);
    let roots: Vec<model::Msg> = match message {
        None => old.roots.clone(),
        Some(name) => match old.by_local_name.get(name) {
            Some(root) => vec![*root],
            None => {
                return Truth::undecided(obstacle(
                    "a message that the writer's schema does not have",
                    Place::here(""),
                ));
            }
        },
    };
    let wire = pairs::walk(&new, &old, &minimal, &roots, budget.steps);
    let json = json::walk(&new, &old, &minimal, &wire.reached, budget.steps);
    let mut teller = Teller::new(reader, writer, &new, &old, &minimal, budget);
    let mut truth = teller.truth(&wire, Mapping::Wire);
    truth.json_mapping = Some(Box::new(teller.truth(&json, Mapping::Json)));
    truth
}

fn read(schema: &Schema, also: &[Arc<str>]) -> Model {
    let mut paths: Vec<Option<Arc<str>>> = vec![None];
    paths.extend(schema.imports.iter().map(|i| Some(i.path.as_str().into())));
    model::read(&schema.scope(), &paths, also)
}

/// The outcome of what was found.
fn settle(truth: &mut Truth) {
    truth.outcome = if !truth.breaks.is_empty() {
        Outcome::Broken
    } else if truth.obstacles.is_empty() {
        Outcome::Proved
    } else {
        Outcome::Undecided
    };
}

fn obstacle(construct: impl Into<String>, place: Place) -> Obstacle {
    Obstacle {
        construct: construct.into(),
        place,
    }
}
