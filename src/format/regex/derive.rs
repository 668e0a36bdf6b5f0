//! Derivatives, and the walks over them: a shortest text, several texts, membership.

use super::{Arena, Class, ClassId, Lang, Node};
use crate::format::hash::{HashMap, HashSet};
use std::collections::VecDeque;
use std::rc::Rc;

/// What was derived before.
#[derive(Debug, Default)]
pub(super) struct Derivatives {
    known: HashMap<(Lang, char), Lang>,
    /// The sets that a language asks its first character for.
    firsts: HashMap<Lang, Rc<[ClassId]>>,
    /// One character of each part into which some sets cut all characters, the most readable first.
    parts: HashMap<Rc<[ClassId]>, Rc<[char]>>,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// This.
    Text(T),
    /// There is none.
    None,
    /// Not decided: the steps are used up, or there would be too many languages.
    OutOfBudget,
}

/// Several texts of a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Shortest first.
    pub words: Vec<String>,
    /// Whether these are all there are.
    pub is_all: bool,
}

/// The walk is too long.
pub(super) struct OutOfBudget;

/// How many sets a language may ask its first character for: they cut the characters into parts.
const SETS: usize = 200;
/// How many such parts are told apart.
const PARTS: usize = 400;
/// How many derivatives an arena may remember.
const DERIVATIVES: usize = 1_600_000;
/// So much work is a step.
const PER_STEP: u64 = 16;

impl Arena {
    /// A shortest text of a language, readable if possible. Takes its cost from `steps`.
    pub fn shortest(&mut self, lang: Lang, steps: &mut u64) -> Found<String> {
        self.begin();
        match self.find(lang, 1, steps) {
            Ok(found) => match found.words.into_iter().next() {
                Some(word) => Found::Text(word),
                None => Found::None,
            },
            Err(OutOfBudget) => Found::OutOfBudget,
        }
    }

    /// Whether a language has no text.
    pub fn is_empty(&mut self, lang: Lang, steps: &mut u64) -> Option<bool> {
        match self.shortest(lang, steps) {
            Found::Text(_) => Some(false),
            Found::None => Some(true),
            Found::OutOfBudget => None,
        }
    }

    /// Whether every text of one language is in another; `None` if that is not decided.
    pub fn is_subset(&mut self, inner: Lang, outer: Lang, steps: &mut u64) -> Option<bool> {
        let others = self.not(outer);
        let difference = self.and(&[inner, others]);
        self.is_empty(difference, steps)
    }

    /// Up to `count` texts of a language, shortest first.
    pub fn words(&mut self, lang: Lang, count: usize, steps: &mut u64) -> Found<Words> {
        self.begin();
        let mut rest = lang;
        let mut words = Vec::new();
        while words.len() < count {
            match self.find(rest, count - words.len(), steps) {
                Ok(found) if found.words.is_empty() => {
                    return Found::Text(Words {
                        words,
                        is_all: true,
                    });
                }
                Ok(found) => {
                    // A walk shows one text for each way through it; others may differ in a character.
                    let mut not: Vec<Lang> = vec![rest];
                    for word in &found.words {
                        let word = self.literal(word);
                        not.push(self.not(word));
                    }
                    rest = self.and(&not);
                    words.extend(found.words);
                }
                Err(OutOfBudget) => return Found::OutOfBudget,
            }
        }
        let is_all = matches!(self.find(rest, 1, steps), Ok(found) if found.words.is_empty());
        Found::Text(Words { words, is_all })
    }

    /// Whether a text is in a language; `None` if the steps run out.
    pub fn contains(&mut self, lang: Lang, text: &str, steps: &mut u64) -> Option<bool> {
        self.begin();
        let mut rest = lang;
        for c in text.chars() {
            // Ends early where nothing can change any more.
            if matches!(self.node(rest), Node::None) {
                return Some(false);
            }
            if self.is_all(rest) {
                return Some(true);
            }
            rest = self.derive(rest, c, steps).ok()?;
        }
        (!self.is_full).then(|| self.has_empty(rest))
    }

    /// A search pays for its own work only.
    fn begin(&mut self) {
        self.work = 0;
    }

