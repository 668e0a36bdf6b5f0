//! Regular expressions of schemas: what is malformed by anyone's rules, and which property names they cover.
//!
//! Expressions come from strangers: matching is bounded, and one that exceeds its bound covers nothing.

use jsonschema::{PatternOptions, Validator};
use std::collections::HashMap;

/// How often a matcher may backtrack, and how large a compiled expression may be.
const BACKTRACKS: usize = 1_000;
const COMPILED_BYTES: usize = 1 << 20;
/// Longer expressions cover nothing; each costs memory to compile.
const LONGEST: usize = 10_000;

/// Why an expression is malformed in every dialect of regular expressions; `None` also where only some dialects
/// would object, because the reference server reads another one than schemas are written for.
pub fn broken(pattern: &str) -> Option<&'static str> {
    if pattern.contains("\\Q") {
        return None;
    }
    let mut groups = 0usize;
    let mut in_class = false;
    let mut may_repeat = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if chars.next().is_none() {
                    return Some("it ends in a backslash");
                }
                may_repeat = true;
            }
            ']' if in_class => {
                in_class = false;
                may_repeat = true;
            }
            _ if in_class => {}
            '[' => {
                in_class = true;
                // `[]` and `[^]` are classes in one dialect, and begin with a literal `]` in others.
                let rest = chars.as_str();
                if rest.starts_with(']') || rest.starts_with("^]") {
                    return None;
                }
            }
            '(' => {
                groups += 1;
                may_repeat = chars.as_str().starts_with('?');
            }
            ')' => {
                groups = match groups.checked_sub(1) {
                    Some(groups) => groups,
                    None => return Some("a closing parenthesis is not opened"),
                };
                may_repeat = true;
            }
            '*' | '+' if !may_repeat => return Some("there is nothing to repeat"),
            '|' => may_repeat = false,
            _ => may_repeat = true,
        }
    }
    if in_class {
        return Some("a character class is not closed");
    }
    (groups > 0).then_some("a parenthesis is not closed")
}

/// Compiled expressions of one comparison.
#[derive(Default)]
pub struct Patterns {
    compiled: HashMap<String, Option<Validator>>,
}

impl Patterns {
    /// What it costs, in steps, to see whether `pattern` covers `name`.
    pub fn cost(&self, pattern: &str, name: &str) -> usize {
        let compiling = if self.compiled.contains_key(pattern) {
            0
        } else {
            5_000
        };
        // Groups that begin with a question mark may look around, and escaped digits refer back.
        let backtracking = if pattern.contains("(?") || pattern.contains('\\') {
            100
        } else {
            0
        };
        1 + name.len() / 8 + backtracking + compiling
    }

    /// Whether `pattern` is found in `name`.
    pub fn covers(&mut self, pattern: &str, name: &str) -> bool {
        if !self.compiled.contains_key(pattern) {
            self.compiled.insert(pattern.to_owned(), compile(pattern));
        }
        match self.compiled.get(pattern) {
            Some(Some(validator)) => validator.is_valid(&serde_json::Value::from(name)),
            _ => false,
        }
    }
}

fn compile(pattern: &str) -> Option<Validator> {
    if pattern.len() > LONGEST {
        return None;
    }
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft7)
        .with_pattern_options(
            PatternOptions::fancy_regex()
                .backtrack_limit(BACKTRACKS)
                .size_limit(COMPILED_BYTES)
                .dfa_size_limit(COMPILED_BYTES),
        )
        .build(&serde_json::json!({ "pattern": pattern }))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed() {
        for pattern in ["[a", "(a", "a)", "a\\", "*a", "a|*", "+"] {
            assert!(broken(pattern).is_some(), "{pattern}");
        }
        for pattern in [
            "", "a*", "[]a]", "[^]]", "\\[", "(?:a)+", "(?i)x", "[(*]", "\\Q[\\E", "a{", "^*",
            "(?!x)y", "a**", "]", "(|a)*",
        ] {
            assert_eq!(broken(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn coverage() {
        let mut patterns = Patterns::default();
        assert!(patterns.covers("^x-", "x-a"));
        assert!(!patterns.covers("^x-", "ax-"));
        assert!(patterns.covers("", "anything"));
        assert!(patterns.covers("^(?!x-)", "a"));
        assert!(!patterns.covers("^(?!x-)", "x-a"));
        assert!(!patterns.covers("[", "a"));
        // Exponential for a backtracking matcher without a bound.
        assert!(!patterns.covers("^(?=a)(a+)+$", &("a".repeat(60) + "!")));
    }
}
