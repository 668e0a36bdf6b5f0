//! The walk over the pairs of types that records reach, and what fails in each.

use super::super::model::{Enum, Field, Kind, Named, Primitive, Record, Schema, TypeId};
use super::defaults;
use super::lossy::{self, Loss};
use super::minimal::Minimal;
use crate::format::truth::{Budget, Steps};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// How a record gets from one pair to the next.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Into a branch of the writer's union.
    Branch(usize),
    /// The reader's union is replaced by one of its branches; the datum stays.
    Chosen,
    /// Into an array's item.
    Item,
    /// Into a map's value.
    Value,
    /// Into a field: the reader's and the writer's place.
    Field(usize, usize),
}

/// A pair that a record reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    pub reader: TypeId,
    pub writer: TypeId,
    /// From which pair and how; `None` for the roots.
    pub from: Option<(usize, Step)>,
}

/// What is wrong with a pair.
#[derive(Debug, Clone)]
pub(super) enum What {
    /// One type cannot be read as the other.
    Mismatch,
    /// The reader's union has no branch for the writer's type.
    NoBranch,
    /// Records, enums or fixed of different names.
    Renamed,
    /// Fixed of different sizes.
    Size,
    /// Symbols that the reader does not know, by their places in the writer's enum.
    Symbols(Vec<usize>),
    /// The reader's field at this place has no source and no default.
    Missing(usize),
    /// The reader's field at this place has a default that is no value of its type.
    Unusable(usize),
    /// The reader's field at this place has several sources.
    Ambiguous(usize),
    /// It is read, but as something else.
    Lossy(Loss),
}

/// A flaw of a pair, by its place in [`Walk::reached`].
#[derive(Debug, Clone)]
pub(super) struct Flaw {
    pub pair: usize,
    pub what: What,
}

/// What a walk found.
pub(super) struct Walk<'a> {
    pub reached: Vec<Reached>,
    pub flaws: Vec<Flaw>,
    pub losses: Vec<Flaw>,
    pub minimal: Minimal<'a>,
    /// Whether it ended before every pair was looked at.
    pub is_cut_short: bool,
}

/// Looks at every pair that records reach, nearest first.
pub(super) fn walk<'a>(reader: &'a Schema, writer: &'a Schema, budget: &Budget) -> Walk<'a> {
    let mut walker = Walker {
        reader,
        writer,
        limit: budget.steps,
        steps: Steps::default(),
        seen: HashSet::new(),
        queue: VecDeque::new(),
        unions: HashMap::new(),
        walk: Walk {
            reached: Vec::new(),
            flaws: Vec::new(),
            losses: Vec::new(),
            minimal: Minimal::of(writer),
            is_cut_short: false,
        },
    };
    walker.steps += (writer.types.len() / 8) as u64;
    walker.reach(reader.root, writer.root, None);
    while let Some(at) = walker.queue.pop_front() {
        if walker.steps.0 > walker.limit {
            walker.walk.is_cut_short = true;
            break;
        }
        walker.look(at);
    }
    walker.walk
}

/// How a union's branches are found by what was written.
struct Branches {
    by_full_name: HashMap<Arc<str>, usize>,
    /// By short name, and by aliases in full.
    by_match: HashMap<(&'static str, Arc<str>), usize>,
}

struct Walker<'a> {
    reader: &'a Schema,
    writer: &'a Schema,
    limit: u64,
    steps: Steps,
    seen: HashSet<(TypeId, TypeId)>,
    queue: VecDeque<usize>,
    unions: HashMap<TypeId, Rc<Branches>>,
    walk: Walk<'a>,
}

impl<'a> Walker<'a> {
    /// Notes a pair, if a record can get there and none did before.
    fn reach(&mut self, reader: TypeId, writer: TypeId, from: Option<(usize, Step)>) {
        self.steps += 1;
        if self.walk.minimal.size(writer).is_none() || !self.seen.insert((reader, writer)) {
            return;
        }
        self.walk.reached.push(Reached {
            reader,
            writer,
            from,
        });
        self.queue.push_back(self.walk.reached.len() - 1);
    }

    fn flaw(&mut self, pair: usize, what: What) {
        self.walk.flaws.push(Flaw { pair, what });
    }

