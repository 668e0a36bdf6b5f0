//! Accord: a schema registry that speaks Confluent's REST API and wire formats.
//!
//! The rooms, and who may know whom (an arrow means "is known by"):
//!
//! ```text
//! model -> wire -> client
//!   |
//! format -> compat -> registry -> store -> service -> server -> cli
//! ```
//!
//! `format`, `compat` and `registry` are the engine: pure, synchronous, the same code for every front end.

#![warn(missing_docs)]

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "engine")]
pub mod compat;
#[cfg(feature = "engine")]
pub mod format;
pub mod model;
#[cfg(feature = "engine")]
pub mod registry;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod service;
#[cfg(feature = "server")]
pub mod store;
pub mod wire;