    /// Takes the cost of what was done since the last time. Fails if there is not so much, or if the arena is
    /// full, for then nothing that it says can be relied upon.
    fn pay(&mut self, steps: &mut u64) -> Result<(), OutOfBudget> {
        let cost = self.work / PER_STEP;
        self.work %= PER_STEP;
        match steps.checked_sub(cost) {
            Some(left) if !self.is_full => {
                *steps = left;
                Ok(())
            }
            _ => {
                *steps = steps.saturating_sub(cost);
                Err(OutOfBudget)
            }
        }
    }

    fn is_all(&self, lang: Lang) -> bool {
        matches!(self.node(lang), Node::Repeat(of, 0, None) if self.is_any(*of))
    }

    /// Up to `count` shortest texts on different ways: all derivatives are visited, nearest first.
    fn find(&mut self, lang: Lang, count: usize, steps: &mut u64) -> Result<Words, OutOfBudget> {
        let mut words = Vec::new();
        // Where each language was reached from and by which character.
        let mut reached: Vec<(Lang, usize, char)> = vec![(lang, usize::MAX, '\0')];
        let mut seen: HashSet<Lang> = HashSet::from_iter([lang]);
        let mut queue: VecDeque<usize> = VecDeque::from([0]);
        let text = |reached: &[(Lang, usize, char)], mut at: usize| {
            let mut chars = Vec::new();
            while let Some((_, from, c)) = reached.get(at) {
                if *from == usize::MAX {
                    break;
                }
                chars.push(*c);
                at = *from;
            }
            chars.iter().rev().collect::<String>()
        };
        self.pay(steps)?;
        if self.has_empty(lang) {
            words.push(String::new());
        }
        while words.len() < count {
            self.pay(steps)?;
            let Some(at) = queue.pop_front() else {
                return Ok(Words {
                    words,
                    is_all: true,
                });
            };
            let Some(&(from, ..)) = reached.get(at) else {
                continue;
            };
            for &c in &*self.parts_of(from, steps)? {
                self.work += 1;
                let next = self.derive(from, c, steps)?;
                if matches!(self.node(next), Node::None) || !seen.insert(next) {
                    continue;
                }
                reached.push((next, at, c));
                queue.push_back(reached.len() - 1);
                if self.has_empty(next) {
                    let word = text(&reached, reached.len() - 1);
                    self.work += word.len() as u64;
                    words.push(word);
                    if words.len() == count {
                        break;
                    }
                }
            }
        }
        Ok(Words {
            words,
            is_all: false,
        })
    }

    /// What may follow `c` in a language.
    pub(super) fn derive(
        &mut self,
        lang: Lang,
        c: char,
        steps: &mut u64,
    ) -> Result<Lang, OutOfBudget> {
        match self.node(lang) {
            Node::None | Node::Empty => return Ok(self.none()),
            Node::Class(id) => {
                let is_in = self.class_of(*id).contains(c);
                self.work += 1;
                return Ok(if is_in { self.empty() } else { self.none() });
            }
            _ => {}
        }
        if let Some(&known) = self.derivatives.known.get(&(lang, c)) {
            return Ok(known);
        }
        self.work += PER_STEP;
        self.pay(steps)?;
        if self.derivatives.known.len() > DERIVATIVES {
            return Err(OutOfBudget);
        }
        let derived = stacker::maybe_grow(64 << 10, 1 << 20, || self.derive_node(lang, c, steps))?;
        self.pay(steps)?;
        self.derivatives.known.insert((lang, c), derived);
        Ok(derived)
    }

