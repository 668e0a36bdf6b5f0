//! Is there a value of which all these literals are true?
//!
//! A goal is a set of literals. For each JSON type, what follows at once is assumed, the solver of the type looks
//! for a value of what is assumed so far, and only an alternative that this value does not satisfy is split. No
//! value without the open alternatives means none with them.
//!
//! Goals for parts of a value are goals again. One that is met inside itself fails: the smallest value of a goal
//! does not contain another value of the same goal. Such failures hold while the outer goal is being worked on,
//! and are remembered so long.

use super::algebra::{ARRAY, Atom, BOOLEAN, NULL, NUMBER, OBJECT, STRING, Scalar, Sym};
use super::algebra::{EACH_TYPE, FALSE, Lit, TRUE, Types, has_contradiction};
use super::fast::{Map, Set};
use super::load::{Loader, Stop};
use super::strings::Languages;
use super::value::{Shape, Val, grown, made};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Values in one another deeper than this are not looked for.
const DEEPEST: usize = 3_000;
/// The beginnings of the names of opaque atoms that stand for broken text.
const BROKEN: [&str; 2] = ["reference that leads nowhere", "malformed"];
/// Values that may not hold are passed over so often, in the hope of one that does.
const PATIENCE: u32 = 2_000;
/// Obstacles beyond these are not noted.
const MOST_OBSTACLES: usize = 64;

/// Sorted literals.
pub(super) type Goal = Rc<[Lit]>;

/// The outer goals that a failure depends on: a bit for each depth.
#[derive(Debug, Clone, Default)]
pub(super) struct Deps(Vec<u64>);

impl Deps {
    fn on(depth: u32) -> Self {
        let mut words = vec![0; depth as usize / 64 + 1];
        if let Some(word) = words.last_mut() {
            *word = 1 << (depth % 64);
        }
        Self(words)
    }

    pub(super) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Without the goals of this depth and deeper ones; the deepest that is left.
    fn cut(&mut self, depth: usize) -> Option<usize> {
        self.0.truncate(depth / 64 + 1);
        if let Some(word) = self.0.get_mut(depth / 64) {
            *word &= (1 << (depth % 64)) - 1;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        let last = self.0.last()?;
        Some((self.0.len() - 1) * 64 + 63 - last.leading_zeros() as usize)
    }
}

/// What a search for a value came to.
#[derive(Debug, Clone)]
pub(super) enum Found {
    /// This one. `exact`: nothing was left out on the way.
    Value { value: Val, exact: bool },
    /// There is none, as long as the goals it depends on are being worked on.
    None(Deps),
    /// Not decided.
    Unknown,
}

impl Found {
    pub(super) fn nothing() -> Self {
        Found::None(Deps::default())
    }

    pub(super) fn exactly(shape: Shape) -> Self {
        Found::Value {
            value: made(shape),
            exact: true,
        }
    }
}

/// Collects what the attempts of a solver came to.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    deps: Deps,
    unknown: bool,
}

impl Attempts {
    /// Notes a failure.
    pub(super) fn note(&mut self, found: &Found) {
        match found {
            Found::None(deps) => self.deps.join(deps),
            Found::Unknown => self.unknown = true,
            Found::Value { .. } => {}
        }
    }

    pub(super) fn unknown(&mut self) {
        self.unknown = true;
    }

    /// All attempts failed.
    pub(super) fn failed(self) -> Found {
        if self.unknown {
            Found::Unknown
        } else {
            Found::None(self.deps)
        }
    }
}

/// Searches.
pub(super) struct Solver<'a> {
    pub(super) loader: Loader<'a>,
    pub(super) languages: Languages,
    /// How often an exact value is looked for where there is an inexact one.
    patience: u32,
    pub(super) evaluations: u32,
    /// Whether the search met a reference that leads nowhere, or something malformed.
    pub(super) meets_broken_text: bool,
    /// Why something is not decided, and the address of what stopped it.
    pub(super) obstacles: BTreeSet<(String, Option<usize>)>,
    known: Map<Goal, Found>,
    provisional: Map<Goal, Deps>,
    /// The goals to forget when the goal of a depth is done.
    forget: Vec<Vec<Goal>>,
    active: Map<Goal, u32>,
}

