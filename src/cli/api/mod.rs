//! The commands that are the API's operations: for people, tables; for programs, the registry's own answers.

mod ask;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod list;
pub(super) mod register;
pub(super) mod settings;
