//! Languages built at random, against an evaluator that knows nothing of derivatives or normal forms.

use super::super::{Arena, Class, Found, Lang};
use super::{Dice, STEPS, shortest};

/// A language as it was asked for.
#[derive(Debug)]
enum Said {
    Letters(&'static [char]),
    Word(&'static str),
    Length(u32, Option<u32>),
    Cat(Box<Said>, Box<Said>),
    Repeat(Box<Said>, u32, Option<u32>),
    Or(Vec<Said>),
    And(Vec<Said>),
    Not(Box<Said>),
}

impl Said {
    fn any(dice: &mut Dice, depth: usize) -> Self {
        let counts = |dice: &mut Dice| {
            let least = dice.roll(4) as u32;
            let most = (dice.roll(3) > 0).then(|| least + dice.roll(3) as u32);
            (least, most)
        };
        let inner = |dice: &mut Dice| Box::new(Self::any(dice, depth - 1));
        let several = |dice: &mut Dice| {
            (0..=dice.roll(3))
                .map(|_| Self::any(dice, depth - 1))
                .collect()
        };
        match dice.roll(if depth == 0 { 4 } else { 11 }) {
            0 => Self::Letters([&['a'][..], &['b'], &['a', 'b'], &['b', 'c']][dice.roll(4)]),
            1 => Self::Word(["", "a", "ab", "bb", "aab"][dice.roll(5)]),
            2 | 3 => {
                let (least, most) = counts(dice);
                let letters = [&['a'][..], &['a', 'b'], &['b']][dice.roll(3)];
                match dice.roll(2) {
                    0 => Self::Length(least, most),
                    _ => Self::Repeat(Box::new(Self::Letters(letters)), least, most),
                }
            }
            4 => Self::Cat(inner(dice), inner(dice)),
            5 => {
                let (least, most) = counts(dice);
                Self::Repeat(inner(dice), least, most)
            }
            6 | 7 => Self::Or(several(dice)),
            8 | 9 => Self::And(several(dice)),
            _ => Self::Not(inner(dice)),
        }
    }

    fn build(&self, arena: &mut Arena) -> Lang {
        match self {
            Self::Letters(letters) => {
                arena.class(Class::of(letters.iter().map(|&c| (c.into(), c.into()))))
            }
            Self::Word(word) => arena.literal(word),
            Self::Length(least, most) => arena.length(*least, *most),
            Self::Cat(a, b) => {
                let (a, b) = (a.build(arena), b.build(arena));
                arena.cat(a, b)
            }
            Self::Repeat(of, least, most) => {
                let of = of.build(arena);
                arena.repeat(of, *least, *most)
            }
            Self::Or(parts) => {
                let parts: Vec<Lang> = parts.iter().map(|part| part.build(arena)).collect();
                arena.or(&parts)
            }
            Self::And(parts) => {
                let parts: Vec<Lang> = parts.iter().map(|part| part.build(arena)).collect();
                arena.and(&parts)
            }
            Self::Not(of) => {
                let of = of.build(arena);
                arena.not(of)
            }
        }
    }

    fn has(&self, text: &[char]) -> bool {
        let length = text.len() as u32;
        match self {
            Self::Letters(letters) => matches!(text, [c] if letters.contains(c)),
            Self::Word(word) => word.chars().eq(text.iter().copied()),
            Self::Length(least, most) => *least <= length && most.is_none_or(|most| length <= most),
            Self::Cat(a, b) => (0..=text.len()).any(|at| a.has(&text[..at]) && b.has(&text[at..])),
            Self::Repeat(of, least, most) => {
                // Where so many repetitions can end.
                let mut ends = vec![0];
                let mut found = *least == 0 && text.is_empty();
                for count in 1..=most.unwrap_or(least + length) {
                    let mut next: Vec<usize> = (0..=text.len())
                        .filter(|&end| {
                            ends.iter()
                                .any(|&from| from <= end && of.has(&text[from..end]))
                        })
                        .collect();
                    next.dedup();
                    ends = next;
                    found |= count >= *least && ends.contains(&text.len());
                }
                found
            }
            Self::Or(parts) => parts.iter().any(|part| part.has(text)),
            Self::And(parts) => parts.iter().all(|part| part.has(text)),
            Self::Not(of) => !of.has(text),
        }
    }
}

#[test]
fn normal_forms_change_no_language() {
    let mut texts: Vec<Vec<char>> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..5 {
        let to = texts.len();
        for at in from..to {
            for c in ['a', 'b', 'c'] {
                let mut text = texts[at].clone();
                text.push(c);
                texts.push(text);
            }
        }
        from = to;
    }
    let mut dice = Dice(0x0bad_cafe_dead_beef);
    let (mut pairs, mut decided) = (0, 0);
    for round in 0..4_000 {
        let said = Said::any(&mut dice, 1 + round % 4);
        let mut arena = Arena::default();
        let lang = said.build(&mut arena);
        let mut first = None;
        for text in texts
            .iter()
            .take(if round % 8 == 0 { texts.len() } else { 121 })
        {
            let word: String = text.iter().collect();
            let expected = said.has(text);
            let ours = arena.contains(lang, &word, &mut { STEPS });
            assert_eq!(ours, Some(expected), "{word:?} in {said:?}");
            pairs += 1;
            if expected && first.is_none() {
                first = Some(word);
            }
        }
        match arena.shortest(lang, &mut { STEPS }) {
            Found::Text(found) => {
                let chars: Vec<char> = found.chars().collect();
                assert!(said.has(&chars), "{found:?} in {said:?}");
                if let Some(first) = &first {
                    assert!(
                        chars.len() <= first.len(),
                        "{found:?}, {first:?} in {said:?}"
                    );
                }
                decided += 1;
            }
            Found::None => {
                assert_eq!(first, None, "{said:?}");
                decided += 1;
            }
            Found::OutOfBudget => {}
        }
    }
    println!("{pairs} memberships agree, {decided} of 4000 languages have a shortest text or none");
    assert!(decided > 3_900);
}

#[test]
fn complements_of_lengths_are_lengths() {
    let mut arena = Arena::default();
    let upper = arena.pattern("^[A-Z]*$").expect("understood");
    let mut parts = vec![upper];
    for length in 0..3_000 {
        let that = arena.length(length, Some(length));
        parts.push(arena.not(that));
    }
    let lang = arena.and(&parts);
    let mut steps = 300_000;
    match arena.shortest(lang, &mut steps) {
        Found::Text(text) => assert_eq!(text, "A".repeat(3_000)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn opposites_meet_nowhere_and_cover_everything() {
    let mut arena = Arena::default();
    let lang = arena.pattern("^(foo|bar)?x{2,7}").expect("understood");
    let not = arena.not(lang);
    assert_eq!(arena.and(&[lang, not]), arena.none());
    assert_eq!(arena.or(&[lang, not]), arena.all());
    assert_eq!(arena.not(not), lang);
    assert_eq!(shortest(&mut arena, lang).as_deref(), Some("xx"));
}
