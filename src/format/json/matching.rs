//! Combinations: which branch of one answers to which of the other.

use super::compare::{Pair, Segment, Sink, Step, Stop};
use super::kinds;
use super::model::{Combined, Criterion, Part};
use crate::format::hash::HashMap;

/// The differences between two combinations.
pub fn combined<'m, S: Sink<'m>>(sink: &mut S, pair: Pair, o: &Combined, u: &Combined) -> Step {
    if o.criterion != u.criterion {
        let is_allowed = u.criterion == Criterion::Any
            || (o.written == 1 && u.written == 1)
            || (o.written == 1 && u.criterion == Criterion::One)
            || (u.written == 1 && o.criterion == Criterion::All);
        if !is_allowed {
            return sink.found(&kinds::COMBINED_TYPE_CHANGED, Segment::Here);
        }
        sink.found(&kinds::COMBINED_TYPE_EXTENDED, Segment::Here)?;
    }
    let (originals, updates) = (o.parts.len(), u.parts.len());
    if originals < updates {
        let rule = if u.criterion == Criterion::All {
            kinds::PRODUCT_TYPE_EXTENDED
        } else {
            kinds::SUM_TYPE_EXTENDED
        };
        sink.found(&rule, Segment::Here)?;
    } else if originals > updates {
        let rule = if o.criterion == Criterion::All {
            kinds::PRODUCT_TYPE_NARROWED
        } else {
            kinds::SUM_TYPE_NARROWED
        };
        sink.found(&rule, Segment::Here)?;
    }

    let mut matching = Matching::new(pair, &o.parts, &u.parts);
    let must_be_full = sink.only_decides();
    let matched = matching.run(sink, must_be_full)?;
    if !sink.only_decides() {
        for (original, update) in matching.pairs() {
            if let (Some(o_part), Some(u_part)) = (o.parts.get(original), u.parts.get(update)) {
                sink.child(
                    Segment::At(o.criterion.keyword(), original),
                    Pair {
                        original: pair.original.other(o_part.id),
                        update: pair.update.other(u_part.id),
                    },
                )?;
            }
        }
    }
    if matched < originals.min(updates) {
        sink.found(&kinds::COMBINED_TYPE_SUBSCHEMAS_CHANGED, Segment::Here)?;
    }
    Ok(())
}

/// A maximum matching between the smaller and the larger side, by augmenting paths. Edges are looked at when they
/// are needed, likely ones first: branches of the same text, then of the same position. Versions of a schema
/// rarely differ in more than a few branches, so most edges are never looked at.
struct Matching<'p> {
    pair: Pair,
    small: &'p [Part],
    large: &'p [Part],
    is_small_original: bool,
    by_text: HashMap<u64, Vec<usize>>,
    edges: HashMap<(usize, usize), bool>,
    small_to_large: Vec<Option<usize>>,
    large_to_small: Vec<Option<usize>>,
    /// The attempt that last visited a branch of the larger side.
    visited: Vec<usize>,
}

impl<'p> Matching<'p> {
    fn new(pair: Pair, originals: &'p [Part], updates: &'p [Part]) -> Self {
        let is_small_original = originals.len() <= updates.len();
        let (small, large) = if is_small_original {
            (originals, updates)
        } else {
            (updates, originals)
        };
        let mut by_text: HashMap<u64, Vec<usize>> = HashMap::default();
        for (index, part) in large.iter().enumerate() {
            by_text.entry(part.text).or_default().push(index);
        }
        Self {
            pair,
            small,
            large,
            is_small_original,
            by_text,
            edges: HashMap::default(),
            small_to_large: vec![None; small.len()],
            large_to_small: vec![None; large.len()],
            visited: vec![0; large.len()],
        }
    }

    /// How many are matched; with `must_be_full` it stops at the first branch that cannot be.
    fn run<'m, S: Sink<'m>>(&mut self, sink: &mut S, must_be_full: bool) -> Result<usize, Stop> {
        for index in 0..self.small.len() {
            for other in self.same_text(index) {
                if self.is_free(other) && self.edge(sink, index, other)? {
                    self.link(index, other);
                    break;
                }
            }
        }
        for index in 0..self.small.len() {
            if self.small_to_large.get(index).is_some_and(Option::is_some) {
                continue;
            }
            if !self.augment(sink, index, index + 1)? && must_be_full {
                break;
            }
        }
        Ok(self.small_to_large.iter().flatten().count())
    }

    fn same_text(&self, index: usize) -> Vec<usize> {
        self.small
            .get(index)
            .and_then(|part| self.by_text.get(&part.text))
            .cloned()
            .unwrap_or_default()
    }

    fn is_free(&self, other: usize) -> bool {
        self.large_to_small.get(other).is_some_and(Option::is_none)
    }

    fn link(&mut self, index: usize, other: usize) {
        if let Some(slot) = self.small_to_large.get_mut(index) {
            *slot = Some(other);
        }
        if let Some(slot) = self.large_to_small.get_mut(other) {
            *slot = Some(index);
        }
    }

    fn augment<'m, S: Sink<'m>>(
        &mut self,
        sink: &mut S,
        index: usize,
        attempt: usize,
    ) -> Result<bool, Stop> {
        sink.compare().spend(1 + self.large.len() / 16)?;
        let mut order = self.same_text(index);
        order.push(index);
        order.extend(0..self.large.len());
        // Free branches first: they end the search.
        for wants_free in [true, false] {
            for &other in &order {
                if self.is_free(other) != wants_free
                    || self.visited.get(other) == Some(&attempt)
                    || !self.edge(sink, index, other)?
                {
                    continue;
                }
                if let Some(mark) = self.visited.get_mut(other) {
                    *mark = attempt;
                }
                let holder = self.large_to_small.get(other).copied().flatten();
                let is_won = match holder {
                    None => true,
                    Some(holder) => self.augment(sink, holder, attempt)?,
                };
                if is_won {
                    self.link(index, other);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn edge<'m, S: Sink<'m>>(
        &mut self,
        sink: &mut S,
        index: usize,
        other: usize,
    ) -> Result<bool, Stop> {
        sink.compare().spend(1)?;
        if let Some(&edge) = self.edges.get(&(index, other)) {
            return Ok(edge);
        }
        let (Some(small), Some(large)) = (self.small.get(index), self.large.get(other)) else {
            return Ok(false);
        };
        let (original, update) = if self.is_small_original {
            (small, large)
        } else {
            (large, small)
        };
        let edge = sink.compatible(Pair {
            original: self.pair.original.other(original.id),
            update: self.pair.update.other(update.id),
        })?;
        self.edges.insert((index, other), edge);
        Ok(edge)
    }

    /// The matched branches as (original, update), in the originals' order.
    fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs: Vec<_> = self
            .small_to_large
            .iter()
            .enumerate()
            .filter_map(|(small, large)| {
                large.map(|large| {
                    if self.is_small_original {
                        (small, large)
                    } else {
                        (large, small)
                    }
                })
            })
            .collect();
        pairs.sort_unstable();
        pairs
    }
}
