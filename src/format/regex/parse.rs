//! ECMA-262 patterns to syntax trees.
//!
//! Source: ECMA-262, "Pattern", read with the `u` flag's meaning (characters are code points) and, where that
//! would be an error and there is one meaning only, with the leniency of patterns without it (`\-`, a lone `{`).

use super::Unsupported;
use super::class::Class;

/// A pattern's tree.
#[derive(Debug, Clone)]
pub(super) enum Tree {
    /// One character of these.
    Class(Class),
    /// One after the other.
    Sequence(Vec<Tree>),
    /// One of these.
    Either(Vec<Tree>),
    /// So many times, at least and at most; and the byte of the pattern where that is said.
    Repeat(Box<Tree>, (u32, Option<u32>), usize),
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` if false.
    Boundary(bool),
    /// `(?=…)`, or `(?!…)` if false.
    Ahead(bool, Box<Tree>),
}

/// How deep groups may nest.
const DEPTH: usize = 200;
/// How long a pattern may be, in bytes.
const LENGTH: usize = 64 << 10;

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Tree, Unsupported> {
    if pattern.len() > LENGTH {
        return Err(Unsupported {
            construct: "a pattern of more than 64 KiB".to_owned(),
            offset: 0,
        });
    }
    let mut parser = Parser {
        chars: pattern.char_indices().collect(),
        at: 0,
        length: pattern.len(),
    };
    let tree = parser.either(0)?;
    match parser.peek() {
        None => Ok(tree),
        Some(_) => parser.fail("a closing parenthesis without an opening one"),
    }
}

/// ASCII digits.
pub(super) fn digits() -> Class {
    Class::of([(0x30, 0x39)])
}

/// ASCII letters, digits and the underscore.
pub(super) fn word() -> Class {
    Class::of([(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)])
}

/// WhiteSpace and LineTerminator.
fn space() -> Class {
    Class::of([
        (0x09, 0x0d),
        (0x20, 0x20),
        (0xa0, 0xa0),
        (0x1680, 0x1680),
        (0x2000, 0x200a),
        (0x2028, 0x2029),
        (0x202f, 0x202f),
        (0x205f, 0x205f),
        (0x3000, 0x3000),
        (0xfeff, 0xfeff),
    ])
}

/// What `.` matches.
fn dot() -> Class {
    Class::of([(0x0a, 0x0a), (0x0d, 0x0d), (0x2028, 0x2029)]).complement()
}

struct Parser {
    chars: Vec<(usize, char)>,
    at: usize,
    length: usize,
}

type Parsed<T> = Result<T, Unsupported>;

/// A part of a class.
enum Part {
    /// A code point, perhaps one end of a range. Surrogates are possible and match nothing.
    One(u32),
    Many(Class),
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).map(|(_, c)| *c)
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let matches = text
            .chars()
            .enumerate()
            .all(|(i, c)| self.chars.get(self.at + i).is_some_and(|(_, d)| *d == c));
        if matches {
            self.at += text.chars().count();
        }
        matches
    }

    fn fail<T>(&self, construct: impl Into<String>) -> Parsed<T> {
        Err(Unsupported {
            construct: construct.into(),
            offset: self.offset(self.at),
        })
    }

    /// The byte of a character.
    fn offset(&self, at: usize) -> usize {
        self.chars.get(at).map_or(self.length, |(at, _)| *at)
    }

    fn either(&mut self, depth: usize) -> Parsed<Tree> {
        if depth > DEPTH {
            return self.fail("groups nested too deep");
        }
        stacker::maybe_grow(64 << 10, 1 << 20, || self.branches(depth))
    }

    fn branches(&mut self, depth: usize) -> Parsed<Tree> {
        let mut branches = vec![self.sequence(depth)?];
        while self.eat("|") {
            branches.push(self.sequence(depth)?);
        }
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Tree::Sequence(Vec::new())),
            _ => Tree::Either(branches),
        })
    }

    fn sequence(&mut self, depth: usize) -> Parsed<Tree> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            let atom = self.atom(depth)?;
            parts.push(self.quantified(atom)?);
        }
        Ok(Tree::Sequence(parts))
    }

    fn atom(&mut self, depth: usize) -> Parsed<Tree> {
        let Some(c) = self.peek() else {
            return Ok(Tree::Sequence(Vec::new()));
        };
        match c {
            '^' => {
                self.at += 1;
                Ok(Tree::Start)
            }
            '$' => {
                self.at += 1;
                Ok(Tree::End)
            }
            '.' => {
                self.at += 1;
                Ok(Tree::Class(dot()))
            }
            '[' => {
                self.at += 1;
                self.class().map(Tree::Class)
            }
            '(' => self.group(depth),
            '\\' => self.escape(),
            '*' | '+' | '?' => self.fail("a quantifier with nothing before it"),
            '{' if self.is_quantifier() => self.fail("a quantifier with nothing before it"),
            // Here it stands for itself, elsewhere for `{0,n}`.
            '{' if self.is_open_below() => self.fail("a quantifier without its least count"),
            _ => {
                self.at += 1;
                Ok(Tree::Class(Class::one(c)))
            }
        }
    }

    fn group(&mut self, depth: usize) -> Parsed<Tree> {
        let start = self.at;
        self.at += 1;
        let mut ahead = None;
        if self.eat("?") {
            if self.eat("=") {
                ahead = Some(true);
            } else if self.eat("!") {
                ahead = Some(false);
            } else if self.eat("<=") || self.eat("<!") {
                self.at = start;
                return self.fail("look-behind");
            } else if self.eat("<") {
                loop {
                    match self.next() {
                        Some('>') => break,
                        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '$') => {}
                        _ => return self.fail("a malformed group name"),
                    }
                }
            } else if !self.eat(":") {
                self.at = start;
                return self.fail("a group with flags");
            }
        }
        let inner = self.either(depth + 1)?;
        if !self.eat(")") {
            self.at = start;
            return self.fail("an unclosed group");
        }
        Ok(match ahead {
            Some(sign) => Tree::Ahead(sign, Box::new(inner)),
            None => inner,
        })
    }

    /// Whether a `{…}` that is a quantifier comes next.
    fn is_quantifier(&mut self) -> bool {
        let start = self.at;
        let found = self.counts().is_some();
        self.at = start;
        found
    }

    /// Whether `{,n}` comes next.
    fn is_open_below(&mut self) -> bool {
        let start = self.at;
        let found = self.eat("{,") && self.number().is_some() && self.eat("}");
        self.at = start;
        found
    }

    /// `{n}`, `{n,}` or `{n,m}`.
    fn counts(&mut self) -> Option<(u32, Option<u32>)> {
        if !self.eat("{") {
            return None;
        }
        let least = self.number()?;
        let counts = if self.eat(",") {
            (least, self.number())
        } else {
            (least, Some(least))
        };
        self.eat("}").then_some(counts)
    }

    fn number(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let so_far = number.unwrap_or(0);
            number = Some(so_far.saturating_mul(10).saturating_add(digit));
            self.at += 1;
        }
        number
    }

    fn quantified(&mut self, atom: Tree) -> Parsed<Tree> {
        let start = self.at;
        let (least, most) = if self.eat("*") {
            (0, None)
        } else if self.eat("+") {
            (1, None)
        } else if self.eat("?") {
            (0, Some(1))
        } else if let Some(counts) = self.counts() {
            counts
        } else {
            self.at = start;
            return Ok(atom);
        };
        if most.is_some_and(|most| most < least) {
            self.at = start;
            return self.fail("a quantifier whose bounds are in the wrong order");
        }
        // Laziness changes which match is found, not whether there is one.
        self.eat("?");
        if matches!(self.peek(), Some('*' | '+' | '?')) || self.is_quantifier() {
            return self.fail("a quantifier of a quantifier");
        }
        if matches!(atom, Tree::Start | Tree::End | Tree::Boundary(_)) {
            self.at = start;
            return self.fail("a quantifier of an assertion");
        }
        // More than that cannot be told from other numbers that are as large.
        if least == u32::MAX || most == Some(u32::MAX) {
            self.at = start;
            return self.fail("a quantifier with a count of more than 32 bits");
        }
        let at = self.offset(start);
        Ok(Tree::Repeat(Box::new(atom), (least, most), at))
    }

    fn escape(&mut self) -> Parsed<Tree> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some('b') => {
                self.at += 1;
                Ok(Tree::Boundary(true))
            }
            Some('B') => {
                self.at += 1;
                Ok(Tree::Boundary(false))
            }
            Some('1'..='9') | Some('k') => {
                self.at = start;
                self.fail("a back-reference")
            }
            _ => {
                self.at = start;
                Ok(Tree::Class(match self.part()? {
                    Part::One(code) => Class::of([(code, code)]),
                    Part::Many(class) => class,
                }))
            }
        }
    }

    /// After the `[`.
    fn class(&mut self) -> Parsed<Class> {
        let start = self.at;
        let is_negated = self.eat("^");
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        loop {
            if self.eat("]") {
                break;
            }
            if self.peek().is_none() {
                self.at = start;
                return self.fail("an unclosed class");
            }
            let low = self.part()?;
            let is_range = self.peek() == Some('-')
                && self.chars.get(self.at + 1).is_some_and(|(_, c)| *c != ']');
            if !is_range {
                match low {
                    Part::One(code) => ranges.push((code, code)),
                    Part::Many(class) => ranges.extend(class.ranges()),
                }
                continue;
            }
            self.at += 1;
            let high = self.part()?;
            match (low, high) {
                (Part::One(low), Part::One(high)) if low <= high => ranges.push((low, high)),
                (Part::One(_), Part::One(_)) => {
                    return self.fail("a range whose ends are in the wrong order");
                }
                // `[\w-x]`: without the `u` flag the hyphen stands for itself.
                (low, high) => {
                    ranges.push((0x2d, 0x2d));
                    for part in [low, high] {
                        match part {
                            Part::One(code) => ranges.push((code, code)),
                            Part::Many(class) => ranges.extend(class.ranges()),
                        }
                    }
                }
            }
        }
        let class = Class::of(ranges);
        Ok(if is_negated {
            class.complement()
        } else {
            class
        })
    }

    /// One character or an escape that stands for some.
    fn part(&mut self) -> Parsed<Part> {
        let start = self.at;
        let Some(c) = self.next() else {
            return self.fail("the end of the pattern");
        };
        if c != '\\' {
            return Ok(Part::One(c.into()));
        }
        let Some(c) = self.next() else {
            self.at = start;
            return self.fail("a backslash at the end");
        };
        Ok(match c {
            'd' => Part::Many(digits()),
            'D' => Part::Many(digits().complement()),
            'w' => Part::Many(word()),
            'W' => Part::Many(word().complement()),
            's' => Part::Many(space()),
            'S' => Part::Many(space().complement()),
            'p' | 'P' => Part::Many(self.property(start, c == 'P')?),
            't' => Part::One(0x09),
            'n' => Part::One(0x0a),
            'v' => Part::One(0x0b),
            'f' => Part::One(0x0c),
            'r' => Part::One(0x0d),
            // Outside of a class it is an assertion and never gets here.
            'b' => Part::One(0x08),
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => Part::One(0),
            'c' => match self.next() {
                Some(letter) if letter.is_ascii_alphabetic() => Part::One(u32::from(letter) % 32),
                _ => {
                    self.at = start;
                    return self.fail("a malformed control escape");
                }
            },
            'x' => match self.hex(2) {
                Some(code) => Part::One(code),
                None => {
                    self.at = start;
                    return self.fail("a malformed \\x escape");
                }
            },
            'u' => match self.unicode() {
                Some(code) => Part::One(code),
                None => {
                    self.at = start;
                    return self.fail("a malformed \\u escape");
                }
            },
            // Other engines give letters meanings that this standard has not.
            c if c.is_ascii_alphanumeric() => {
                self.at = start;
                return self.fail(format!("the escape \\{c}"));
            }
            c => Part::One(c.into()),
        })
    }

    fn hex(&mut self, count: usize) -> Option<u32> {
        let mut code = 0;
        for _ in 0..count {
            code = code * 16 + self.next()?.to_digit(16)?;
        }
        Some(code)
    }

    /// After `\u`: four digits, two times four that are a surrogate pair, or any in braces.
    fn unicode(&mut self) -> Option<u32> {
        if self.eat("{") {
            let mut code = 0_u32;
            while !self.eat("}") {
                code = code
                    .checked_mul(16)?
                    .checked_add(self.next()?.to_digit(16)?)?;
            }
            return (code <= 0x10_ffff).then_some(code);
        }
        let high = self.hex(4)?;
        let back = self.at;
        if (0xd800..0xdc00).contains(&high)
            && self.eat("\\u")
            && let Some(low @ 0xdc00..0xe000) = self.hex(4)
        {
            return Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00));
        }
        self.at = back;
        Some(high)
    }

    /// After `\p` or `\P`: a general category, a script, or a binary property.
    fn property(&mut self, start: usize, is_negated: bool) -> Parsed<Class> {
        let mut name = String::new();
        let mut is_closed = false;
        if self.eat("{") {
            while let Some(c) = self.next() {
                if c == '}' {
                    is_closed = true;
                    break;
                }
                name.push(c);
            }
        }
        let known = is_closed
            && !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '='));
        let class = known
            .then(|| regex_syntax::parse(&format!("\\p{{{name}}}")).ok())
            .flatten()
            .and_then(|hir| match hir.into_kind() {
                regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                    Some(Class::of(
                        class
                            .ranges()
                            .iter()
                            .map(|r| (u32::from(r.start()), u32::from(r.end()))),
                    ))
                }
                _ => None,
            });
        match class {
            Some(class) if is_negated => Ok(class.complement()),
            Some(class) => Ok(class),
            None => {
                self.at = start;
                self.fail("an unknown Unicode property")
            }
        }
    }
}
