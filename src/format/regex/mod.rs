//! Regular languages: ECMA-262 patterns with intersection, complement and lengths, decided by derivatives.
//!
//! A language is a number in an [`Arena`]; equal numbers are equal languages (the reverse need not hold). The
//! derivative of a language by a character is what may follow that character in it (Brzozowski 1964), so a
//! shortest text is found by walking derivatives, nearest first, with one character for each set of characters
//! that a language cannot tell apart. Every walk is bounded; what is not decided within the bound is said to be
//! so.

mod build;
mod class;
mod derive;
mod parse;
#[cfg(test)]
mod tests;

pub use class::Class;
pub use derive::{Found, Words};

use std::collections::HashMap;

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
}

impl Default for Arena {
    fn default() -> Self {
        let mut arena = Self {
            nodes: Vec::new(),
            numbers: HashMap::new(),
            with_empty: Vec::new(),
            classes: Vec::new(),
            class_numbers: HashMap::new(),
            any: ClassId(0),
            patterns: HashMap::new(),
            derivatives: derive::Derivatives::default(),
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
        let read = parse::parse(pattern).and_then(|tree| build::found_in(self, &tree));
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
        // The first parts of the first, innermost last, so that texts of any length need no recursion.
        let mut parts = Vec::new();
        let mut head = first;
        while let Node::Cat(a, b) = *self.node(head) {
            parts.push(a);
            head = b;
        }
        parts.push(head);
        let mut lang = second;
        for part in parts.into_iter().rev() {
            lang = match (self.node(part), self.node(lang)) {
                (Node::None, _) | (_, Node::None) => self.none(),
                (Node::Empty, _) => lang,
                (_, Node::Empty) => part,
                // All texts, twice, are all texts.
                (Node::Repeat(a, 0, None), Node::Repeat(b, 0, None)) if a == b => lang,
                (Node::Repeat(a, 0, None), Node::Cat(next, _)) if matches!(self.node(*next), Node::Repeat(b, 0, None) if a == b) => {
                    lang
                }
                _ => self.number(Node::Cat(part, lang)),
            };
        }
        lang
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
            (Node::Repeat(inner, 0, None), ..) => {
                let inner = *inner;
                self.number(Node::Repeat(inner, 0, None))
            }
            // Whatever has the empty text may be left out.
            _ if least > 0 && self.has_empty(of) => self.number(Node::Repeat(of, 0, most)),
            _ => self.number(Node::Repeat(of, least, most)),
        }
    }

    /// Texts in any of these.
    pub fn or(&mut self, langs: &[Lang]) -> Lang {
        let mut parts: Vec<Lang> = Vec::with_capacity(langs.len());
        let mut class: Option<Class> = None;
        let mut open: Vec<Lang> = langs.iter().rev().copied().collect();
        while let Some(lang) = open.pop() {
            match self.node(lang) {
                Node::None => {}
                Node::Or(inner) => open.extend(inner.iter().copied()),
                Node::Class(id) => {
                    let more = self.class_of(*id);
                    class = Some(class.map_or_else(|| more.clone(), |class| class.or(more)));
                }
                Node::Repeat(of, 0, None) if self.is_any(*of) => return lang,
                _ => parts.push(lang),
            }
        }
        if let Some(class) = class {
            parts.push(self.class(class));
        }
        parts.sort_unstable();
        parts.dedup();
        if parts.len() > 1 {
            // The empty text is said by whatever has it.
            let empty = self.empty();
            if parts.contains(&empty)
                && parts
                    .iter()
                    .any(|lang| *lang != empty && self.has_empty(*lang))
            {
                parts.retain(|lang| *lang != empty);
            }
            if self.has_opposites(&parts) {
                return self.all();
            }
        }
        match parts.as_slice() {
            [] => self.none(),
            [one] => *one,
            _ => self.number(Node::Or(parts.into())),
        }
    }

    /// Texts in all of these.
    pub fn and(&mut self, langs: &[Lang]) -> Lang {
        let mut parts: Vec<Lang> = Vec::with_capacity(langs.len());
        // Texts made of some characters, so many: they meet by arithmetic.
        let mut made: Option<(Class, u32, Option<u32>)> = None;
        let mut open: Vec<Lang> = langs.iter().rev().copied().collect();
        while let Some(lang) = open.pop() {
            match self.node(lang) {
                Node::None => return lang,
                Node::And(inner) => open.extend(inner.iter().copied()),
                _ => match self.made_of(lang) {
                    Some((class, least, most)) => {
                        made = Some(match made {
                            None => (class, least, most),
                            Some((c, l, m)) => {
                                let most = match (m, most) {
                                    (Some(a), Some(b)) => Some(a.min(b)),
                                    (a, b) => a.or(b),
                                };
                                (c.and(&class), l.max(least), most)
                            }
                        });
                    }
                    None => parts.push(lang),
                },
            }
        }
        parts.sort_unstable();
        parts.dedup();
        if let Some((class, least, most)) = made {
            let lang = self.repeated(class, least, most);
            match self.node(lang) {
                Node::None => return lang,
                Node::Empty => {
                    let all = parts.iter().all(|part| self.has_empty(*part));
                    return if all { lang } else { self.none() };
                }
                Node::Repeat(of, 0, None) if self.is_any(*of) => {}
                _ => return self.and_made(lang, parts),
            }
        }
        self.and_of(parts)
    }

