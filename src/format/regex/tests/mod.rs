//! Patterns against an independent ECMAScript engine, and languages against brute force.

mod algebra;
mod bounds;
mod wild;

use super::{Arena, Found, Lang};
use std::time::Instant;

const STEPS: u64 = 1_000_000;

/// The time, to tell what something took.
#[expect(
    clippy::disallowed_methods,
    reason = "tests measure; what they measure reads no clock"
)]
fn now() -> Instant {
    Instant::now()
}

fn shortest(arena: &mut Arena, lang: Lang) -> Option<String> {
    match arena.shortest(lang, &mut { STEPS }) {
        Found::Text(text) => Some(text),
        Found::None => None,
        Found::OutOfBudget => panic!("out of budget"),
    }
}

fn subset(a: &str, b: &str) -> Option<bool> {
    let mut arena = Arena::default();
    let a = arena.pattern(a).expect("understood");
    let b = arena.pattern(b).expect("understood");
    arena.is_subset(a, b, &mut { STEPS })
}

#[test]
fn inclusions_that_are_known() {
    for (a, b, expected) in [
        ("^[a-z]+$", "^[a-zA-Z]+$", true),
        ("^[a-zA-Z]+$", "^[a-z]+$", false),
        ("^a+$", "^a{0,3}$", false),
        ("a", "^.*a.*$", false),
        ("a", r"^[\s\S]*a[\s\S]*$", true),
        ("^(?!admin$)[a-z]+$", "^[a-z]+$", true),
        ("^[a-z]+$", "^(?!admin$)[a-z]+$", false),
        (r"^\d{4}-\d{2}$", r"^[0-9-]{7}$", true),
        ("^(a|ab)(c|bcd)$", "^a", true),
        ("^x{0,65535}$", "^x{0,65536}$", true),
        ("^x{0,65535}$", "^x{0,65534}$", false),
        (r"\bfoo\b", "foo", true),
        ("foo", r"\bfoo\b", false),
        (r"^foo bar$", r"\bbar", true),
        ("(^|,)a", "a", true),
        ("^$", "^a*$", true),
        (r"^\p{Lu}+$", r"^\p{L}+$", true),
        (r"^((?!\x3a//).)*$", "://", false),
        (r"^(?:(?!ab).)*$", "^b*a*$", false),
        (r"^(?:(?!ab)[ab])*$", "^b*a*$", true),
        ("^b*a*$", r"^(?:(?!ab)[ab])*$", true),
        ("^[a-z][a-z]*$", "^[a-z]+$", true),
        ("^[a-z]{0,100}[a-z0-9]{0,100}-$", "^[a-z0-9]{0,200}-$", true),
        ("^(x{2}){3}$", "^x{6}$", true),
        ("^(x{2,3}){2,}$", "^x{4,}$", true),
        ("^(x{4,5}){1,2}$", "^(x{4,5}|x{8,10})$", true),
        ("^x{4,}$", "^(x{5}){0,}$", false),
        ("^(?![ab])[a-c]$", "^c$", true),
        ("^[^]*$", "", true),
    ] {
        assert_eq!(subset(a, b), Some(expected), "{a} in {b}");
    }
}

#[test]
fn a_long_text_is_found() {
    let mut arena = Arena::default();
    let upper = arena.pattern("^[A-Z]+$").expect("understood");
    let long = arena.length(10_000, Some(20_000));
    let both = arena.and(&[upper, long]);
    assert_eq!(
        shortest(&mut arena, both).map(|t| t.len()),
        Some(10_000),
        "the shortest has the least length"
    );
}

#[test]
fn what_is_not_understood_is_named() {
    let mut arena = Arena::default();
    for (pattern, construct) in [
        ("(?<=a)b", "look-behind"),
        (r"(a)\1", "a back-reference"),
        ("(?i:a)", "a group with flags"),
        ("a{2,1}", "a quantifier whose bounds are in the wrong order"),
        ("(", "an unclosed group"),
        (")", "a closing parenthesis without an opening one"),
        ("[z-a]", "a range whose ends are in the wrong order"),
        (r"\A", r"the escape \A"),
        ("*a", "a quantifier with nothing before it"),
        (r"(?:\ba)*", "an assertion that is repeated"),
        (
            "a{4294967295}",
            "a quantifier with a count of more than 32 bits",
        ),
        ("a{,3}", "a quantifier without its least count"),
        (r"\p{Nonsense}", "an unknown Unicode property"),
    ] {
        let stop = arena.pattern(pattern).expect_err(pattern);
        assert_eq!(stop.construct, construct, "{pattern}");
    }
}

#[test]
fn several_words_are_different() {
    let mut arena = Arena::default();
    let lang = arena.pattern("^[ab]{1,2}$").expect("understood");
    let Found::Text(found) = arena.words(lang, 10, &mut { STEPS }) else {
        panic!("out of budget");
    };
    let mut words = found.words.clone();
    words.sort();
    words.dedup();
    assert_eq!(words, ["a", "aa", "ab", "b", "ba", "bb"]);
    assert!(found.is_all);
}

