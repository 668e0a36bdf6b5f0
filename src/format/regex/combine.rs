//! Unions, intersections and complements, brought to one form where that is cheap.
//!
//! The form matters for more than looks: a search ends when it meets languages that it has met before, and it
//! knows them by their numbers. So repetitions of one thing meet by arithmetic (`a{0,5}` or `a{3,9}` is `a{0,9}`),
//! and complements in an intersection are one complement of a union, whose parts meet in turn.

use super::{Arena, Class, Lang, Node};

/// From so many to so many.
type Span = (u32, Option<u32>);

impl Arena {
    /// Texts in any of these.
    pub fn or(&mut self, langs: &[Lang]) -> Lang {
        let mut parts: Vec<Lang> = Vec::with_capacity(langs.len());
        let mut class: Option<Class> = None;
        let mut open: Vec<Lang> = langs.iter().rev().copied().collect();
        while let Some(lang) = open.pop() {
            self.work += 1;
            match self.node(lang) {
                Node::None => {}
                Node::Or(inner) => open.extend(inner.iter().copied()),
                Node::Class(id) => {
                    let more = self.class_of(*id);
                    let joined = class.map_or_else(|| more.clone(), |class| class.or(more));
                    self.work += joined.ranges().len() as u64 / 4;
                    class = Some(joined);
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
            if self.has_opposites(&parts) {
                return self.all();
            }
            parts = self.counts_joined(parts);
            // The empty text is said by whatever has it.
            let empty = self.empty();
            if parts.contains(&empty)
                && (parts.iter()).any(|lang| *lang != empty && self.has_empty(*lang))
            {
                parts.retain(|lang| *lang != empty);
            }
        }
        let all = self.all();
        match parts.as_slice() {
            [] => self.none(),
            [one] => *one,
            _ if parts.contains(&all) => all,
            _ => self.number(Node::Or(parts.into())),
        }
    }

    /// The parts of a union, with repetitions of the same thing before the same rest made one where they meet.
    fn counts_joined(&mut self, parts: Vec<Lang>) -> Vec<Lang> {
        let empty = self.empty();
        let mut counted: Vec<(Lang, Lang, Span, Lang)> = Vec::with_capacity(parts.len());
        let mut joined: Vec<Lang> = Vec::with_capacity(parts.len());
        for &part in &parts {
            let (first, rest) = match self.node(part) {
                Node::Cat(first, rest) => (*first, *rest),
                Node::Empty => {
                    joined.push(part);
                    continue;
                }
                _ => (part, empty),
            };
            let (of, least, most) = self.counted(first);
            counted.push((of, rest, (least, most), part));
        }
        self.work += parts.len() as u64;
        counted.sort_unstable();
        let has_empty = !joined.is_empty();
        let mut is_changed = false;
        let mut at = counted.into_iter().peekable();
        while let Some((of, rest, mut span, mut part)) = at.next() {
            let mut is_joined = false;
            while let Some(&(next_of, next_rest, next, next_part)) = at.peek() {
                if (next_of, next_rest) != (of, rest) {
                    break;
                }
                at.next();
                // In order of their least: they meet if the next begins at most one after this one's end.
                let meets = span.1.is_none_or(|most| next.0 <= most.saturating_add(1));
                if meets {
                    let most = span.1.zip(next.1).map(|(a, b)| a.max(b));
                    span = (span.0, most);
                    is_joined = true;
                } else {
                    joined.push(self.counted_part(of, rest, span, part, is_joined));
                    (span, part, is_joined) = (next, next_part, false);
                }
            }
            // `a{1,5}` or nothing is `a{0,5}`.
            if has_empty && span.0 == 1 && rest == empty {
                span.0 = 0;
                is_joined = true;
            }
            is_changed |= is_joined;
            joined.push(self.counted_part(of, rest, span, part, is_joined));
        }
        if !is_changed && joined.len() == parts.len() {
            return parts;
        }
        joined.sort_unstable();
        joined.dedup();
        joined
    }

    fn counted_part(&mut self, of: Lang, rest: Lang, span: Span, part: Lang, is_new: bool) -> Lang {
        if !is_new {
            return part;
        }
        let counted = self.repeat(of, span.0, span.1);
        self.cat(counted, rest)
    }

    /// Texts in all of these.
    pub fn and(&mut self, langs: &[Lang]) -> Lang {
        let mut open: Vec<Lang> = langs.iter().rev().copied().collect();
        loop {
            let mut all = Demands::default();
            if !self.gather(open, &mut all) {
                return self.none();
            }
            match self.without(&mut all) {
                Cut::None => return self.none(),
                Cut::Changed => {
                    // A part has become another: from the start.
                    open = all.parts;
                    for inner in all.nots {
                        open.push(self.not(inner));
                    }
                    if let Some((class, (least, most))) = all.made {
                        let class = self.class(class);
                        open.push(self.repeat(class, least, most));
                    }
                }
                Cut::Same => return self.and_of(all),
            }
        }
    }

    /// Takes the parts of an intersection apart; false if there is no text.
    fn gather(&mut self, mut open: Vec<Lang>, all: &mut Demands) -> bool {
        while let Some(lang) = open.pop() {
            self.work += 1;
            match self.node(lang) {
                Node::None => return false,
                Node::And(inner) => open.extend(inner.iter().copied()),
                Node::Not(inner) => match self.node(*inner) {
                    Node::Or(parts) => {
                        for part in parts.iter() {
                            match self.node(*part) {
                                Node::Not(inner) => open.push(*inner),
                                _ => all.nots.push(*part),
                            }
                        }
                    }
                    _ => all.nots.push(*inner),
                },
                _ => match self.made_of(lang) {
                    Some((class, span)) => {
                        all.made = Some(match all.made.take() {
                            None => (class, span),
                            Some((other, (l, m))) => {
                                let most = match (m, span.1) {
                                    (Some(a), Some(b)) => Some(a.min(b)),
                                    (a, b) => a.or(b),
                                };
                                (other.and(&class), (l.max(span.0), most))
                            }
                        });
                    }
                    None => all.parts.push(lang),
                },
            }
        }
        for list in [&mut all.parts, &mut all.nots] {
            list.sort_unstable();
            list.dedup();
        }
        self.work += (all.parts.len() + all.nots.len()) as u64;
        if let Some((class, (least, most))) = &all.made {
            self.work += class.ranges().len() as u64 / 4;
            let is_none =
                most.is_some_and(|most| most < *least) || (class.is_empty() && *least > 0);
            return !is_none;
        }
        true
    }

    /// Takes out of unions what must not be.
    fn without(&mut self, all: &mut Demands) -> Cut {
        if all.nots.is_empty() {
            return Cut::Same;
        }
        let mut is_changed = false;
        let mut parts = std::mem::take(&mut all.parts);
        for part in &mut parts {
            if all.nots.binary_search(part).is_ok() {
                return Cut::None;
            }
            let Node::Or(inner) = self.node(*part) else {
                continue;
            };
            let all_of_them = inner.len();
            let left: Vec<Lang> = (inner.iter().copied())
                .filter(|way| all.nots.binary_search(way).is_err())
                .collect();
            self.work += all_of_them as u64;
            if left.len() < all_of_them {
                is_changed = true;
                *part = self.or(&left);
            }
        }
        all.parts = parts;
        if is_changed { Cut::Changed } else { Cut::Same }
    }

    /// The intersection of what was gathered.
    fn and_of(&mut self, all: Demands) -> Lang {
        let Demands {
            mut parts,
            nots,
            made,
        } = all;
        let (class, span) = made.unwrap_or_else(|| (Class::any(), (0, None)));
        // Complements of lengths leave lengths.
        let mut others = Vec::with_capacity(nots.len());
        let mut cuts: Vec<Span> = Vec::new();
        for inner in nots {
            match self.made_of(inner) {
                _ if self.node(inner) == &Node::Empty => cuts.push((0, Some(0))),
                Some((other, cut)) if cut.1 != Some(u32::MAX) && class.is_subset(&other) => {
                    cuts.push(cut);
                }
                _ => others.push(inner),
            }
        }
        let spans = cut_out(span, cuts);
        if !others.is_empty() {
            let union = self.or(&others);
            let rest = self.not(union);
            if matches!(self.node(rest), Node::None) {
                return rest;
            }
            if rest != self.all() {
                parts.push(rest);
            }
        }
        parts.sort_unstable();
        let class = self.class(class);
        let mut ways = Vec::with_capacity(spans.len());
        for (least, most) in spans {
            let lengths = self.repeat(class, least, most);
            ways.push(self.met(lengths, &parts));
        }
        match ways.as_slice() {
            [way] => *way,
            _ => self.or(&ways),
        }
    }

    /// Texts of some lengths in all of these.
    fn met(&mut self, lengths: Lang, parts: &[Lang]) -> Lang {
        self.work += parts.len() as u64;
        match self.node(lengths) {
            Node::None => return lengths,
            Node::Empty => {
                let all = parts.iter().all(|part| self.has_empty(*part));
                return if all { lengths } else { self.none() };
            }
            _ => {}
        }
        // The empty text may be among the parts themselves.
        let empty = self.empty();
        if parts.contains(&empty) {
            let all = (parts.iter().chain([&lengths])).all(|part| self.has_empty(*part));
            return if all { empty } else { self.none() };
        }
        let mut parts = parts.to_vec();
        if lengths != self.all() {
            parts.push(lengths);
        }
        parts.sort_unstable();
        parts.dedup();
        match parts.as_slice() {
            [] => lengths,
            [one] => *one,
            _ => self.number(Node::And(parts.into())),
        }
    }

    /// All other texts.
    pub fn not(&mut self, lang: Lang) -> Lang {
        match *self.node(lang) {
            Node::Not(inner) => inner,
            Node::None => self.all(),
            Node::Empty => self.length(1, None),
            Node::Repeat(of, 0, None) if self.is_any(of) => self.none(),
            Node::Repeat(of, least, None) if self.is_any(of) => self.length(0, Some(least - 1)),
            Node::Repeat(of, 0, Some(most)) if self.is_any(of) && most < u32::MAX => {
                self.length(most + 1, None)
            }
            _ => self.number(Node::Not(lang)),
        }
    }

    /// The characters that a language's texts are made of, and how many, if it is all such texts.
    fn made_of(&self, lang: Lang) -> Option<(Class, Span)> {
        let (of, least, most) = self.counted(lang);
        match self.node(of) {
            Node::Class(id) => Some((self.class_of(*id).clone(), (least, most))),
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
}

/// What an intersection demands.
#[derive(Default)]
struct Demands {
    /// Languages.
    parts: Vec<Lang>,
    /// Languages that the texts are not in.
    nots: Vec<Lang>,
    /// The characters that the texts are made of, and how many.
    made: Option<(Class, Span)>,
}

/// What taking out came to.
enum Cut {
    /// Nothing is left.
    None,
    /// Something else is left.
    Changed,
    /// There was nothing to take out.
    Same,
}

/// What of a span is in none of the cuts.
fn cut_out(span: Span, mut cuts: Vec<Span>) -> Vec<Span> {
    cuts.sort_unstable();
    let mut left = Vec::new();
    let mut from = span.0;
    for (low, high) in cuts {
        if let Some(below) = low.checked_sub(1)
            && below >= from
        {
            left.push((from, Some(span.1.map_or(below, |most| most.min(below)))));
        }
        match high.and_then(|high| high.checked_add(1)) {
            Some(next) => from = from.max(next),
            None => return within(left, span),
        }
    }
    left.push((from, span.1));
    within(left, span)
}

/// Spans that do not end before they begin, nor begin after the end of all.
fn within(mut spans: Vec<Span>, all: Span) -> Vec<Span> {
    spans.retain(|(from, to)| {
        to.is_none_or(|to| *from <= to) && all.1.is_none_or(|most| *from <= most)
    });
    spans
}
