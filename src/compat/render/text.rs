//! A report as text for people.
