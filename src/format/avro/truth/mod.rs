//! Whether everything that a writer writes can be read: every pair of types that a record can reach, once.
//!
//! A pair is reached by a finite datum, so a pair that fails gives a record that fails: the smallest datum that
//! leads there. If no reachable pair fails by itself, every record is read, because resolution asks nothing
//! but these pairs. So the answer is exact; only the budget can leave it open. Every witness is encoded and
//! read by [`super::codec`] before it is told.

mod defaults;
mod lossy;
mod minimal;
mod pairs;
mod places;
mod told;

use super::model::Schema;
use crate::format::truth::{Budget, Obstacle, Outcome, Place, Truth};
use told::Teller;

/// How many bytes of shown records are executed for one pair; the rest is not told.
const EXECUTED: usize = 1 << 20;

/// What is true of a reader and a writer.
pub(super) fn truth(reader: &Schema, writer: &Schema, budget: &Budget) -> Truth {
    // A record is always read by the schema that wrote it: aliases are for others.
    let texts =
        |schema: &Schema| -> Vec<_> { schema.texts.iter().map(|t| t.text.clone()).collect() };
    if texts(reader) == texts(writer) {
        return Truth::proved();
    }
    let walk = pairs::walk(reader, writer, budget);
    let mut teller = Teller::new(reader, writer, budget, &walk);
    let mut truth = Truth::proved();
    let mut flaws: Vec<_> = walk.flaws.iter().collect();
    flaws.sort_by_key(|flaw| teller.order(flaw));
    for flaw in flaws {
        // A record is executed whole for each, so that many flaws of a large one would take long.
        if truth.breaks.len() >= budget.told || teller.executed_bytes > EXECUTED {
            break;
        }
        match teller.tell(flaw) {
            Ok(told) => truth.breaks.push(told),
            Err(told::Untold::TooLarge(place)) => truth.obstacles.push(Obstacle {
                construct: "the smallest record that would show it is too large".to_owned(),
                place,
            }),
            Err(told::Untold::NotReproduced(place)) => {
                truth.unreproduced += 1;
                truth.obstacles.push(Obstacle {
                    construct: "a record that should fail was read".to_owned(),
                    place,
                });
            }
        }
    }
    for loss in walk.losses.iter().take(budget.told) {
        if teller.executed_bytes > EXECUTED {
            break;
        }
        // A loss that does not show is none: the same words on both sides.
        if let Ok(told) = teller.tell(loss) {
            truth.warnings.push(told);
        }
    }
    if walk.is_cut_short {
        truth.obstacles.push(Obstacle {
            construct: "too many pairs of types: the steps are used up".to_owned(),
            place: Place::here(""),
        });
    }
    truth.outcome = if !truth.breaks.is_empty() {
        Outcome::Broken
    } else if truth.obstacles.is_empty() {
        Outcome::Proved
    } else {
        Outcome::Undecided
    };
    truth
}
