//! Strings: lengths, patterns that must and must not match, texts that are excluded.

use super::algebra::{Atom, Lit, Scalar, Sym};
use super::load::Stop;
use super::tableau::{Found, Solver};
use super::value::Shape;
use std::collections::BTreeSet;

/// Longer texts are not built.
const LONGEST: u64 = 20_000;

/// What is demanded of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct TextDemands {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) patterns: Vec<(Sym, bool)>,
    pub(super) excluded: BTreeSet<Sym>,
}

/// What a search for a text came to.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// This one; whether nothing was left out.
    Text(String, bool),
    None,
    Unknown,
}

/// The patterns' languages.
#[derive(Default)]
pub(super) struct Languages {}

impl Solver<'_> {
    /// Whether a pattern is understood.
    pub(super) fn understands(&mut self, _pattern: Sym) -> bool {
        false
    }

    /// Why a pattern is not understood.
    pub(super) fn why_strange(&mut self, _pattern: Sym) -> String {
        "pattern".to_owned()
    }

    /// Whether a text matches a pattern; `None` if the pattern is not understood.
    pub(super) fn matches(&mut self, _pattern: Sym, _text: &str) -> Option<bool> {
        None
    }

    /// Whether a name matches a pattern.
    pub(super) fn name_matches(&mut self, _pattern: Sym, _name: Sym) -> Option<bool> {
        None
    }

    /// A string of which these atoms are true.
    pub(super) fn string(&mut self, atoms: &[Lit]) -> Result<Found, Stop> {
        let mut d = TextDemands::default();
        let mut only: Option<Sym> = None;
        let mut exact = true;
        for &lit in atoms {
            let positive = lit > 0;
            match *self.loader.algebra.get(lit) {
                Atom::Scalar(Scalar::String(text)) if positive => {
                    if only.is_some_and(|only| only != text) {
                        return Ok(Found::nothing());
                    }
                    only = Some(text);
                }
                Atom::Scalar(Scalar::String(text)) => {
                    d.excluded.insert(text);
                }
                Atom::MinLength(n) if positive => d.least = d.least.max(n),
                Atom::MinLength(n) => d.most = Some(lower(d.most, n.saturating_sub(1))),
                Atom::MaxLength(n) if positive => d.most = Some(lower(d.most, n)),
                Atom::MaxLength(n) => d.least = d.least.max(n + 1),
                Atom::Pattern(pattern) => {
                    if self.understands(pattern) {
                        d.patterns.push((pattern, positive));
                    } else {
                        exact = false;
                        let what = self.why_strange(pattern);
                        self.obstacle(&what, Some(lit));
                    }
                }
                Atom::Format(_) => {
                    exact = false;
                    self.obstacle("format as an assertion", Some(lit));
                }
                _ => {}
            }
        }
        if d.most.is_some_and(|most| most < d.least) {
            return Ok(Found::nothing());
        }
        if let Some(only) = only {
            return Ok(match self.text_fits(&d, only) {
                Some(false) => Found::nothing(),
                fits => text_of(
                    self.loader.algebra.text(only).to_string(),
                    exact && fits.is_some(),
                ),
            });
        }
        Ok(match self.word(&d)? {
            Word::Text(text, e) => text_of(text, e && exact),
            Word::None => Found::nothing(),
            Word::Unknown => {
                self.obstacle("texts that are hard to find", atoms.first().copied());
                Found::Unknown
            }
        })
    }

    /// Whether a known text is as demanded.
    fn text_fits(&mut self, d: &TextDemands, text: Sym) -> Option<bool> {
        if d.excluded.contains(&text) {
            return Some(false);
        }
        let length = self.loader.algebra.text(text).chars().count() as u64;
        if length < d.least || d.most.is_some_and(|most| length > most) {
            return Some(false);
        }
        let mut all = Some(true);
        for &(pattern, sign) in &d.patterns {
            match self.name_matches(pattern, text) {
                Some(matches) if matches != sign => return Some(false),
                Some(_) => {}
                None => all = None,
            }
        }
        all
    }

    /// A shortest text.
    pub(super) fn word(&mut self, d: &TextDemands) -> Result<Word, Stop> {
        if d.least > LONGEST {
            return Ok(Word::Unknown);
        }
        if d.patterns.is_empty() {
            return self.plain_word(d);
        }
        Ok(Word::Unknown)
    }

    /// A text of which no pattern is demanded.
    fn plain_word(&mut self, d: &TextDemands) -> Result<Word, Stop> {
        let excluded: std::collections::HashSet<&str> = (d.excluded.iter())
            .map(|&text| &**self.loader.algebra.text(text))
            .collect();
        // The empty text is a poor example.
        let shortest = if d.most == Some(0) {
            0
        } else {
            d.least.max(1)
        };
        let lengths = (shortest..=d.most.unwrap_or(u64::MAX)).chain((d.least == 0).then_some(0));
        let mut tried = 0u64;
        for length in lengths.take(64) {
            let tail = "a".repeat(length.saturating_sub(3) as usize);
            for head in heads(length.min(3) as usize) {
                let text = format!("{head}{tail}");
                if !excluded.contains(text.as_str()) {
                    return Ok(Word::Text(text, true));
                }
                tried += 1;
                if tried > excluded.len() as u64 {
                    break;
                }
            }
        }
        // There are more than a million texts of each length but zero.
        Ok(if d.most == Some(0) {
            Word::None
        } else {
            Word::Unknown
        })
    }
}

/// Texts of so many letters.
fn heads(length: usize) -> Box<dyn Iterator<Item = String>> {
    if length == 0 {
        return Box::new(std::iter::once(String::new()));
    }
    let letters = || ('a'..='z').chain('A'..='Z').chain('0'..='9');
    Box::new(
        letters().flat_map(move |c| heads(length - 1).map(move |rest| format!("{c}{rest}"))),
    )
}

fn lower(most: Option<u64>, n: u64) -> u64 {
    most.map_or(n, |most| most.min(n))
}

fn text_of(text: String, exact: bool) -> Found {
    match Found::exactly(Shape::String(text.into())) {
        Found::Value { value, .. } => Found::Value { value, exact },
        other => other,
    }
}
