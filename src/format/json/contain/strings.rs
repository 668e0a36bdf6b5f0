//! Strings: lengths, patterns that must and must not match, texts that are excluded, formats.

use super::algebra::{Atom, Lit, Scalar, Sym};
use super::fast::Map;
use super::formats::Formats;
use super::load::Stop;
use super::tableau::{Found, Solver};
use super::value::Shape;
use crate::format::hash::{HashMap, HashSet};
use crate::format::regex::{Arena, Found as Text, Lang};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Longer texts are not built.
const LONGEST: u64 = 20_000;
/// What one question about languages may cost.
const STEPS: u64 = 60_000;
/// So many of those are a step of the search.
const PER_STEP: u64 = 8;

/// What is demanded of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct TextDemands {
    pub(super) least: u64,
    pub(super) most: Option<u64>,
    pub(super) patterns: Vec<(Sym, bool)>,
    pub(super) excluded: BTreeSet<Sym>,
    pub(super) formats: Vec<(Sym, bool)>,
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
pub(super) struct Languages {
    arena: Arena,
    /// What is not understood says why.
    patterns: Map<Sym, Result<Lang, String>>,
    /// Whether a name matches a pattern.
    matched: Map<(Sym, Sym), Option<bool>>,
    formats: Formats,
    /// How lists of patterns tell texts apart; `None` if that is too much.
    told_apart: HashMap<Vec<Sym>, Option<Rc<[Signs]>>>,
}

/// For each pattern, whether it matches.
pub(super) type Signs = Vec<(Sym, bool)>;

