//! Compiled validators, kept with the schema that they are of: compiling costs as much as a search, and a schema is
//! compared and asked again and again.

use super::STACK;
use super::execute::{Part, Refusal, compile};
use crate::format::json::contain::Side;
use crate::format::json_text::{Node, Value};
use jsonschema::Validator;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

/// A side as the validator has it.
pub(super) struct Compiled {
    pub validator: Validator,
    /// Whether a pattern is matched by backtracking.
    pub backtracks: bool,
}

impl Compiled {
    /// Compiles a side, or finds that it was compiled before.
    pub fn of(side: &Side<'_>, formats: bool) -> Result<Arc<Self>, Refusal> {
        // Formats as assertions are for tests of the search, so that form is not kept.
        match side.compiled {
            Some(kept) if !formats && kept.is_kept() => (kept.cell)
                .get_or_init(|| Self::new(side, false, None))
                .clone(),
            _ => Self::new(side, formats, None),
        }
    }

    /// Whether a side's validator is at hand.
    pub fn is_kept(side: &Side<'_>) -> bool {
        (side.compiled).is_some_and(|kept| matches!(kept.cell.get(), Some(Ok(_))))
    }

    /// Compiles a side, or a part of it.
    pub fn new(side: &Side<'_>, formats: bool, part: Option<&Part>) -> Result<Arc<Self>, Refusal> {
        let (validator, backtracks) =
            catch_unwind(AssertUnwindSafe(|| compile(side, formats, part)))
                .map_err(|_| "a schema on which the validator fails".to_owned())??;
        Ok(Arc::new(Self {
            validator,
            backtracks,
        }))
    }
}

/// What was compiled of a schema, if anything was.
pub(in crate::format::json) struct Kept {
    cell: OnceLock<Result<Arc<Compiled>, Refusal>>,
    /// Bytes that the validator may take apart from what is in proportion to the schema's text.
    patterns: usize,
    /// Whether no schema inside the documents has a name of its own.
    is_nameless: bool,
    /// Whether besides all that they refer to is there, once that was looked for.
    is_plain: OnceLock<bool>,
}

/// Validators that may take more than this for their patterns are compiled afresh each time.
const PATTERN_BYTES: usize = 256 << 10;

impl Kept {
    /// A place for the validator of these documents.
    pub fn of<'n>(documents: impl Iterator<Item = &'n Node>) -> Self {
        let documents: Vec<&Node> = documents.collect();
        Self {
            cell: OnceLock::new(),
            patterns: patterns(documents.clone()),
            is_nameless: is_nameless(&documents),
            is_plain: OnceLock::new(),
        }
    }

    /// Whether no schema inside the documents has a name of its own: no `$id`, no anchor.
    pub fn is_nameless(&self) -> bool {
        self.is_nameless
    }

    /// Whether they are nameless, and all that they refer to is there.
    pub(super) fn is_plain(&self, leads: impl FnOnce() -> bool) -> bool {
        self.is_nameless && *self.is_plain.get_or_init(leads)
    }

    /// Bytes that the validator may take, by estimate, for documents of so many bytes of text; measured over public
    /// schemas it takes seven times the text, and what its patterns take.
    pub fn bytes(&self, text: usize) -> usize {
        if self.is_kept() {
            text.saturating_mul(8).saturating_add(self.patterns)
        } else {
            0
        }
    }

    fn is_kept(&self) -> bool {
        self.patterns <= PATTERN_BYTES
    }
}

/// Whether no value inside the documents looks like a name of a schema.
fn is_nameless(documents: &[&Node]) -> bool {
    const NAMES: [&str; 5] = ["$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];
    let mut todo: Vec<(&Node, bool)> = documents.iter().map(|node| (*node, true)).collect();
    while let Some((node, is_root)) = todo.pop() {
        let members = match &node.value {
            Value::Array(items) => {
                todo.extend(items.iter().map(|item| (item, false)));
                continue;
            }
            Value::Object(members) => members,
            _ => continue,
        };
        for (name, value) in members {
            // A property of such a name has a schema there; the root's own name is known anyway.
            let names = NAMES.contains(&name.as_str()) && value.as_object().is_none();
            if names && !(is_root && name.ends_with("id")) {
                return false;
            }
            todo.push((value, false));
        }
    }
    true
}

/// What compiled patterns take, by estimate.
fn patterns(documents: Vec<&Node>) -> usize {
    let mut todo = documents;
    let mut bytes = 0usize;
    while let Some(node) = todo.pop() {
        let members = match &node.value {
            Value::Array(items) => {
                todo.extend(items);
                continue;
            }
            Value::Object(members) => members,
            _ => continue,
        };
        for (name, value) in members {
            match (name.as_str(), &value.value) {
                ("pattern", Value::String(pattern)) => {
                    bytes = bytes.saturating_add(pattern_bytes(pattern));
                }
                ("patternProperties", Value::Object(named)) => {
                    for (pattern, schema) in named {
                        bytes = bytes.saturating_add(pattern_bytes(pattern));
                        todo.push(schema);
                    }
                }
                _ => todo.push(value),
            }
            if bytes > PATTERN_BYTES {
                return bytes;
            }
        }
    }
    bytes
}

/// What one compiled pattern takes, by estimate: its two automata, and what matching needs.
fn pattern_bytes(pattern: &str) -> usize {
    /// An engine without any states.
    const ENGINE: usize = 4 << 10;
    /// A state, in the automata of both directions and in what they are compiled from.
    const STATE: usize = 100;
    let parsed = regex_syntax::ParserBuilder::new()
        .nest_limit(100)
        .build()
        .parse(pattern);
    match parsed {
        Ok(hir) => ENGINE.saturating_add(STATE.saturating_mul(states(&hir))),
        // Look-around and what else only another engine reads.
        Err(_) => ENGINE.saturating_add(STATE.saturating_mul(pattern.len().saturating_mul(64))),
    }
}

/// How many states an expression has, repetitions unrolled. It nests as deeply as the parser allows, at most.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // Four steps of UTF-8 for each range.
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(4),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1));
            let times = usize::try_from(times).unwrap_or(usize::MAX).max(1);
            states(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            (parts.iter()).fold(1, |sum: usize, part| sum.saturating_add(states(part)))
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Freeing a validator recurses as deeply as its schema nests, on whatever thread this is.
        if let Some(Ok(compiled)) = self.cell.take() {
            stacker::maybe_grow(STACK / 2, STACK, || drop(compiled));
        }
    }
}
