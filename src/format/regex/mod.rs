//! Regular languages: ECMA-262 patterns with intersection, complement and lengths, decided by derivatives.
//!
//! A language is a number in an [`Arena`]; equal numbers are equal languages (the reverse need not hold). The
//! derivative of a language by a character is what may follow that character in it (Brzozowski 1964), so a
//! shortest text is found by walking derivatives, nearest first, with one character for each set of characters
//! that a language cannot tell apart. Every walk is bounded, and so is an arena: what is not decided within the
//! bounds is said to be so.

mod build;
mod class;
mod combine;
mod derive;
mod parse;
#[cfg(test)]
mod tests;

pub use class::Class;
pub use derive::{Found, Words};

use crate::format::hash::HashMap;

/// A language of an [`Arena`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lang(u32);

/// A pattern that is not understood: what stopped the reader, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{construct} at byte {offset}")]
pub struct Unsupported {
    /// In a few words, e.g. `look-behind`.
    pub construct: String,
    /// The byte of the pattern; 0 if it is about the whole.
    pub offset: usize,
}

/// A set of characters of an [`Arena`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ClassId(u32);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Node {
    /// No text.
    None,
    /// The empty text.
    Empty,
    /// Texts of one character.
    Class(ClassId),
    /// One after the other; the first is none of these.
    Cat(Lang, Lang),
    /// So many times, at least and at most.
    Repeat(Lang, u32, Option<u32>),
    /// Any of these; sorted.
    Or(Box<[Lang]>),
    /// All of these; sorted.
    And(Box<[Lang]>),
    /// All other texts.
    Not(Lang),
}

/// Languages, each once.
#[derive(Debug)]
pub struct Arena {
    nodes: Vec<Node>,
    numbers: HashMap<Node, Lang>,
    /// Whether the empty text is in a language, by its number.
    with_empty: Vec<bool>,
    classes: Vec<Class>,
    class_numbers: HashMap<Class, ClassId>,
    any: ClassId,
    patterns: HashMap<Box<str>, Result<Lang, Unsupported>>,
    derivatives: derive::Derivatives,
    /// What was done so far, in parts looked at: the measure that searches pay by.
    work: u64,
    /// What reading patterns has cost.
    built: u64,
    /// Parts of unions, intersections and classes that are held, as a measure of memory.
    held: usize,
    /// Whether something did not fit in: from then on nothing is decided.
    is_full: bool,
}

/// How many languages an arena may hold.
const LANGUAGES: usize = 400_000;
/// How many parts those may have.
const HELD: usize = 4_000_000;
/// What all patterns of an arena together may cost.
const BUILT: u64 = 8_000_000;

impl Default for Arena {
    fn default() -> Self {
        let mut arena = Self {
            nodes: Vec::new(),
            numbers: HashMap::default(),
            with_empty: Vec::new(),
            classes: Vec::new(),
            class_numbers: HashMap::default(),
            any: ClassId(0),
            patterns: HashMap::default(),
            derivatives: derive::Derivatives::default(),
            work: 0,
            built: 0,
            held: 0,
            is_full: false,
        };
        arena.any = arena.class_number(Class::any());
        arena
    }
}

impl Arena {
    /// How many languages there are, as a measure of memory.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The texts in which a pattern is found, as JSON Schema asks: anywhere, unless the pattern says otherwise.
    pub fn pattern(&mut self, pattern: &str) -> Result<Lang, Unsupported> {
        if let Some(known) = self.patterns.get(pattern) {
            return known.clone();
        }
        let read = parse::parse(pattern).and_then(|tree| {
            let left = BUILT.saturating_sub(self.built);
            let most = left.min(100_000 + 16 * pattern.len() as u64);
            let before = self.work;
            let built = build::found_in(self, &tree, before.saturating_add(most));
            self.built += self.work - before;
            built
        });
        self.patterns.insert(pattern.into(), read.clone());
        read
    }

    /// One text.
    pub fn literal(&mut self, text: &str) -> Lang {
        let mut lang = self.empty();
        for c in text.chars().rev() {
            let first = self.class(Class::one(c));
            lang = self.cat(first, lang);
        }
        lang
    }

    /// No text.
    pub fn none(&mut self) -> Lang {
        self.number(Node::None)
    }

    /// The empty text.
    pub fn empty(&mut self) -> Lang {
        self.number(Node::Empty)
    }

    /// Every text.
    pub fn all(&mut self) -> Lang {
        self.length(0, None)
    }

    /// Texts of so many characters (code points), at least and at most.
    pub fn length(&mut self, least: u32, most: Option<u32>) -> Lang {
        let any = self.number(Node::Class(self.any));
        self.repeat(any, least, most)
    }

    /// Texts of one character.
    pub fn class(&mut self, class: Class) -> Lang {
        if class.is_empty() {
            return self.none();
        }
        let class = self.class_number(class);
        self.number(Node::Class(class))
    }

    /// One after the other.
    pub fn cat(&mut self, first: Lang, second: Lang) -> Lang {
        // The parts of the first, innermost last, so that texts of any length need no recursion.
        let mut parts = Vec::new();
        let mut head = first;
        while let Node::Cat(a, b) = *self.node(head) {
            parts.push(a);
            head = b;
        }
        parts.push(head);
        self.work += parts.len() as u64;
        let mut lang = second;
        for part in parts.into_iter().rev() {
            lang = match (self.node(part), self.node(lang)) {
                (Node::None, _) | (_, Node::None) => return self.none(),
                (Node::Empty, _) => lang,
                (_, Node::Empty) => part,
                (_, Node::Cat(next, tail)) => {
                    let (next, tail) = (*next, *tail);
                    match self.joined(part, next) {
                        Some(both) => self.number(Node::Cat(both, tail)),
                        None => self.number(Node::Cat(part, lang)),
                    }
                }
                _ => match self.joined(part, lang) {
                    Some(both) => both,
                    None => self.number(Node::Cat(part, lang)),
                },
            };
        }
        lang
    }