/// What is assumed of a value of one type.
struct Assumed {
    kind: Types,
    known: Set<Lit>,
    trail: Vec<Lit>,
    /// The value itself, if it is known.
    scalar: Option<Lit>,
}

/// Alternatives that are open.
#[derive(Debug, Clone)]
enum Open {
    Any(Rc<[Lit]>),
    /// Exactly one of them (`true`), or not exactly one.
    One(Rc<[Lit]>, bool),
}

impl Assumed {
    fn undo(&mut self, to: usize, scalar: Option<Lit>) {
        while self.trail.len() > to {
            if let Some(lit) = self.trail.pop() {
                self.known.remove(&lit);
            }
        }
        self.scalar = scalar;
    }
}

/// What became of alternatives.
enum Simplified {
    Satisfied,
    Impossible,
    /// These must all hold.
    Forced(Vec<Lit>),
    Open(Open),
}

impl<'a> Solver<'a> {
    pub(super) fn new(loader: Loader<'a>) -> Self {
        Self {
            loader,
            languages: Languages::default(),
            patience: PATIENCE,
            evaluations: 0,
            meets_broken_text: false,
            obstacles: BTreeSet::new(),
            known: Map::default(),
            provisional: Map::default(),
            forget: Vec::new(),
            active: Map::default(),
        }
    }

    /// Notes why something is not decided.
    pub(super) fn obstacle(&mut self, construct: &str, at: Option<Lit>) {
        if self.obstacles.len() < MOST_OBSTACLES {
            let at = at.and_then(|lit| self.loader.origin(lit));
            self.obstacles.insert((construct.to_owned(), at));
        }
    }

    /// Whether to look for an exact value where there is an inexact one.
    fn is_patient(&mut self) -> bool {
        self.patience = self.patience.saturating_sub(1);
        self.patience > 0
    }

    /// Looks for a value of which all literals are true.
    pub(super) fn satisfy(&mut self, lits: impl IntoIterator<Item = Lit>) -> Result<Found, Stop> {
        let mut goal: Vec<Lit> = lits.into_iter().filter(|&lit| lit != TRUE).collect();
        goal.sort_unstable();
        goal.dedup();
        if goal.contains(&FALSE) || has_contradiction(&goal) {
            return Ok(Found::nothing());
        }
        if let Some(found) = self.known.get(goal.as_slice()) {
            return Ok(found.clone());
        }
        if let Some(&depth) = self.active.get(goal.as_slice()) {
            return Ok(Found::None(Deps::on(depth)));
        }
        if let Some(deps) = self.provisional.get(goal.as_slice()) {
            return Ok(Found::None(deps.clone()));
        }
        self.loader.meter.tick(1 + goal.len() as u64 / 16)?;
        let depth = self.active.len();
        if depth >= DEEPEST {
            self.obstacle("values nested too deeply", goal.first().copied());
            return Ok(Found::Unknown);
        }
        let goal: Goal = goal.into();
        self.active.insert(Rc::clone(&goal), depth as u32);
        self.forget.push(Vec::new());
        let found = grown(|| self.each_type(&goal))?;
        self.active.remove(&goal);
        for goal in self.forget.pop().unwrap_or_default() {
            self.provisional.remove(&goal);
        }
        let found = match found {
            Found::None(mut deps) => {
                self.loader.meter.tick(deps.0.len() as u64 / 8)?;
                match deps.cut(depth) {
                    None => Found::nothing(),
                    Some(deepest) => {
                        // The deepest goal it depends on is done first.
                        if let Some(goals) = self.forget.get_mut(deepest) {
                            goals.push(Rc::clone(&goal));
                        }
                        self.provisional.insert(goal, deps.clone());
                        return Ok(Found::None(deps));
                    }
                }
            }
            found => found,
        };
        self.known.insert(goal, found.clone());
        Ok(found)
    }

