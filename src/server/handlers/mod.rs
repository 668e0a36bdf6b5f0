//! One file per resource; each function is one row of the table of routes.

pub(super) mod compatibility;
pub(super) mod config;
pub(super) mod contexts;
pub(super) mod metadata;
pub(super) mod mode;
pub(super) mod operations;
pub(super) mod schemas;
pub(super) mod subjects;
pub(super) mod versions;

use super::dispatch::Call;
use crate::service::ReadOptions;

/// The parameters that shape an answer's schema.
fn read_options(call: &Call) -> ReadOptions {
    ReadOptions {
        deleted: call.query.flag("deleted"),
        format: call.query.text("format"),
        reference_format: call.query.text("referenceFormat"),
        find_tags: call.query.all("findTags").map(str::to_owned).collect(),
    }
}