/// A small generator of numbers, so that every run is the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn pattern(&mut self, depth: usize) -> String {
        let atoms = [
            "a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\W", r"\s", "-", r"[\d-]", "1",
            r"\u0061", r"\x62",
        ];
        match self.roll(if depth == 0 { 2 } else { 13 }) {
            0 | 1 => self.pick(&atoms).to_owned(),
            2 | 3 => format!("{}{}", self.pattern(depth - 1), self.pattern(depth - 1)),
            4 => format!(
                "(?:{}|{})",
                self.pattern(depth - 1),
                self.pattern(depth - 1)
            ),
            5 => format!(
                "(?:{}){}",
                self.plain(depth - 1),
                self.pick(&["*", "+", "?", "{2}", "{1,2}", "{0,3}?", "{2,}"])
            ),
            6 => format!("^{}", self.pattern(depth - 1)),
            7 => format!("{}$", self.pattern(depth - 1)),
            8 => format!("(?={}){}", self.pattern(depth - 1), self.pattern(depth - 1)),
            9 => format!("(?!{}){}", self.pattern(depth - 1), self.pattern(depth - 1)),
            10 => format!(
                "{}{}{}",
                self.pattern(depth - 1),
                self.pick(&[r"\b", r"\B"]),
                self.pattern(depth - 1)
            ),
            11 => format!("(?:{}){{0,2}}", self.pattern(depth - 1)),
            _ => format!(
                "(?:{}{}){}",
                self.pick(&[
                    "(?!a)",
                    "(?=[ab])",
                    "(?![^b])",
                    "(?!ab|b$)",
                    "(?=.?b)",
                    "(?!$)"
                ]),
                self.pick(&[".", r"\w", "[^b]", "[ab]"]),
                self.pick(&["*", "+", "*$", "+$", "{2,}$", "{0,2}$", "{0,20}"])
            ),
        }
    }

    fn plain(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 1 } else { 3 }) {
            0 => self.pick(&["a", "b", "[ab1]", r"\w", "-"]).to_owned(),
            1 => format!("{}{}", self.plain(depth - 1), self.plain(depth - 1)),
            _ => format!("(?:{}|{})", self.plain(depth - 1), self.plain(depth - 1)),
        }
    }
}

#[test]
fn an_independent_engine_agrees() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let letters = ['a', 'b', '1', '-', ' ', '\n', 'é', '😀'];
    let (mut pairs, mut skipped) = (0, 0);
    while pairs < 120_000 {
        let pattern = dice.pattern(3);
        let oracle = regress::Regex::with_flags(&pattern, "u").expect(&pattern);
        let mut arena = Arena::default();
        let Ok(lang) = arena.pattern(&pattern) else {
            skipped += 1;
            continue;
        };
        for _ in 0..40 {
            let text: String = (0..dice.roll(7))
                .map(|_| letters[dice.roll(letters.len())])
                .collect();
            let ours = arena.contains(lang, &text, &mut { STEPS });
            assert_eq!(
                ours,
                Some(oracle.find(&text).is_some()),
                "{pattern} on {text:?}"
            );
            pairs += 1;
        }
        // A shortest text is one, and the complement's is none.
        if let Some(text) = shortest(&mut arena, lang) {
            assert!(oracle.find(&text).is_some(), "{pattern} on {text:?}");
        }
        let others = arena.not(lang);
        if let Some(text) = shortest(&mut arena, others) {
            assert!(oracle.find(&text).is_none(), "{pattern} on {text:?}");
        }
    }
    println!("{pairs} pairs agree, {skipped} patterns were not understood");
}

#[test]
fn emptiness_and_inclusion_agree_with_brute_force() {
    let mut dice = Dice(0x0123_4567_89ab_cdef);
    let letters = ['a', 'b', '1', '-', ' ', '\n', 'é'];
    let mut texts = vec![String::new()];
    let mut last = texts.clone();
    for _ in 0..4 {
        last = last
            .iter()
            .flat_map(|text| letters.iter().map(move |c| format!("{text}{c}")))
            .collect();
        texts.extend(last.iter().cloned());
    }
    for _ in 0..400 {
        let (a, b) = (dice.pattern(2), dice.pattern(2));
        let mut arena = Arena::default();
        let (Ok(left), Ok(right)) = (arena.pattern(&a), arena.pattern(&b)) else {
            continue;
        };
        let matches = |pattern: &str| {
            let oracle = regress::Regex::with_flags(pattern, "u").expect(pattern);
            move |text: &str| oracle.find(text).is_some()
        };
        let (in_a, in_b) = (matches(&a), matches(&b));
        let others = arena.not(right);
        let difference = arena.and(&[left, others]);
        let found = shortest(&mut arena, difference);
        let brute = texts.iter().find(|text| in_a(text) && !in_b(text));
        match (&found, brute) {
            (None, Some(text)) => panic!("{a} in {b}, but {text:?}"),
            (Some(found), brute) => {
                assert!(in_a(found) && !in_b(found), "{a} in {b}: {found:?}");
                if let Some(brute) = brute {
                    assert!(found.chars().count() <= brute.chars().count());
                }
            }
            (None, None) => {}
        }
    }
}