    fn each_type(&mut self, goal: &[Lit]) -> Result<Found, Stop> {
        let mut attempts = Attempts::default();
        let mut inexact = None;
        for kind in EACH_TYPE {
            if inexact.is_some() && !self.is_patient() {
                break;
            }
            let mut assumed = Assumed {
                kind,
                known: Set::default(),
                trail: Vec::new(),
                scalar: None,
            };
            let mut open = Vec::new();
            if !self.assume(&mut assumed, goal.to_vec(), &mut open)? {
                continue;
            }
            let found = self.split(&mut assumed, open)?;
            attempts.note(&found);
            match found {
                Found::Value { exact: true, .. } => return Ok(found),
                Found::Value { .. } => inexact = inexact.or(Some(found)),
                _ => {}
            }
        }
        Ok(inexact.unwrap_or_else(|| attempts.failed()))
    }

    /// Assumes literals and what follows at once; whether that is free of contradiction.
    fn assume(
        &mut self,
        assumed: &mut Assumed,
        mut todo: Vec<Lit>,
        open: &mut Vec<Open>,
    ) -> Result<bool, Stop> {
        while let Some(lit) = todo.pop() {
            match self.loader.algebra.decided(lit, assumed.kind) {
                Some(true) => continue,
                Some(false) => return Ok(false),
                None => {}
            }
            if assumed.known.contains(&-lit) {
                return Ok(false);
            }
            if !assumed.known.insert(lit) {
                continue;
            }
            assumed.trail.push(lit);
            match self.loader.algebra.get(lit) {
                Atom::And(lits) if lit > 0 => todo.extend_from_slice(lits),
                Atom::And(lits) => open.push(Open::Any(lits.iter().map(|lit| -lit).collect())),
                Atom::One(lits) => open.push(Open::One(Rc::clone(lits), lit > 0)),
                Atom::Ref(class) => {
                    let class = *class;
                    let target = self.loader.target(class)?;
                    todo.push(if lit > 0 { target } else { -target });
                }
                Atom::Scalar(_) if lit > 0 => {
                    if assumed.scalar.is_some() {
                        return Ok(false);
                    }
                    assumed.scalar = Some(lit);
                }
                _ => {}
            }
        }
        Ok(true)
    }

    /// Whether a literal is decided by what is assumed.
    fn value_of(&self, assumed: &Assumed, lit: Lit) -> Option<bool> {
        if let Some(decided) = self.loader.algebra.decided(lit, assumed.kind) {
            return Some(decided);
        }
        if assumed.known.contains(&lit) {
            return Some(true);
        }
        if assumed.known.contains(&-lit) {
            return Some(false);
        }
        if assumed.scalar.is_some() && matches!(self.loader.algebra.get(lit), Atom::Scalar(_)) {
            return Some(lit < 0);
        }
        None
    }

    fn simplify(&self, assumed: &Assumed, open: &Open) -> Simplified {
        match open {
            Open::Any(lits) => {
                let mut left = Vec::with_capacity(lits.len());
                for &lit in lits.iter() {
                    match self.value_of(assumed, lit) {
                        Some(true) => return Simplified::Satisfied,
                        Some(false) => {}
                        None => left.push(lit),
                    }
                }
                match left.len() {
                    0 => Simplified::Impossible,
                    1 => Simplified::Forced(left),
                    n if n == lits.len() => Simplified::Open(open.clone()),
                    _ => Simplified::Open(Open::Any(left.into())),
                }
            }
            Open::One(lits, exactly) => {
                let mut left = Vec::with_capacity(lits.len());
                let mut hold = 0;
                for &lit in lits.iter() {
                    match self.value_of(assumed, lit) {
                        Some(true) => hold += 1,
                        Some(false) => {}
                        None => left.push(lit),
                    }
                }
                match (exactly, hold, left.len()) {
                    (true, 2.., _) => Simplified::Impossible,
                    (true, 1, 0) | (false, 2.., _) | (false, 0, 0) => Simplified::Satisfied,
                    (true, 0, 0) | (false, 1, 0) => Simplified::Impossible,
                    (true, 1, _) => Simplified::Forced(left.iter().map(|lit| -lit).collect()),
                    (true, 0, 1) | (false, 1, 1) => Simplified::Forced(left),
                    (false, 0, 1) => Simplified::Forced(left.iter().map(|lit| -lit).collect()),
                    (false, 1, _) => Simplified::Open(Open::Any(left.into())),
                    (_, _, n) if n == lits.len() => Simplified::Open(open.clone()),
                    _ => Simplified::Open(Open::One(left.into(), *exactly)),
                }
            }
        }
    }

