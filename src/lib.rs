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
//!
//! How a write works: `server` turns a request into a call of `service`. There the engine decides on a snapshot of
//! the [`registry::index::Index`], stopping when it needs a text that is not at hand, which `service` then fetches.
//! What it decides is a list of [`registry::change::Change`]s. The one writing task of the node decides again on the
//! newest state and asks the `store` to commit, which succeeds only if nobody committed first; otherwise the node
//! catches up and decides afresh. Committed changes are applied to the index and the answer is given. Other nodes
//! read the same changes from the log, in the same order.
//!
//! Features: `engine` alone is the pure core; `client` alone is `model`, `wire` and the client, which knows nothing of
//! the engine; `server` runs the registry on the stores of `sqlite` and `postgres`; `cli` is the command line. For
//! programs that use the library: `client-avro`, `client-json` and `client-protobuf` are serializers. All these are on by
//! default. `kafka` sends and receives with them, and `testing` is a registry for tests.

#![warn(missing_docs)]

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "engine")]
pub mod compat;
#[cfg(any(
    feature = "avro",
    feature = "json-records",
    feature = "protobuf-records"
))]
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
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;
