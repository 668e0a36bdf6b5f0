//! Printers of reports: pure, one file per form.

pub mod text;
