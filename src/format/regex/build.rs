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

impl After {
    fn always(lang: Lang) -> Self {
        Self {
            start: lang,
            word: lang,
            other: lang,
        }
    }

    /// The language, if it is the same whatever came before.
    fn one(self) -> Option<Lang> {
        (self == Self::always(self.start)).then_some(self.start)
    }
}

/// Repetitions of parts with assertions are written out, up to this many.
const WRITTEN_OUT: u32 = 16;

/// The texts in which a pattern is found.
///
/// Fails if building them takes the arena's work above `most`.
pub(super) fn found_in(arena: &mut Arena, tree: &Tree, most: u64) -> Result<Lang, Unsupported> {
    let mut builder = Builder { arena, most };
    let lang = builder.found_in(tree)?;
    builder.pay()?;
    Ok(lang)
}

struct Builder<'a> {
    arena: &'a mut Arena,
    most: u64,
}

impl Builder<'_> {
    /// Fails if this takes too much.
    fn pay(&mut self) -> Result<(), Unsupported> {
        self.arena.work += 1;
        if self.arena.work > self.most || self.arena.is_full {
            return Err(Unsupported {
                construct: "a pattern that is too large with all its assertions".to_owned(),
                offset: 0,
            });
        }
        Ok(())
    }

    fn found_in(&mut self, tree: &Tree) -> Result<Lang, Unsupported> {
        let all = self.arena.all();
        let here = self.build(tree, After::always(all))?;
        // The match may start at the beginning, or after some characters.
        let later = if here.word == here.other {
            if here.start == here.word {
                return Ok(self.arena.cat(all, here.start));
            }
            let some = self.arena.length(1, None);
            self.arena.cat(some, here.word)
        } else {
            let after_word = self.ending_in(true);
            let after_other = self.ending_in(false);
            let word = self.arena.cat(after_word, here.word);
            let other = self.arena.cat(after_other, here.other);
            self.arena.or(&[word, other])
        };
        Ok(self.arena.or(&[here.start, later]))
    }

    /// Texts whose last character is one of words, or is none.
    fn ending_in(&mut self, is_word: bool) -> Lang {
        let class = if is_word { word() } else { word().complement() };
        let last = self.arena.class(class);
        let all = self.arena.all();
        self.arena.cat(all, last)
    }

    fn build(&mut self, tree: &Tree, rest: After) -> Result<After, Unsupported> {
        self.pay()?;
        stacker::maybe_grow(64 << 10, 1 << 20, || self.build_tree(tree, rest))
    }

    fn build_tree(&mut self, tree: &Tree, rest: After) -> Result<After, Unsupported> {
        Ok(match tree {
            Tree::Class(class) => After::always(self.one_of(class, rest)),
            Tree::Sequence(parts) => {
                let mut rest = rest;
                for part in parts.iter().rev() {
                    rest = self.build(part, rest)?;
                }
                rest
            }
            Tree::Either(branches) => {
                let mut all = Vec::with_capacity(branches.len());
                for branch in branches {
                    all.push(self.build(branch, rest)?);
                }
                let of = |pick: fn(&After) -> Lang| all.iter().map(pick).collect::<Vec<_>>();
                let (start, word, other) = (of(|a| a.start), of(|a| a.word), of(|a| a.other));
                After {
                    start: self.arena.or(&start),
                    word: self.arena.or(&word),
                    other: self.arena.or(&other),
                }
            }
            Tree::Repeat(inner, counts, at) => self.repeat(inner, *counts, *at, rest)?,
            Tree::Start => After {
                start: rest.start,
                ..After::always(self.arena.none())
            },
            Tree::End => {
                let empty = self.arena.empty();
                self.both(After::always(empty), rest)
            }
            Tree::Boundary(sign) => {
                let letter = self.arena.class(word());
                let all = self.arena.all();
                let on_word = self.arena.cat(letter, all);
                let off_word = self.arena.not(on_word);
                let (after_word, after_other) = if *sign {
                    (off_word, on_word)
                } else {
                    (on_word, off_word)
                };
                let demanded = After {
                    word: after_word,
                    ..After::always(after_other)
                };
                self.both(demanded, rest)
            }
            Tree::Ahead(sign, inner) => {
                let ahead = self.ahead(*sign, inner)?;
                self.both(ahead, rest)
            }
        })
    }

    fn both(&mut self, a: After, b: After) -> After {
        After {
            start: self.arena.and(&[a.start, b.start]),
            word: self.arena.and(&[a.word, b.word]),
            other: self.arena.and(&[a.other, b.other]),
        }
    }

    fn either(&mut self, a: After, b: After) -> After {
        After {
            start: self.arena.or(&[a.start, b.start]),
            word: self.arena.or(&[a.word, b.word]),
            other: self.arena.or(&[a.other, b.other]),
        }
    }

    /// What a look-ahead demands of the rest of the text.
    fn ahead(&mut self, sign: bool, inner: &Tree) -> Result<After, Unsupported> {
        let all = self.arena.all();
        let ahead = self.build(inner, After::always(all))?;
        if sign {
            return Ok(ahead);
        }
        Ok(After {
            start: self.arena.not(ahead.start),
            word: self.arena.not(ahead.word),
            other: self.arena.not(ahead.other),
        })
    }

    /// One character and what follows it.
    fn one_of(&mut self, class: &Class, rest: After) -> Lang {
        if rest.word == rest.other {
            let class = self.arena.class(class.clone());
            return self.arena.cat(class, rest.word);
        }
        let words = self.arena.class(class.and(&word()));
        let others = self.arena.class(class.and(&word().complement()));
        let words = self.arena.cat(words, rest.word);
        let others = self.arena.cat(others, rest.other);
        self.arena.or(&[words, others])
    }

    fn repeat(
        &mut self,
        inner: &Tree,
        (least, most): (u32, Option<u32>),
        at: usize,
        rest: After,
    ) -> Result<After, Unsupported> {
        if let Some(plain) = self.plain(inner)? {
            let repeated = self.arena.repeat(plain, least, most);
            return Ok(self.followed(repeated, rest));
        }
        if let Some(lang) = self.guarded(inner, least, most, rest)? {
            return Ok(After::always(lang));
        }
        let Some(most) = most.filter(|most| *most <= WRITTEN_OUT) else {
            return Err(Unsupported {
                construct: "an assertion that is repeated".to_owned(),
                offset: at,
            });
        };
        let mut built = rest;
        for left in 0..most {
            let next = self.build(inner, built)?;
            // The innermost repetitions are those that may be left out.
            built = if left < most - least {
                self.either(next, rest)
            } else {
                next
            };
        }
        Ok(built)
    }

    /// `(?:(?!x).)*` up to the end of the text: each character is of the class, and at none of them does a text
    /// begin that must not. `None` if it is not of this form.
    fn guarded(
        &mut self,
        inner: &Tree,
        least: u32,
        most: Option<u32>,
        rest: After,
    ) -> Result<Option<Lang>, Unsupported> {
        let empty = self.arena.empty();
        let mut inner = inner;
        while let Tree::Sequence(parts) = inner
            && let [only] = parts.as_slice()
        {
            inner = only;
        }
        let Tree::Sequence(parts) = inner else {
            return Ok(None);
        };
        let Some((Tree::Class(class), guards)) = parts.split_last() else {
            return Ok(None);
        };
        if rest.one() != Some(empty) {
            return Ok(None);
        }
        let mut demanded = Vec::with_capacity(guards.len());
        for guard in guards {
            let Tree::Ahead(sign, ahead) = guard else {
                return Ok(None);
            };
            let Some(ahead) = self.ahead(*sign, ahead)?.one() else {
                return Ok(None);
            };
            demanded.push(ahead);
        }
        let fine = self.arena.and(&demanded);
        let not_fine = self.arena.not(fine);
        let some = self.arena.length(1, None);
        let bad = self.arena.and(&[not_fine, some]);
        let all = self.arena.all();
        let bad_somewhere = self.arena.cat(all, bad);
        let good = self.arena.not(bad_somewhere);
        let class = self.arena.class(class.clone());
        let characters = self.arena.repeat(class, least, most);
        Ok(Some(self.arena.and(&[characters, good])))
    }

    /// A language without assertions and what follows it.
    fn followed(&mut self, lang: Lang, rest: After) -> After {
        if let Some(rest) = rest.one() {
            return After::always(self.arena.cat(lang, rest));
        }
        let some = if rest.word == rest.other {
            let not_empty = self.arena.length(1, None);
            let lang = self.arena.and(&[lang, not_empty]);
            self.arena.cat(lang, rest.word)
        } else {
            let (after_word, after_other) = (self.ending_in(true), self.ending_in(false));
            let words = self.arena.and(&[lang, after_word]);
            let others = self.arena.and(&[lang, after_other]);
            let words = self.arena.cat(words, rest.word);
            let others = self.arena.cat(others, rest.other);
            self.arena.or(&[words, others])
        };
        let some = After::always(some);
        if self.arena.has_empty(lang) {
            self.either(some, rest)
        } else {
            some
        }
    }

    /// The language of a part without assertions; `None` if it has some.
    fn plain(&mut self, tree: &Tree) -> Result<Option<Lang>, Unsupported> {
        self.pay()?;
        stacker::maybe_grow(64 << 10, 1 << 20, || self.plain_tree(tree))
    }

    fn plain_tree(&mut self, tree: &Tree) -> Result<Option<Lang>, Unsupported> {
        Ok(match tree {
            Tree::Class(class) => Some(self.arena.class(class.clone())),
            Tree::Sequence(parts) => {
                let mut all = self.arena.empty();
                // The character that follows, for a look-ahead at one character is a part of it.
                let mut following: Option<(Class, Lang)> = None;
                for part in parts.iter().rev() {
                    if let (Tree::Ahead(sign, inner), Some((class, rest))) = (part, &following)
                        && let Some(seen) = one_character(inner)
                    {
                        let seen = if *sign {
                            seen.clone()
                        } else {
                            seen.complement()
                        };
                        let (class, rest) = (class.and(&seen), *rest);
                        let one = self.arena.class(class.clone());
                        all = self.arena.cat(one, rest);
                        following = Some((class, rest));
                        continue;
                    }
                    let Some(lang) = self.plain(part)? else {
                        return Ok(None);
                    };
                    following = one_character(part).map(|class| (class.clone(), all));
                    all = self.arena.cat(lang, all);
                }
                Some(all)
            }
            Tree::Either(branches) => {
                let mut all = Vec::with_capacity(branches.len());
                for branch in branches {
                    let Some(lang) = self.plain(branch)? else {
                        return Ok(None);
                    };
                    all.push(lang);
                }
                Some(self.arena.or(&all))
            }
            Tree::Repeat(inner, (least, most), _) => {
                (self.plain(inner)?).map(|inner| self.arena.repeat(inner, *least, *most))
            }
            Tree::Start | Tree::End | Tree::Boundary(_) | Tree::Ahead(..) => None,
        })
    }
}

/// The class, if a part is one character.
fn one_character(tree: &Tree) -> Option<&Class> {
    match tree {
        Tree::Class(class) => Some(class),
        Tree::Sequence(parts) => match parts.as_slice() {
            [only] => one_character(only),
            _ => None,
        },
        _ => None,
    }
}