    fn derive_node(&mut self, lang: Lang, c: char, steps: &mut u64) -> Result<Lang, OutOfBudget> {
        Ok(match self.node(lang).clone() {
            Node::None | Node::Empty | Node::Class(_) => self.none(),
            Node::Cat(..) => {
                // Along the parts that may be left out, without recursion for each.
                let mut ways = Vec::new();
                let mut rest = lang;
                while let Node::Cat(first, second) = *self.node(rest) {
                    let inner = self.derive(first, c, steps)?;
                    ways.push(self.cat(inner, second));
                    self.work += 1;
                    if !self.has_empty(first) {
                        return Ok(self.or(&ways));
                    }
                    rest = second;
                }
                ways.push(self.derive(rest, c, steps)?);
                self.or(&ways)
            }
            Node::Repeat(of, least, most) => {
                let inner = self.derive(of, c, steps)?;
                let rest = self.repeat(of, least.saturating_sub(1), most.map(|most| most - 1));
                self.cat(inner, rest)
            }
            Node::Or(parts) => {
                let parts = self.derive_all(&parts, c, steps)?;
                self.or(&parts)
            }
            Node::And(parts) => {
                let mut derived = Vec::with_capacity(parts.len());
                self.work += parts.len() as u64;
                for part in &parts {
                    let part = self.derive(*part, c, steps)?;
                    if matches!(self.node(part), Node::None) {
                        return Ok(part);
                    }
                    derived.push(part);
                }
                self.and(&derived)
            }
            Node::Not(of) => {
                let inner = self.derive(of, c, steps)?;
                self.not(inner)
            }
        })
    }

    fn derive_all(
        &mut self,
        parts: &[Lang],
        c: char,
        steps: &mut u64,
    ) -> Result<Vec<Lang>, OutOfBudget> {
        self.work += parts.len() as u64;
        parts
            .iter()
            .map(|part| self.derive(*part, c, steps))
            .collect()
    }

    /// One character of each set of characters that a language does not tell apart, readable ones first.
    fn parts_of(&mut self, lang: Lang, steps: &mut u64) -> Result<Rc<[char]>, OutOfBudget> {
        let sets = self.firsts(lang, steps)?;
        if let Some(known) = self.derivatives.parts.get(&sets) {
            return Ok(known.clone());
        }
        let mut parts = vec![Class::any()];
        for set in &*sets {
            let set = self.class_of(*set).clone();
            let rest = set.complement();
            let mut finer = Vec::with_capacity(parts.len() + 1);
            for part in parts {
                self.work += 1 + (part.ranges().len() + rest.ranges().len()) as u64 / 4;
                self.pay(steps)?;
                let inside = part.and(&set);
                if inside.is_empty() {
                    finer.push(part);
                    continue;
                }
                let outside = part.and(&rest);
                if !outside.is_empty() {
                    finer.push(outside);
                }
                finer.push(inside);
            }
            parts = finer;
            if parts.len() > PARTS {
                return Err(OutOfBudget);
            }
        }
        let mut chars: Vec<char> = parts.iter().filter_map(Class::readable).collect();
        chars.sort_by_key(|c| (Class::rank(*c), *c));
        let chars: Rc<[char]> = chars.into();
        self.derivatives.parts.insert(sets, chars.clone());
        Ok(chars)
    }

    /// The sets that the derivatives of a language depend on.
    fn firsts(&mut self, lang: Lang, steps: &mut u64) -> Result<Rc<[ClassId]>, OutOfBudget> {
        if let Some(known) = self.derivatives.firsts.get(&lang) {
            return Ok(known.clone());
        }
        let mut sets = HashSet::default();
        let mut seen = HashSet::default();
        let mut open = vec![lang];
        while let Some(lang) = open.pop() {
            self.work += 2;
            if !seen.insert(lang) {
                continue;
            }
            self.pay(steps)?;
            if let Some(known) = self.derivatives.firsts.get(&lang) {
                sets.extend(known.iter().copied());
                continue;
            }
            match self.node(lang) {
                Node::None | Node::Empty => {}
                Node::Class(id) => {
                    if *id != self.any {
                        sets.insert(*id);
                    }
                }
                Node::Cat(first, second) => {
                    open.push(*first);
                    if self.has_empty(*first) {
                        open.push(*second);
                    }
                }
                Node::Repeat(of, ..) | Node::Not(of) => open.push(*of),
                Node::Or(parts) | Node::And(parts) => open.extend(parts.iter().copied()),
            }
            if sets.len() > SETS {
                return Err(OutOfBudget);
            }
        }
        let mut sets: Vec<ClassId> = sets.into_iter().collect();
        sets.sort_unstable();
        self.work += sets.len() as u64;
        let sets: Rc<[ClassId]> = match self.derivatives.parts.get_key_value(&*sets) {
            Some((known, _)) => known.clone(),
            None => sets.into(),
        };
        self.derivatives.firsts.insert(lang, sets.clone());
        Ok(sets)
    }
}
