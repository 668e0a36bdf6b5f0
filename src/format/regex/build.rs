//! Syntax trees to languages, assertions included.
//!
//! What follows a part of a pattern is a language of its own, so an assertion is an intersection with it. What
//! came before matters in three ways only: nothing did, a word character did, or another one did. So every part
//! is built three times, with what follows it built three times.

use super::parse::{Tree, word};
use super::{Arena, Class, Lang, Unsupported};

/// What follows, by what came just before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct After {
    /// Nothing came before.
    start: Lang,
    /// A word character did.
    word: Lang,
    /// Another character did.
    other: Lang,
}

/// Repetitions of parts with assertions are written out, up to this many.
const WRITTEN_OUT: u32 = 16;

/// The texts in which a pattern is found.
pub(super) fn found_in(arena: &mut Arena, tree: &Tree) -> Result<Lang, Unsupported> {
    let all = arena.all();
    let rest = After {
        start: all,
        word: all,
        other: all,
    };
    let here = build(arena, tree, rest)?;
    // The match may start at the beginning, or after some characters.
    let later = if here.word == here.other {
        if here.start == here.word {
            return Ok(arena.cat(all, here.start));
        }
        let some = arena.length(1, None);
        arena.cat(some, here.word)
    } else {
        let after_word = ending_in(arena, true);
        let after_other = ending_in(arena, false);
        let word = arena.cat(after_word, here.word);
        let other = arena.cat(after_other, here.other);
        arena.or(&[word, other])
    };
    Ok(arena.or(&[here.start, later]))
}

/// Texts whose last character is one of words, or is none.
fn ending_in(arena: &mut Arena, is_word: bool) -> Lang {
    let class = if is_word { word() } else { word().complement() };
    let last = arena.class(class);
    let all = arena.all();
    arena.cat(all, last)
}

fn build(arena: &mut Arena, tree: &Tree, rest: After) -> Result<After, Unsupported> {
    Ok(match tree {
        Tree::Class(class) => {
            let next = one_of(arena, class, rest);
            After {
                start: next,
                word: next,
                other: next,
            }
        }
        Tree::Sequence(parts) => {
            let mut rest = rest;
            for part in parts.iter().rev() {
                rest = build(arena, part, rest)?;
            }
            rest
        }
        Tree::Either(branches) => {
            let mut all = Vec::with_capacity(branches.len());
            for branch in branches {
                all.push(build(arena, branch, rest)?);
            }
            let of = |pick: fn(&After) -> Lang| all.iter().map(pick).collect::<Vec<_>>();
            let (start, word, other) = (of(|a| a.start), of(|a| a.word), of(|a| a.other));
            After {
                start: arena.or(&start),
                word: arena.or(&word),
                other: arena.or(&other),
            }
        }
        Tree::Repeat(inner, least, most) => repeat(arena, inner, *least, *most, rest)?,
        Tree::Start => After {
            start: rest.start,
            word: arena.none(),
            other: arena.none(),
        },
        Tree::End => {
            let empty = arena.empty();
            After {
                start: arena.and(&[empty, rest.start]),
                word: arena.and(&[empty, rest.word]),
                other: arena.and(&[empty, rest.other]),
            }
        }
        Tree::Boundary(sign) => {
            let letter = arena.class(word());
            let all = arena.all();
            let on_word = arena.cat(letter, all);
            let off_word = arena.not(on_word);
            let (after_word, after_other) = if *sign {
                (off_word, on_word)
            } else {
                (on_word, off_word)
            };
            After {
                start: arena.and(&[after_other, rest.start]),
                word: arena.and(&[after_word, rest.word]),
                other: arena.and(&[after_other, rest.other]),
            }
        }
        Tree::Ahead(sign, inner) => {
            let all = arena.all();
            let ahead = build(
                arena,
                inner,
                After {
                    start: all,
                    word: all,
                    other: all,
                },
            )?;
            let mut both = |ahead: Lang, rest: Lang| {
                let ahead = if *sign { ahead } else { arena.not(ahead) };
                arena.and(&[ahead, rest])
            };
            After {
                start: both(ahead.start, rest.start),
                word: both(ahead.word, rest.word),
                other: both(ahead.other, rest.other),
            }
        }
    })
}

/// One character and what follows it.
fn one_of(arena: &mut Arena, class: &Class, rest: After) -> Lang {
    if rest.word == rest.other {
        let class = arena.class(class.clone());
        return arena.cat(class, rest.word);
    }
    let words = arena.class(class.and(&word()));
    let others = arena.class(class.and(&word().complement()));
    let words = arena.cat(words, rest.word);
    let others = arena.cat(others, rest.other);
    arena.or(&[words, others])
}

fn repeat(
    arena: &mut Arena,
    inner: &Tree,
    least: u32,
    most: Option<u32>,
    rest: After,
) -> Result<After, Unsupported> {
    if let Some(plain) = plain(arena, inner) {
        let repeated = arena.repeat(plain, least, most);
        return Ok(followed(arena, repeated, rest));
    }
    let Some(most) = most.filter(|most| *most <= WRITTEN_OUT) else {
        return Err(Unsupported {
            construct: "an assertion that is repeated".to_owned(),
            offset: 0,
        });
    };
    let mut built = rest;
    for left in 0..most {
        let next = build(arena, inner, built)?;
        // The innermost repetitions are those that may be left out.
        built = if left < most - least {
            After {
                start: arena.or(&[next.start, rest.start]),
                word: arena.or(&[next.word, rest.word]),
                other: arena.or(&[next.other, rest.other]),
            }
        } else {
            next
        };
    }
    Ok(built)
}

/// A language without assertions and what follows it.
fn followed(arena: &mut Arena, lang: Lang, rest: After) -> After {
    if rest.word == rest.other && rest.start == rest.word {
        let all = arena.cat(lang, rest.word);
        return After {
            start: all,
            word: all,
            other: all,
        };
    }
    let some = if rest.word == rest.other {
        let not_empty = arena.length(1, None);
        let lang = arena.and(&[lang, not_empty]);
        arena.cat(lang, rest.word)
    } else {
        let (after_word, after_other) = (ending_in(arena, true), ending_in(arena, false));
        let words = arena.and(&[lang, after_word]);
        let others = arena.and(&[lang, after_other]);
        let words = arena.cat(words, rest.word);
        let others = arena.cat(others, rest.other);
        arena.or(&[words, others])
    };
    if !arena.has_empty(lang) {
        return After {
            start: some,
            word: some,
            other: some,
        };
    }
    After {
        start: arena.or(&[some, rest.start]),
        word: arena.or(&[some, rest.word]),
        other: arena.or(&[some, rest.other]),
    }
}

/// The language of a part without assertions; `None` if it has some.
fn plain(arena: &mut Arena, tree: &Tree) -> Option<Lang> {
    Some(match tree {
        Tree::Class(class) => arena.class(class.clone()),
        Tree::Sequence(parts) => {
            let mut all = arena.empty();
            for part in parts.iter().rev() {
                let part = plain(arena, part)?;
                all = arena.cat(part, all);
            }
            all
        }
        Tree::Either(branches) => {
            let branches = branches
                .iter()
                .map(|branch| plain(arena, branch))
                .collect::<Option<Vec<_>>>()?;
            arena.or(&branches)
        }
        Tree::Repeat(inner, least, most) => {
            let inner = plain(arena, inner)?;
            arena.repeat(inner, *least, *most)
        }
        Tree::Start | Tree::End | Tree::Boundary(_) | Tree::Ahead(..) => return None,
    })
}