impl Solver<'_> {
    /// The ways in which a text can match some of these patterns and not the others; `None` if there are more than
    /// `most`.
    pub(super) fn told_apart(
        &mut self,
        patterns: &[Sym],
        most: usize,
    ) -> Result<Option<Rc<[Signs]>>, Stop> {
        if let Some(known) = self.languages.told_apart.get(patterns) {
            return Ok(known.clone());
        }
        let mut classes: Vec<(Lang, Signs)> = vec![(self.languages.arena.all(), Vec::new())];
        for &pattern in patterns {
            let Ok(lang) = self.pattern(pattern) else {
                continue;
            };
            let others = self.languages.arena.not(lang);
            let mut next = Vec::with_capacity(classes.len() + 1);
            for (class, signs) in classes {
                let with = |sign| signs.iter().copied().chain([(pattern, sign)]).collect();
                let inside = self.languages.arena.and(&[class, lang]);
                if self.is_empty(inside)? == Some(true) {
                    next.push((class, with(false)));
                    continue;
                }
                let outside = self.languages.arena.and(&[class, others]);
                if self.is_empty(outside)? == Some(true) {
                    next.push((class, with(true)));
                    continue;
                }
                next.push((outside, with(false)));
                next.push((inside, with(true)));
            }
            classes = next;
            if classes.len() > most {
                break;
            }
        }
        let told =
            (classes.len() <= most).then(|| classes.into_iter().map(|(_, signs)| signs).collect());
        self.languages
            .told_apart
            .insert(patterns.to_vec(), told.clone());
        Ok(told)
    }

    fn is_empty(&mut self, lang: Lang) -> Result<Option<bool>, Stop> {
        let mut steps = STEPS;
        let empty = self.languages.arena.is_empty(lang, &mut steps);
        let cost = STEPS.saturating_sub(steps) / PER_STEP;
        self.loader.meter.tick(1 + cost)?;
        Ok(empty)
    }

    fn pattern(&mut self, pattern: Sym) -> Result<Lang, String> {
        if let Some(known) = self.languages.patterns.get(&pattern) {
            return known.clone();
        }
        let text = self.loader.algebra.text(pattern);
        let read = self
            .languages
            .arena
            .pattern(text)
            .map_err(|error| format!("pattern: {}", error.construct));
        self.languages.patterns.insert(pattern, read.clone());
        read
    }

    /// Whether a pattern is understood.
    pub(super) fn understands(&mut self, pattern: Sym) -> bool {
        self.pattern(pattern).is_ok()
    }

    /// Why a pattern is not understood.
    pub(super) fn why_strange(&mut self, pattern: Sym) -> String {
        self.pattern(pattern).err().unwrap_or_default()
    }

    /// Whether a text matches a pattern; `None` if the pattern is not understood.
    pub(super) fn matches(&mut self, pattern: Sym, text: &str) -> Option<bool> {
        let lang = self.pattern(pattern).ok()?;
        let mut steps = STEPS;
        self.languages.arena.contains(lang, text, &mut steps)
    }

    /// Whether a name matches a pattern.
    pub(super) fn name_matches(&mut self, pattern: Sym, name: Sym) -> Option<bool> {
        if let Some(&known) = self.languages.matched.get(&(pattern, name)) {
            return known;
        }
        let text = Rc::clone(self.loader.algebra.text(name));
        let matches = self.matches(pattern, &text);
        self.languages.matched.insert((pattern, name), matches);
        matches
    }

    /// Whether a text is of a format; `None` if that is not known.
    pub(super) fn is_of_format(&mut self, format: Sym, text: &str) -> Option<bool> {
        let name = self.loader.algebra.text(format);
        self.languages.formats.holds(name, text)
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
                Atom::Format(format) => d.formats.push((format, positive)),
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
        let formats = std::mem::take(&mut d.formats);
        if !formats.is_empty() {
            return self.formatted(d, formats, exact, atoms);
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

    /// A string that is, or is not, of some formats.
    fn formatted(
        &mut self,
        mut d: TextDemands,
        formats: Vec<(Sym, bool)>,
        mut exact: bool,
        atoms: &[Lit],
    ) -> Result<Found, Stop> {
        // Examples first: what is found so is sure.
        let mut examples: Vec<&'static str> = Vec::new();
        for &(format, positive) in &formats {
            let name = self.loader.algebra.text(format);
            if positive {
                examples.extend(Formats::examples(name));
                if let Some(pattern) = self.languages.formats.necessary(name) {
                    let symbol = self.loader.algebra.symbol(pattern);
                    d.patterns.push((symbol, true));
                }
            }
        }
        let word = self.word(&d)?;
        let word = match &word {
            Word::None => return Ok(Found::nothing()),
            Word::Text(text, e) => {
                exact &= e;
                Some(text.clone())
            }
            Word::Unknown => None,
        };
        for text in (word.iter().map(String::as_str)).chain(examples) {
            let symbol = self.loader.algebra.symbol(text);
            let fits = self.text_fits(&d, symbol) == Some(true)
                && (formats.iter())
                    .all(|&(format, sign)| self.is_of_format(format, text) == Some(sign));
            if fits {
                return Ok(text_of(text.to_owned(), exact));
            }
        }
        self.obstacle("format as an assertion", atoms.first().copied());
        Ok(match word {
            Some(text) => text_of(text, false),
            None => Found::Unknown,
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
        for &(format, sign) in &d.formats {
            let text = Rc::clone(self.loader.algebra.text(text));
            match self.is_of_format(format, &text) {
                Some(holds) if holds != sign => return Some(false),
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
        let mut parts: Vec<Lang> = Vec::with_capacity(d.patterns.len() + 1);
        for &(pattern, sign) in &d.patterns {
            // One that is not understood is left out, and whoever asks knows.
            if let Ok(lang) = self.pattern(pattern) {
                let arena = &mut self.languages.arena;
                parts.push(if sign { lang } else { arena.not(lang) });
            }
        }
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let arena = &mut self.languages.arena;
        parts.push(arena.length(count(d.least), d.most.map(count)));
        let mut lang = arena.and(&parts);
        let mut steps = STEPS;
        loop {
            let before = steps;
            let found = self.languages.arena.shortest(lang, &mut steps);
            let cost = before.saturating_sub(steps) / PER_STEP;
            self.loader.meter.tick(1 + cost)?;
            match found {
                Text::None => return Ok(Word::None),
                Text::OutOfBudget => return Ok(Word::Unknown),
                Text::Text(text) => {
                    let symbol = self.loader.algebra.symbol(&text);
                    if !d.excluded.contains(&symbol) {
                        return Ok(Word::Text(text, true));
                    }
                    let arena = &mut self.languages.arena;
                    let this = arena.literal(&text);
                    let others = arena.not(this);
                    lang = arena.and(&[lang, others]);
                }
            }
        }
    }

    /// A text of which no pattern is demanded.
    fn plain_word(&mut self, d: &TextDemands) -> Result<Word, Stop> {
        let excluded: HashSet<&str> = (d.excluded.iter())
            .map(|&text| &**self.loader.algebra.text(text))
            .collect();
        // The empty text is a poor example.
        let shortest = if d.most == Some(0) { 0 } else { d.least.max(1) };
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
    Box::new(letters().flat_map(move |c| heads(length - 1).map(move |rest| format!("{c}{rest}"))))
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
