//! Moving whole registries: into a file, out of one, and from one server to another.
//!
//! Everything goes through the API that registries share, so either end may be of any make. A manifest says what there
//! is to move, a plan what is missing at the target; what is there and equal is passed over, which is all that going
//! on after an interruption takes.

mod answers;
pub(in crate::cli) mod bundle;
mod endpoint;
mod entry;
pub(in crate::cli) mod export;
mod gates;
pub(in crate::cli) mod import;
mod listing;
mod load;
mod manifest;
pub(in crate::cli) mod migrate;
mod plan;
mod progress;
mod round;
mod settings;
mod stop;
mod verify;

use crate::cli::exit::Failure;
use crate::model::Context;

/// Contexts as people write them, in dotted form.
fn contexts(names: &[String]) -> Result<Vec<String>, Failure> {
    names
        .iter()
        .map(|name| match Context::parse(name) {
            Ok(context) => Ok(context.as_str().to_owned()),
            Err(error) => Err(Failure::usage(format!("the context {name}: {error}"))),
        })
        .collect()
}

/// The program's answer for other programs.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).map_err(Failure::outside)?;
    text.push('\n');
    crate::cli::print(&text)
}
