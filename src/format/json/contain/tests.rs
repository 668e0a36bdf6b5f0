//! Cases of our own, by family of keywords.
