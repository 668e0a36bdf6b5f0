//! Scenarios of requests and expected answers, and what runs them: see `tests/http/README.md`.

pub mod contract;
pub mod coverage;
pub mod own;
pub mod pattern;
pub mod run;
pub mod scenario;
pub mod stores;
pub mod target;
pub mod vars;
pub mod wire;