    /// The same thing so many times, and then so many times again.
    fn joined(&mut self, first: Lang, second: Lang) -> Option<Lang> {
        let (of, least, most) = self.counted(first);
        let (other, more, up_to) = self.counted(second);
        if of != other {
            return None;
        }
        let least = least.checked_add(more)?;
        let most = match (most, up_to) {
            (Some(most), Some(up_to)) => Some(most.checked_add(up_to)?),
            _ => None,
        };
        Some(self.repeat(of, least, most))
    }

    /// What is repeated and how many times; once, if it is no repetition.
    fn counted(&self, lang: Lang) -> (Lang, u32, Option<u32>) {
        match self.node(lang) {
            Node::Repeat(of, least, most) => (*of, *least, *most),
            _ => (lang, 1, Some(1)),
        }
    }

    /// So many times, at least and at most.
    pub fn repeat(&mut self, of: Lang, least: u32, most: Option<u32>) -> Lang {
        if most.is_some_and(|most| most < least) {
            return self.none();
        }
        match (self.node(of), least, most) {
            (_, _, Some(0)) | (Node::Empty, ..) => self.empty(),
            (Node::None, 0, _) => self.empty(),
            (Node::None, ..) => of,
            (_, 1, Some(1)) => of,
            (Node::Repeat(inner, l, m), ..) => {
                let (inner, l, m) = (*inner, *l, *m);
                match product((l, m), (least, most)) {
                    Some((l, m)) => self.number(Node::Repeat(inner, l, m)),
                    None => self.number(Node::Repeat(of, least, most)),
                }
            }
            // Whatever has the empty text may be left out.
            _ if least > 0 && self.has_empty(of) => self.number(Node::Repeat(of, 0, most)),
            _ => self.number(Node::Repeat(of, least, most)),
        }
    }

    /// Whether something did not fit in. From then on every search is out of budget.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether the empty text is in a language; meaningless if the arena [is full](Self::is_full).
    pub fn has_empty(&self, lang: Lang) -> bool {
        self.with_empty
            .get(lang.0 as usize)
            .copied()
            .unwrap_or(false)
    }

    /// Whether it is all texts of one character.
    fn is_any(&self, lang: Lang) -> bool {
        matches!(self.node(lang), Node::Class(id) if *id == self.any)
    }

    fn node(&self, lang: Lang) -> &Node {
        self.nodes.get(lang.0 as usize).unwrap_or(&Node::None)
    }

    fn class_of(&self, id: ClassId) -> &Class {
        static NONE: std::sync::OnceLock<Class> = std::sync::OnceLock::new();
        self.classes
            .get(id.0 as usize)
            .unwrap_or_else(|| NONE.get_or_init(Class::default))
    }

    fn class_number(&mut self, class: Class) -> ClassId {
        self.work += 1 + class.ranges().len() as u64 / 4;
        if let Some(&known) = self.class_numbers.get(&class) {
            return known;
        }
        if self.held > HELD {
            self.is_full = true;
            return ClassId(u32::MAX);
        }
        self.held += 8 * (1 + class.ranges().len());
        let id = ClassId(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(class.clone());
        self.class_numbers.insert(class, id);
        id
    }

    fn number(&mut self, node: Node) -> Lang {
        self.work += 1;
        if let Some(&known) = self.numbers.get(&node) {
            return known;
        }
        if self.nodes.len() >= LANGUAGES || self.held > HELD {
            self.is_full = true;
            return Lang(u32::MAX);
        }
        let has_empty = match &node {
            Node::None | Node::Class(_) => false,
            Node::Empty => true,
            Node::Cat(a, b) => self.has_empty(*a) && self.has_empty(*b),
            Node::Repeat(of, least, _) => *least == 0 || self.has_empty(*of),
            Node::Or(parts) => {
                self.held += parts.len();
                parts.iter().any(|part| self.has_empty(*part))
            }
            Node::And(parts) => {
                self.held += parts.len();
                parts.iter().all(|part| self.has_empty(*part))
            }
            Node::Not(of) => !self.has_empty(*of),
        };
        let lang = Lang(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.with_empty.push(has_empty);
        self.numbers.insert(node, lang);
        lang
    }
}

/// How many times in all, if something is repeated `inner` times and that `outer` times; `None` if the numbers
/// have gaps, or are too large.
fn product(inner: (u32, Option<u32>), outer: (u32, Option<u32>)) -> Option<(u32, Option<u32>)> {
    let (l, m) = inner;
    let (a, b) = outer;
    // The gaps are widest between the fewest: `a` times at most `m`, and once more at least `l`.
    let has_gaps = b != Some(a)
        && match m {
            Some(m) => u64::from(a) * u64::from(m) + 1 < (u64::from(a) + 1) * u64::from(l),
            None => a == 0 && l > 1,
        };
    if has_gaps {
        return None;
    }
    let least = a.checked_mul(l)?;
    let most = match (m, b) {
        (Some(m), Some(b)) => Some(m.checked_mul(b)?),
        _ => None,
    };
    Some((least, most))
}