    fn look(&mut self, at: usize) {
        let Some(&Reached { reader, writer, .. }) = self.walk.reached.get(at) else {
            return;
        };
        if let Kind::Union(branches) = self.writer.kind(writer) {
            for (place, &branch) in branches.iter().enumerate() {
                self.reach(reader, branch, Some((at, Step::Branch(place))));
            }
            return;
        }
        let written = self.writer.kind(writer);
        match (self.reader.kind(reader), written) {
            (Kind::Union(branches), _) => match self.branch_for(reader, branches, written) {
                Some(branch) => self.reach(branch, writer, Some((at, Step::Chosen))),
                None => self.flaw(at, What::NoBranch),
            },
            (Kind::Primitive(r), Kind::Primitive(w)) => {
                if promotes(*w, *r) {
                    self.losses_of(at, reader, writer);
                } else {
                    self.flaw(at, What::Mismatch);
                }
            }
            (Kind::Array(r), Kind::Array(w)) => self.reach(*r, *w, Some((at, Step::Item))),
            (Kind::Map(r), Kind::Map(w)) => self.reach(*r, *w, Some((at, Step::Value))),
            (Kind::Enum(r), Kind::Enum(w)) => {
                if self.named(at, &r.named, &w.named) {
                    self.symbols(at, r, w);
                }
            }
            (Kind::Fixed(r), Kind::Fixed(w)) => {
                if self.named(at, &r.named, &w.named) {
                    if r.size == w.size {
                        self.losses_of(at, reader, writer);
                    } else {
                        self.flaw(at, What::Size);
                    }
                }
            }
            (Kind::Record(r), Kind::Record(w)) => {
                // A wrong name fails by itself; the fields are looked at all the same, so that whoever mends
                // the name does not meet the next surprise.
                self.named(at, &r.named, &w.named);
                self.fields(at, r, w);
            }
            _ => self.flaw(at, What::Mismatch),
        }
    }

    fn losses_of(&mut self, at: usize, reader: TypeId, writer: TypeId) {
        if let Some(loss) = lossy::loss(self.reader, reader, self.writer, writer) {
            self.walk.losses.push(Flaw {
                pair: at,
                what: What::Lossy(loss),
            });
        }
    }

    /// Whether the names match; if not, that is noted.
    fn named(&mut self, at: usize, r: &Named, w: &Named) -> bool {
        self.steps += r.aliases.len() as u64 / 4;
        let is_same = names_match(r, w);
        if !is_same {
            self.flaw(at, What::Renamed);
        }
        is_same
    }

    fn symbols(&mut self, at: usize, r: &Enum, w: &Enum) {
        self.steps += w.symbols.len() as u64 / 4;
        let unknown: Vec<usize> = (0..w.symbols.len())
            .filter(|&place| w.symbols.get(place).is_some_and(|s| !r.known.contains(s)))
            .collect();
        let Some(&first) = unknown.first() else {
            return;
        };
        let has_default = r
            .default
            .as_ref()
            .is_some_and(|d| r.known.contains(d.as_str()));
        if has_default {
            self.walk.losses.push(Flaw {
                pair: at,
                what: What::Lossy(Loss::Symbol(first)),
            });
        } else {
            self.flaw(at, What::Symbols(unknown));
        }
    }

    fn fields(&mut self, at: usize, r: &'a Record, w: &'a Record) {
        let claims = claims(r);
        for (place, field) in r.fields.iter().enumerate() {
            self.steps += 1 + field.aliases.len() as u64 / 4;
            match source_of(field, place, &claims, w) {
                Source::One(source) => {
                    if let Some(written) = w.fields.get(source) {
                        let step = Step::Field(place, source);
                        self.reach(field.of, written.of, Some((at, step)));
                    }
                }
                Source::Several => self.flaw(at, What::Ambiguous(place)),
                Source::None => match &field.default {
                    None => self.flaw(at, What::Missing(place)),
                    Some(default) => {
                        match defaults::fits(self.reader, field.of, default, &mut self.steps) {
                            Some(true) => {}
                            Some(false) => self.flaw(at, What::Unusable(place)),
                            None => self.walk.is_cut_short = true,
                        }
                    }
                },
            }
        }
    }

