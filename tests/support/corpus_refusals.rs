//! Schemas of the corpus that the registry is right to refuse, each with the reason.

/// A subject with at least one version that is refused.
#[derive(Debug)]
pub struct Refusal {
    /// The file.
    pub file: &'static str,
    /// The subject.
    pub subject: &'static str,
    /// A part of the message.
    pub reason: &'static str,
    /// Why that is right.
    pub why: &'static str,
}

/// All of them.
pub const REFUSALS: &[Refusal] = &[];