    /// Looks for a value of what is assumed that satisfies the open alternatives.
    fn split(&mut self, assumed: &mut Assumed, mut open: Vec<Open>) -> Result<Found, Stop> {
        loop {
            let mut forced: Vec<Lit> = Vec::new();
            let mut next = Vec::with_capacity(open.len());
            for one in &open {
                match self.simplify(assumed, one) {
                    Simplified::Satisfied => {}
                    Simplified::Impossible => return Ok(Found::nothing()),
                    Simplified::Forced(lits) => forced.extend(lits),
                    Simplified::Open(one) => next.push(one),
                }
            }
            let looked_at: usize = open.iter().map(|one| 2 + size(one)).sum();
            self.loader.meter.tick(looked_at as u64 / 16)?;
            open = next;
            if forced.is_empty() {
                break;
            }
            if !self.assume(assumed, forced, &mut open)? {
                return Ok(Found::nothing());
            }
        }
        self.loader
            .meter
            .tick(1 + assumed.trail.len() as u64 / 16)?;
        let relaxed = self.of_type(assumed)?;
        let mut unsatisfied: Option<(bool, usize, usize)> = None;
        match &relaxed {
            Found::None(_) => return Ok(relaxed),
            Found::Value { value, .. } => {
                for (i, one) in open.iter().enumerate() {
                    let satisfied = self.satisfied(one, value)?;
                    if satisfied == Some(true) {
                        continue;
                    }
                    // Alternatives that are surely not satisfied first, then those with fewest ways out.
                    let key = (satisfied.is_none(), size(one), i);
                    if unsatisfied.is_none_or(|least| key < least) {
                        unsatisfied = Some(key);
                    }
                }
            }
            Found::Unknown => {
                unsatisfied = (open.iter().enumerate())
                    .map(|(i, one)| (true, size(one), i))
                    .min();
            }
        }
        let Some((_, _, at)) = unsatisfied else {
            return Ok(relaxed);
        };
        let chosen = open.swap_remove(at);
        let mut attempts = Attempts::default();
        let mut inexact = None;
        let members = self.members_of(assumed, &chosen);
        for at in 0..ways(&chosen) {
            if inexact.is_some() && !self.is_patient() {
                break;
            }
            if let Some(found) = self.fails_alone(&members, &chosen, at)? {
                attempts.note(&found);
                continue;
            }
            let way = self.way(&chosen, at);
            self.loader.meter.tick(way.len() as u64 / 32)?;
            let (mark, scalar) = (assumed.trail.len(), assumed.scalar);
            let mut further = open.clone();
            if let Open::One(..) = chosen {
                further.push(chosen.clone());
            }
            if self.assume(assumed, way, &mut further)? {
                let found = grown(|| self.split(assumed, further))?;
                attempts.note(&found);
                match found {
                    Found::Value { exact: true, .. } => return Ok(found),
                    Found::Value { .. } => inexact = inexact.or(Some(found)),
                    _ => {}
                }
            }
            assumed.undo(mark, scalar);
        }
        Ok(inexact.unwrap_or_else(|| attempts.failed()))
    }

    /// One of the ways to satisfy alternatives: literals to assume. Each rules out those before it.
    fn way(&self, open: &Open, at: usize) -> Vec<Lit> {
        let (Open::Any(lits) | Open::One(lits, _)) = open;
        let Some(&lit) = lits.get(at) else {
            return lits.iter().map(|lit| -lit).collect();
        };
        // Of two different values each rules out the other already.
        let is_scalar = self.is_scalar(lit);
        let mut way: Vec<Lit> = (lits.iter().take(at))
            .filter(|&&earlier| !(is_scalar && self.is_scalar(earlier)))
            .map(|earlier| -earlier)
            .collect();
        way.push(lit);
        way
    }

    /// What is assumed of members, by name, where many alternatives are about single members.
    fn members_of(&self, assumed: &Assumed, open: &Open) -> Map<Sym, Vec<Lit>> {
        let mut members: Map<Sym, Vec<Lit>> = Map::default();
        let (Open::Any(lits) | Open::One(lits, _)) = open;
        if assumed.kind == OBJECT && lits.len() >= 4 {
            for &lit in &assumed.trail {
                if let (Atom::Member(name, inner), true) = (self.loader.algebra.get(lit), lit > 0) {
                    members.entry(*name).or_default().push(*inner);
                }
            }
        }
        members
    }