    /// The branch of a reader's union that reads what was written: by full name, else by a name that matches,
    /// else by type; then by promotion.
    fn branch_for(&mut self, union: TypeId, branches: &[TypeId], written: &Kind) -> Option<TypeId> {
        if let Some(w) = written.named() {
            let word = written.word();
            let known = self.branches(union, branches);
            let is_kind = |at: &&usize| {
                branches
                    .get(**at)
                    .is_some_and(|b| self.reader.kind(*b).word() == word)
            };
            let short: Arc<str> = w.name.short().into();
            let full = w.name.full();
            let exact = known.by_full_name.get(full).filter(is_kind);
            let at = exact.copied().or_else(|| {
                let short = known.by_match.get(&(word, short));
                let alias = known.by_match.get(&(word, aliased(full)));
                match (short, alias) {
                    (Some(a), Some(b)) => Some(*a.min(b)),
                    (a, b) => a.or(b).copied(),
                }
            })?;
            return branches.get(at).copied();
        }
        self.steps += branches.len() as u64 / 8;
        let find = |accepts: &dyn Fn(&Kind) -> bool| {
            branches
                .iter()
                .copied()
                .find(|branch| accepts(self.reader.kind(*branch)))
        };
        find(&|kind| kind.word() == written.word()).or_else(|| {
            find(&|kind| match (kind, written) {
                (Kind::Primitive(r), Kind::Primitive(w)) => promotes(*w, *r),
                _ => false,
            })
        })
    }

    fn branches(&mut self, union: TypeId, branches: &[TypeId]) -> Rc<Branches> {
        if let Some(known) = self.unions.get(&union) {
            return known.clone();
        }
        let mut made = Branches {
            by_full_name: HashMap::new(),
            by_match: HashMap::new(),
        };
        for (at, branch) in branches.iter().enumerate() {
            let kind = self.reader.kind(*branch);
            let Some(named) = kind.named() else { continue };
            self.steps += 1 + named.aliases.len() as u64;
            let full = named.name.full().clone();
            made.by_full_name.entry(full).or_insert(at);
            let short = (kind.word(), named.name.short().into());
            made.by_match.entry(short).or_insert(at);
            for alias in effective_aliases(named) {
                made.by_match
                    .entry((kind.word(), aliased(alias)))
                    .or_insert(at);
            }
        }
        let made = Rc::new(made);
        self.unions.insert(union, made.clone());
        made
    }
}

/// Keeps full names of aliases apart from short names in one table: no name has a blank.
fn aliased(full: &str) -> Arc<str> {
    format!(" {full}").into()
}

/// The aliases that count, in full. One without a namespace on a type that has one is never met.
fn effective_aliases(named: &Named) -> impl Iterator<Item = &Arc<str>> {
    let has_namespace = named.name.namespace().is_some();
    named
        .aliases
        .iter()
        .filter(move |alias| alias.namespace().is_some() || !has_namespace)
        .map(|alias| alias.full())
}

/// Whether names match without their namespaces, or by an alias of the reader's.
fn names_match(r: &Named, w: &Named) -> bool {
    r.name.short() == w.name.short() || effective_aliases(r).any(|alias| alias == w.name.full())
}

enum Source {
    None,
    One(usize),
    Several,
}

/// Which field of the reader renames which written name: an alias acts as if the writer's field were called like
/// the field that has it. Of several, the last counts.
fn claims(record: &Record) -> HashMap<&str, usize> {
    let mut claims = HashMap::new();
    for (place, field) in record.fields.iter().enumerate() {
        for alias in &field.aliases {
            claims.insert(alias.as_str(), place);
        }
    }
    claims
}

/// The writer's field that a reader's field takes its value from, by name or alias.
fn source_of(
    field: &Field,
    place: usize,
    claims: &HashMap<&str, usize>,
    record: &Record,
) -> Source {
    let mut hits: Vec<(usize, &str)> = std::iter::once(&*field.name)
        .chain(field.aliases.iter().map(String::as_str))
        .filter_map(|name| Some((record.index.get(name).copied()?, name)))
        .collect();
    hits.sort_unstable();
    hits.dedup_by_key(|(at, _)| *at);
    match hits.as_slice() {
        [] => Source::None,
        // Renamed to another field.
        [(_, name)] if claims.get(name).is_some_and(|claimed| *claimed != place) => Source::None,
        [(one, _)] => Source::One(*one),
        // Crossed aliases too: no decoder takes them for a swap.
        _ => Source::Several,
    }
}

/// The specification's promotions, and equality.
fn promotes(w: Primitive, r: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    match w {
        Int => matches!(r, Int | Long | Float | Double),
        Long => matches!(r, Long | Float | Double),
        Float => matches!(r, Float | Double),
        String | Bytes => matches!(r, String | Bytes),
        other => other == r,
    }
}
