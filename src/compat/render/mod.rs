//! Printers: reports and rules as text. Pure, one file per form.

pub mod page;
pub mod text;