    /// Whether an alternative fails because of the one member that it is about, whatever else is assumed.
    fn fails_alone(
        &mut self,
        members: &Map<Sym, Vec<Lit>>,
        open: &Open,
        at: usize,
    ) -> Result<Option<Found>, Stop> {
        let (Open::Any(lits) | Open::One(lits, _)) = open;
        let Some(&lit) = lits.get(at).filter(|&&lit| lit < 0) else {
            return Ok(None);
        };
        let Atom::Member(name, inner) = *self.loader.algebra.get(lit) else {
            return Ok(None);
        };
        let Some(known) = members.get(&name) else {
            return Ok(None);
        };
        let found = self.satisfy(known.iter().copied().chain([-inner]))?;
        Ok(matches!(found, Found::None(_)).then_some(found))
    }

    fn is_scalar(&self, lit: Lit) -> bool {
        lit > 0 && matches!(self.loader.algebra.get(lit), Atom::Scalar(_))
    }

    /// Whether a value satisfies open alternatives.
    fn satisfied(&mut self, open: &Open, value: &Val) -> Result<Option<bool>, Stop> {
        match open {
            Open::Any(lits) => {
                let mut all = Some(false);
                for &lit in lits.iter() {
                    match self.holds(lit, value)? {
                        Some(true) => return Ok(Some(true)),
                        Some(false) => {}
                        None => all = None,
                    }
                }
                Ok(all)
            }
            Open::One(lits, exactly) => {
                let one = self.exactly_one(lits, value, None)?;
                Ok(one.map(|one| one == *exactly))
            }
        }
    }

    /// Looks for a value of the assumed type and literals, the open alternatives left out.
    fn of_type(&mut self, assumed: &Assumed) -> Result<Found, Stop> {
        let mut atoms = Vec::with_capacity(assumed.trail.len());
        let mut leaves_out = false;
        for &lit in &assumed.trail {
            match self.loader.algebra.get(lit) {
                Atom::Opaque(symbol) => {
                    leaves_out = true;
                    let text = self.loader.algebra.text(*symbol);
                    let what = text.split('\u{0}').next().unwrap_or_default().to_owned();
                    self.meets_broken_text |= BROKEN.iter().any(|start| what.starts_with(start));
                    self.obstacle(&what, Some(lit));
                }
                Atom::Scalar(_) => atoms.push(lit),
                atom if atom.speaks_of().is_some() => atoms.push(lit),
                _ => {}
            }
        }
        let found = match assumed.kind {
            NULL => self.among(&atoms, &[Scalar::Null]),
            BOOLEAN => self.among(&atoms, &[Scalar::Bool(true), Scalar::Bool(false)]),
            NUMBER => self.number(&atoms)?,
            STRING => self.string(&atoms)?,
            ARRAY => self.array(&atoms)?,
            OBJECT => self.object(&atoms)?,
            _ => Found::nothing(),
        };
        Ok(match found {
            Found::Value { value, exact } => Found::Value {
                value,
                exact: exact && !leaves_out,
            },
            found => found,
        })
    }

    fn among(&self, atoms: &[Lit], values: &[Scalar]) -> Found {
        let fits = |value: &&Scalar| {
            atoms.iter().all(|&lit| match self.loader.algebra.get(lit) {
                Atom::Scalar(scalar) => (scalar == *value) == (lit > 0),
                _ => true,
            })
        };
        match values.iter().find(fits) {
            Some(Scalar::Bool(b)) => Found::exactly(Shape::Bool(*b)),
            Some(_) => Found::exactly(Shape::Null),
            None => Found::nothing(),
        }
    }
}

/// How many ways there are to satisfy alternatives.
fn ways(open: &Open) -> usize {
    match open {
        Open::Any(lits) | Open::One(lits, true) => lits.len(),
        Open::One(lits, false) => lits.len() + 1,
    }
}

fn size(open: &Open) -> usize {
    match open {
        Open::Any(lits) => lits.len(),
        Open::One(lits, _) => lits.len() + 1,
    }
}