    /// The intersection of texts made of some characters with other languages.
    fn and_made(&mut self, lang: Lang, mut parts: Vec<Lang>) -> Lang {
        let Some((class, least, most)) = self.made_of(lang) else {
            parts.push(lang);
            return self.and_of(parts);
        };
        // Other lengths than some: what is left is lengths again.
        for at in 0..parts.len() {
            let Some(&part) = parts.get(at) else { break };
            let Node::Not(inner) = *self.node(part) else {
                continue;
            };
            let Some((other, from, to)) = self.made_of(inner) else {
                continue;
            };
            if !class.is_subset(&other) {
                continue;
            }
            parts.remove(at);
            let below = match from.checked_sub(1) {
                Some(below) => {
                    let most = Some(most.map_or(below, |most| most.min(below)));
                    self.repeated(class.clone(), least, most)
                }
                None => self.none(),
            };
            let above = match to.and_then(|to| to.checked_add(1)) {
                Some(above) => self.repeated(class, least.max(above), most),
                None => self.none(),
            };
            let ways: Vec<Lang> = [below, above]
                .into_iter()
                .map(|way| {
                    let mut all = parts.clone();
                    all.push(way);
                    self.and(&all)
                })
                .collect();
            return self.or(&ways);
        }
        parts.push(lang);
        parts.sort_unstable();
        parts.dedup();
        self.and_of(parts)
    }

    /// The intersection of sorted parts.
    fn and_of(&mut self, parts: Vec<Lang>) -> Lang {
        if self.has_opposites(&parts) {
            return self.none();
        }
        let empty = self.empty();
        if parts.contains(&empty) {
            let all = parts.iter().all(|part| self.has_empty(*part));
            return if all { empty } else { self.none() };
        }
        match parts.as_slice() {
            [] => self.all(),
            [one] => *one,
            _ => self.number(Node::And(parts.into())),
        }
    }

    /// All other texts.
    pub fn not(&mut self, lang: Lang) -> Lang {
        match self.node(lang) {
            Node::Not(inner) => *inner,
            Node::None => self.all(),
            Node::Repeat(of, 0, None) if self.is_any(*of) => self.none(),
            _ => self.number(Node::Not(lang)),
        }
    }

    /// Whether the empty text is in a language.
    pub fn has_empty(&self, lang: Lang) -> bool {
        self.with_empty
            .get(lang.0 as usize)
            .copied()
            .unwrap_or(false)
    }

    /// Texts made of these characters, so many.
    fn repeated(&mut self, class: Class, least: u32, most: Option<u32>) -> Lang {
        let class = self.class(class);
        self.repeat(class, least, most)
    }

    /// The characters that a language's texts are made of, and how many, if it is all such texts.
    fn made_of(&self, lang: Lang) -> Option<(Class, u32, Option<u32>)> {
        let class_in = |lang: Lang| match self.node(lang) {
            Node::Class(id) => Some(self.class_of(*id).clone()),
            _ => None,
        };
        match self.node(lang) {
            Node::Class(id) => Some((self.class_of(*id).clone(), 1, Some(1))),
            Node::Repeat(of, least, most) => Some((class_in(*of)?, *least, *most)),
            _ => None,
        }
    }

    /// Whether a language and its complement are among sorted parts.
    fn has_opposites(&self, parts: &[Lang]) -> bool {
        parts.iter().any(|part| match self.node(*part) {
            Node::Not(inner) => parts.binary_search(inner).is_ok(),
            _ => false,
        })
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
        if let Some(&known) = self.class_numbers.get(&class) {
            return known;
        }
        let id = ClassId(u32::try_from(self.classes.len()).unwrap_or(u32::MAX));
        self.classes.push(class.clone());
        self.class_numbers.insert(class, id);
        id
    }

    fn number(&mut self, node: Node) -> Lang {
        if let Some(&known) = self.numbers.get(&node) {
            return known;
        }
        let has_empty = match &node {
            Node::None | Node::Class(_) => false,
            Node::Empty => true,
            Node::Cat(a, b) => self.has_empty(*a) && self.has_empty(*b),
            Node::Repeat(of, least, _) => *least == 0 || self.has_empty(*of),
            Node::Or(parts) => parts.iter().any(|part| self.has_empty(*part)),
            Node::And(parts) => parts.iter().all(|part| self.has_empty(*part)),
            Node::Not(of) => !self.has_empty(*of),
        };
        let lang = Lang(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.with_empty.push(has_empty);
        self.numbers.insert(node, lang);
        lang
    }
}
