//! Whether a record is one of a schema: asked of the same validator that executes witnesses, with the same settings.
//! Nothing is fetched, formats are annotations, patterns have bounds.

use super::STACK;
use super::execute::Executor;
use crate::format::json::Schema;
use crate::format::record::json::is_within;
use crate::format::record::{Limits, Misfit, Unchecked};

/// Steps that one match by backtracking counts for.
const BACKTRACKING: u64 = 100;

/// A JSON value: everything that is wrong with it, up to one more than is told.
pub(in crate::format) fn check_record(
    schema: &Schema,
    value: &serde_json::Value,
    limits: &Limits,
) -> Result<Result<(), Misfit>, Unchecked> {
    if !is_within(value, limits.depth) {
        return Ok(Err(Misfit::TooMuch("its nesting")));
    }
    stacker::grow(STACK, || {
        let executor = Executor::new(schema.side(), false).map_err(Unchecked::Schema)?;
        let mut steps = u64::try_from(limits.steps).unwrap_or(u64::MAX);
        if executor.backtracks() {
            steps /= BACKTRACKING;
        }
        if !executor.can_afford(value, steps) {
            return Ok(Err(Misfit::TooMuch("the schemas to visit for its values")));
        }
        Ok(match executor.problems(value) {
            Some(problems) if problems.is_empty() => Ok(()),
            Some(problems) => Err(Misfit::Unfit(problems)),
            None => Err(Misfit::TooMuch("the patterns to match")),
        })
    })
}
