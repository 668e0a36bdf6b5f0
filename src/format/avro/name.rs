//! Names of types: their parts, their spelling inside a namespace, and what is a legal name.

use crate::format::Strictness;
use std::sync::Arc;

/// The full name of a record, enum or fixed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name {
    full: Arc<str>,
    /// Where the last part starts.
    short_at: usize,
}

/// The words that name built-in types; a type with such a short name is always written with its namespace.
const TYPE_WORDS: [&str; 14] = [
    "record", "enum", "array", "map", "union", "fixed", "string", "bytes", "int", "long", "float",
    "double", "boolean", "null",
];

impl Name {
    /// `name` as written, in the namespace that is in force: a dotted name brings its own, and a leading dot
    /// means none.
    pub(super) fn new(
        name: &str,
        namespace: Option<&str>,
        strictness: Strictness,
    ) -> Result<Self, String> {
        let (namespace, short) = match name.rsplit_once('.') {
            Some((own, short)) => (Some(own), short),
            None => (namespace, name),
        };
        check_word(short, strictness)?;
        Ok(match namespace.filter(|n| !n.is_empty()) {
            None => Self {
                full: short.into(),
                short_at: 0,
            },
            Some(namespace) => Self {
                full: format!("{namespace}.{short}").into(),
                short_at: namespace.len() + 1,
            },
        })
    }

    /// With the namespace, if any.
    pub(super) fn full(&self) -> &Arc<str> {
        &self.full
    }

    /// Without the namespace.
    pub(super) fn short(&self) -> &str {
        self.full.get(self.short_at..).unwrap_or_default()
    }

    /// The namespace.
    pub(super) fn namespace(&self) -> Option<&str> {
        self.full.get(..self.short_at.checked_sub(1)?)
    }

    /// As it is written inside `namespace`.
    pub(super) fn written_in(&self, namespace: Option<&str>) -> &str {
        let own = self.namespace();
        if own.is_some() && own == namespace && !TYPE_WORDS.contains(&self.short()) {
            self.short()
        } else {
            &self.full
        }
    }

    /// Whether the namespace consists of legal words; asked of new schemas only.
    pub(super) fn check_namespace(&self) -> Result<(), String> {
        self.namespace()
            .into_iter()
            .flat_map(|n| n.split('.'))
            .try_for_each(|part| check_word(part, Strictness::New))
            .map_err(|why| format!("Invalid namespace of {}: {why}", self.full))
    }
}

/// Whether a type, field or symbol may be called `word`.
pub(super) fn check_word(word: &str, strictness: Strictness) -> Result<(), String> {
    let letter = |c: char| match strictness {
        Strictness::New => c.is_ascii_alphabetic() || c == '_',
        Strictness::Existing => c.is_alphabetic() || c == '_',
    };
    let digit = |c: char| match strictness {
        Strictness::New => c.is_ascii_digit(),
        Strictness::Existing => c.is_numeric(),
    };
    match word.chars().next() {
        None => Err("Empty name".to_owned()),
        Some(first) if !letter(first) => Err(format!("Illegal initial character in name {word:?}")),
        Some(_) if !word.chars().all(|c| letter(c) || digit(c)) => {
            Err(format!("Illegal character in name {word:?}"))
        }
        Some(_) => Ok(()),
    }
}
