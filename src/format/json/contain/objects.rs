//! Objects: demands on members by name, by pattern and on all others, on the names themselves, and members that
//! must exist.
//!
//! Names fall into those that the demands mention, each on its own, and classes of all other names: the same
//! patterns match all names of a class, so the same is demanded of their values.

use super::algebra::{Atom, Lit, STRING, Scalar, Sym};
use super::load::Stop;
use super::strings::{TextDemands, Word};
use super::tableau::{Attempts, Found, Solver};
use super::value::{Shape, Val};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Names are told apart by patterns into no more classes than this.
const MOST_CLASSES: usize = 512;
/// Objects with more members are not built.
const MOST_MEMBERS: u64 = 2_000;

/// A member that must exist.
#[derive(Debug, Clone)]
enum Wanted {
    /// Its name matches the pattern.
    Matching(Sym, Lit),
    /// Its name is none of these and matches none of these patterns.
    Other(Rc<[Sym]>, Rc<[Sym]>, Lit),
    /// Something is true of its name.
    Named(Lit),
}

impl Wanted {
    /// What is wanted of the value.
    fn value(&self) -> Option<Lit> {
        match self {
            Wanted::Matching(_, lit) | Wanted::Other(_, _, lit) => Some(*lit),
            Wanted::Named(_) => None,
        }
    }
}

/// Names, patterns, and what is demanded of all other members.
type Others = (Rc<[Sym]>, Rc<[Sym]>, Lit);

/// What is demanded of an object.
#[derive(Default)]
struct Demands {
    least: u64,
    most: Option<u64>,
    members: BTreeMap<Sym, Vec<Lit>>,
    matching: Vec<(Sym, Lit)>,
    others: Vec<Others>,
    required: BTreeSet<Sym>,
    absent: BTreeSet<Sym>,
    /// Of all names.
    names: Vec<Lit>,
    wanted: Vec<Wanted>,
    /// The names that are mentioned.
    known: BTreeSet<Sym>,
    patterns: Vec<Sym>,
    /// Patterns that are not understood: what they demand is left out.
    strange: bool,
    blamed: Option<Lit>,
}

/// Names that the demands do not mention and that are matched by the same patterns.
#[derive(Debug, Clone)]
struct Class {
    signs: Vec<(Sym, bool)>,
    /// What is demanded of the values.
    values: Vec<Lit>,
}

/// A member with a name of a class.
#[derive(Debug, Clone)]
struct Fresh {
    class: usize,
    values: Vec<Lit>,
    names: Vec<Lit>,
}

/// Members chosen so far.
#[derive(Debug, Clone, Default)]
struct Chosen {
    required: BTreeSet<Sym>,
    extra: BTreeMap<Sym, Vec<Lit>>,
    fresh: Vec<Fresh>,
}

/// One search for an object.
struct Search {
    d: Demands,
    classes: Option<Rc<[Class]>>,
    attempts: Attempts,
    /// Whether classes were passed over that might have had names left.
    passed_over: bool,
}

impl Solver<'_> {
    /// An object of which these atoms are true.
    pub(super) fn object(&mut self, atoms: &[Lit]) -> Result<Found, Stop> {
        let d = self.object_demands(atoms);
        if d.required.iter().any(|name| d.absent.contains(name)) {
            return Ok(Found::nothing());
        }
        let least = d.least.max(d.required.len() as u64);
        if d.most.is_some_and(|most| most < least) {
            return Ok(Found::nothing());
        }
        if least > MOST_MEMBERS {
            self.obstacle("objects with very many members", d.blamed);
            return Ok(Found::Unknown);
        }
        for &name in &d.required {
            // The values are looked at first: that is where most objects fail.
            let goal = self.value_goal(&d, name);
            let found = self.satisfy(goal)?;
            if let Found::None(_) = found {
                return Ok(found);
            }
            let found = self.name_allowed(&d, name)?;
            if let Found::None(_) = found {
                return Ok(found);
            }
        }
        let chosen = Chosen {
            required: d.required.clone(),
            ..Chosen::default()
        };
        let wanted = d.wanted.clone();
        let mut search = Search {
            d,
            classes: None,
            attempts: Attempts::default(),
            passed_over: false,
        };
        let found = self.place_member(&mut search, &wanted, &chosen)?;
        let strange = search.d.strange;
        Ok(match found {
            Some(Found::Value { value, exact }) => Found::Value {
                value,
                exact: exact && !strange,
            },
            Some(other) => other,
            None => search.attempts.failed(),
        })
    }

    fn object_demands(&mut self, atoms: &[Lit]) -> Demands {
        let mut d = Demands::default();
        let mut patterns: BTreeSet<Sym> = BTreeSet::new();
        for &lit in atoms {
            let positive = lit > 0;
            d.blamed = d.blamed.or(Some(lit));
            match self.loader.algebra.get(lit) {
                Atom::MinMembers(n) if positive => d.least = d.least.max(*n),
                Atom::MinMembers(n) => {
                    let n = n.saturating_sub(1);
                    d.most = Some(d.most.map_or(n, |most| most.min(n)));
                }
                Atom::MaxMembers(n) if positive => {
                    d.most = Some(d.most.map_or(*n, |most| most.min(*n)));
                }
                Atom::MaxMembers(n) => d.least = d.least.max(n + 1),
                Atom::Required(name) => {
                    d.known.insert(*name);
                    if positive {
                        d.required.insert(*name);
                    } else {
                        d.absent.insert(*name);
                    }
                }
                Atom::Member(name, inner) => {
                    d.known.insert(*name);
                    let lits = d.members.entry(*name).or_default();
                    if positive {
                        lits.push(*inner);
                    } else {
                        lits.push(-inner);
                        d.required.insert(*name);
                    }
                }
                Atom::Matching(pattern, inner) => {
                    patterns.insert(*pattern);
                    if positive {
                        d.matching.push((*pattern, *inner));
                    } else {
                        d.wanted.push(Wanted::Matching(*pattern, -inner));
                    }
                }
                Atom::Others(names, not, inner) => {
                    d.known.extend(names.iter());
                    patterns.extend(not.iter());
                    let (names, not) = (Rc::clone(names), Rc::clone(not));
                    if positive {
                        d.others.push((names, not, *inner));
                    } else {
                        d.wanted.push(Wanted::Other(names, not, -inner));
                    }
                }
                Atom::Names(inner) => {
                    if positive {
                        d.names.push(*inner);
                    } else {
                        d.wanted.push(Wanted::Named(-inner));
                    }
                }
                _ => {}
            }
        }
        for pattern in patterns {
            if self.understands(pattern) {
                d.patterns.push(pattern);
            } else {
                d.strange = true;
                let what = self.why_strange(pattern);
                self.obstacle(&what, d.blamed);
            }
        }
        d
    }

    /// What is demanded of the value of a named member.
    fn value_goal(&mut self, d: &Demands, name: Sym) -> Vec<Lit> {
        let mut goal = d.members.get(&name).cloned().unwrap_or_default();
        for (pattern, lit) in &d.matching {
            if self.name_matches(*pattern, name) == Some(true) {
                goal.push(*lit);
            }
        }
        for (names, patterns, lit) in &d.others {
            if self.is_other(names, patterns, name) == Some(true) {
                goal.push(*lit);
            }
        }
        goal
    }

    /// Whether a member may have this name.
    fn name_allowed(&mut self, d: &Demands, name: Sym) -> Result<Found, Stop> {
        self.name_with(d, name, &[])
    }

    fn name_with(&mut self, d: &Demands, name: Sym, more: &[Lit]) -> Result<Found, Stop> {
        let is_it = self.loader.algebra.atom(Atom::Scalar(Scalar::String(name)));
        let goal: Vec<Lit> = (d.names.iter().chain(more).copied())
            .chain([is_it])
            .collect();
        self.satisfy(goal)
    }

    /// Whether a wanted member may have this name; `None` if that is not known.
    fn fits(&mut self, wanted: &Wanted, name: Sym) -> Option<bool> {
        match wanted {
            Wanted::Matching(pattern, _) => self.name_matches(*pattern, name),
            Wanted::Other(names, patterns, _) => self.is_other(names, patterns, name),
            Wanted::Named(_) => Some(true),
        }
    }

    /// Whether a wanted member may have a name of this class.
    fn fits_class(wanted: &Wanted, class: &Class) -> bool {
        let sign = |pattern: &Sym| {
            (class.signs.iter())
                .find(|(p, _)| p == pattern)
                .map(|(_, sign)| *sign)
        };
        match wanted {
            Wanted::Matching(pattern, _) => sign(pattern) != Some(false),
            Wanted::Other(_, patterns, _) => !patterns.iter().any(|p| sign(p) == Some(true)),
            Wanted::Named(_) => true,
        }
    }

    /// The classes of the names that are not mentioned.
    fn classes(&mut self, search: &mut Search) -> Result<Option<Rc<[Class]>>, Stop> {
        if let Some(classes) = &search.classes {
            return Ok(Some(Rc::clone(classes)));
        }
        let d = &search.d;
        let Some(signs) = self.told_apart(&d.patterns, MOST_CLASSES)? else {
            self.obstacle("many patterns of names at once", d.blamed);
            return Ok(None);
        };
        self.loader.meter.tick(signs.len() as u64 / 2)?;
        let classes: Rc<[Class]> = signs
            .iter()
            .map(|signs| {
                let has = |pattern: &Sym, wanted: bool| signs.contains(&(*pattern, wanted));
                let mut values: Vec<Lit> = (d.matching.iter())
                    .filter(|(pattern, _)| has(pattern, true))
                    .map(|(_, lit)| *lit)
                    .collect();
                values.extend(
                    (d.others.iter())
                        .filter(|(_, patterns, _)| patterns.iter().all(|p| has(p, false)))
                        .map(|(_, _, lit)| *lit),
                );
                Class {
                    signs: signs.clone(),
                    values,
                }
            })
            .collect();
        // Those with fewest demands first: what fails there fails with more.
        let mut classes: Vec<Class> = classes.to_vec();
        classes.sort_by_key(|class| class.values.len());
        let classes: Rc<[Class]> = classes.into();
        search.classes = Some(Rc::clone(&classes));
        Ok(Some(classes))
    }

    /// A name of a class that is not taken, of which these literals are true too.
    fn fresh_name(
        &mut self,
        search: &Search,
        class: &Class,
        more: &[Lit],
        taken: &[Sym],
    ) -> Result<Found, Stop> {
        let d = &search.d;
        if d.names.is_empty() && more.is_empty() {
            let mut demands = TextDemands {
                patterns: class.signs.clone(),
                ..TextDemands::default()
            };
            for &name in d.known.iter().chain(taken) {
                demands.excluded.insert(name);
            }
            return Ok(match self.word(&demands)? {
                Word::Text(text, exact) => match Found::exactly(Shape::String(text.into())) {
                    Found::Value { value, .. } => Found::Value { value, exact },
                    other => other,
                },
                Word::None => Found::nothing(),
                Word::Unknown => Found::Unknown,
            });
        }
        let mut goal: Vec<Lit> = d.names.iter().chain(more).copied().collect();
        let algebra = &mut self.loader.algebra;
        goal.push(algebra.types(STRING));
        for &(pattern, sign) in &class.signs {
            let lit = algebra.atom(Atom::Pattern(pattern));
            goal.push(if sign { lit } else { -lit });
        }
        for &name in d.known.iter().chain(taken) {
            goal.push(-algebra.atom(Atom::Scalar(Scalar::String(name))));
        }
        self.satisfy(goal)
    }

    /// Finds places for the wanted members, one after the other, and then builds the object.
    fn place_member(
        &mut self,
        search: &mut Search,
        wanted: &[Wanted],
        chosen: &Chosen,
    ) -> Result<Option<Found>, Stop> {
        self.loader.meter.tick(1)?;
        let members = (chosen.required.len() + chosen.fresh.len()) as u64;
        if search.d.most.is_some_and(|most| members > most) {
            return Ok(None);
        }
        let Some((next, rest)) = wanted.split_first() else {
            return self.build(search, chosen);
        };
        let value = next.value();
        if let Some(value) = value {
            for &name in &chosen.required {
                if self.fits(next, name) != Some(true) {
                    continue;
                }
                let has = chosen
                    .extra
                    .get(&name)
                    .is_some_and(|lits| lits.contains(&value));
                if value == super::algebra::TRUE
                    || has
                    || self.value_goal(&search.d, name).contains(&value)
                {
                    // It exists already, whatever else is chosen.
                    return self.place_member(search, rest, chosen);
                }
            }
        }
        let mut names: Vec<Sym> = search.d.known.iter().copied().collect();
        names.sort_by_key(|name| !chosen.required.contains(name));
        for name in names {
            if search.d.absent.contains(&name) || self.fits(next, name) == Some(false) {
                continue;
            }
            let mut further = chosen.clone();
            further.required.insert(name);
            let found = match next {
                Wanted::Named(lit) => self.name_with(&search.d, name, &[*lit])?,
                _ => {
                    let allowed = self.name_allowed(&search.d, name)?;
                    if let Found::None(_) = allowed {
                        allowed
                    } else {
                        let extra = further.extra.entry(name).or_default();
                        extra.extend(value);
                        let extra = extra.clone();
                        let mut goal = self.value_goal(&search.d, name);
                        goal.extend(extra);
                        self.satisfy(goal)?
                    }
                }
            };
            search.attempts.note(&found);
            if let Found::None(_) = found {
                continue;
            }
            let found = self.place_member(search, rest, &further)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        let Some(classes) = self.classes(search)? else {
            search.attempts.unknown();
            return Ok(None);
        };
        for (i, fresh) in chosen.fresh.iter().enumerate() {
            let fits = classes
                .get(fresh.class)
                .is_some_and(|class| Self::fits_class(next, class));
            if !fits {
                continue;
            }
            let mut fresh = fresh.clone();
            match next {
                Wanted::Named(lit) => fresh.names.push(*lit),
                _ => fresh.values.extend(value),
            }
            let found = self.satisfy(fresh.values.iter().copied())?;
            search.attempts.note(&found);
            if let Found::None(_) = found {
                continue;
            }
            let mut further = chosen.clone();
            if let Some(slot) = further.fresh.get_mut(i) {
                *slot = fresh;
            }
            let found = self.place_member(search, rest, &further)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        // Of classes that fit, one with more demands on the values is no better than one with fewer, as long as
        // nothing is demanded of the names.
        let free_names = search.d.names.is_empty() && value.is_some();
        let mut tried: Vec<BTreeSet<Lit>> = Vec::new();
        for (i, class) in classes.iter().enumerate() {
            if !Self::fits_class(next, class) {
                continue;
            }
            let mut fresh = Fresh {
                class: i,
                values: class.values.clone(),
                names: Vec::new(),
            };
            match next {
                Wanted::Named(lit) => fresh.names.push(*lit),
                _ => fresh.values.extend(value),
            }
            let values: BTreeSet<Lit> = fresh.values.iter().copied().collect();
            self.loader.meter.tick(1 + tried.len() as u64 / 16)?;
            if tried.iter().any(|fewer| fewer.is_subset(&values)) {
                search.passed_over = true;
                continue;
            }
            let found = self.satisfy(fresh.values.iter().copied())?;
            search.attempts.note(&found);
            if let Found::None(_) = found {
                tried.push(values);
                continue;
            }
            let found = self.fresh_name(search, class, &fresh.names, &[])?;
            search.attempts.note(&found);
            if let Found::None(_) = found {
                continue;
            }
            if free_names {
                tried.push(values);
            }
            let mut further = chosen.clone();
            further.fresh.push(fresh);
            let found = self.place_member(search, rest, &further)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The object with the chosen members, and as many more as are demanded.
    fn build(&mut self, search: &mut Search, chosen: &Chosen) -> Result<Option<Found>, Stop> {
        let mut members: BTreeMap<Sym, Val> = BTreeMap::new();
        let mut all_exact = true;
        for &name in &chosen.required {
            let mut goal = self.value_goal(&search.d, name);
            goal.extend(chosen.extra.get(&name).into_iter().flatten());
            let found = self.satisfy(goal)?;
            search.attempts.note(&found);
            let Found::Value { value, exact } = found else {
                return Ok(None);
            };
            all_exact &= exact;
            let allowed = self.name_allowed(&search.d, name)?;
            search.attempts.note(&allowed);
            let Found::Value { exact, .. } = allowed else {
                return Ok(None);
            };
            all_exact &= exact;
            members.insert(name, value);
        }
        // Those with demands on their names choose first.
        let mut fresh: Vec<&Fresh> = chosen.fresh.iter().collect();
        fresh.sort_by_key(|f| std::cmp::Reverse(f.names.len()));
        let mut taken: Vec<Sym> = Vec::new();
        for one in &fresh {
            let Some(class) = self
                .classes(search)?
                .and_then(|classes| classes.get(one.class).cloned())
            else {
                search.attempts.unknown();
                return Ok(None);
            };
            let name = self.fresh_name(search, &class, &one.names, &taken)?;
            search.attempts.note(&name);
            let Found::Value { value, exact } = name else {
                // Another choice of the names before it, or of the classes, may have left one.
                let named = fresh.iter().filter(|f| !f.names.is_empty()).count();
                if !taken.is_empty() && (named > 0 || search.passed_over) {
                    search.attempts.unknown();
                    self.obstacle("several names of a small set", search.d.blamed);
                }
                return Ok(None);
            };
            all_exact &= exact;
            let name = self.symbol_of(&value);
            taken.push(name);
            let found = self.satisfy(one.values.iter().copied())?;
            search.attempts.note(&found);
            let Found::Value { value, exact } = found else {
                return Ok(None);
            };
            all_exact &= exact;
            members.insert(name, value);
        }
        if !self.add_members(search, &mut members, &mut taken, &mut all_exact)? {
            return Ok(None);
        }
        if search
            .d
            .most
            .is_some_and(|most| members.len() as u64 > most)
        {
            return Ok(None);
        }
        let found = Found::exactly(Shape::Object(members.into_iter().collect()));
        Ok(Some(match found {
            Found::Value { value, .. } => Found::Value {
                value,
                exact: all_exact,
            },
            other => other,
        }))
    }

    /// Adds members until there are enough; whether there are.
    fn add_members(
        &mut self,
        search: &mut Search,
        members: &mut BTreeMap<Sym, Val>,
        taken: &mut Vec<Sym>,
        all_exact: &mut bool,
    ) -> Result<bool, Stop> {
        let least = search.d.least as usize;
        if members.len() >= least {
            return Ok(true);
        }
        for name in search.d.known.clone() {
            if members.len() >= least {
                return Ok(true);
            }
            if members.contains_key(&name) || search.d.absent.contains(&name) {
                continue;
            }
            let allowed = self.name_allowed(&search.d, name)?;
            search.attempts.note(&allowed);
            let goal = self.value_goal(&search.d, name);
            let found = self.satisfy(goal)?;
            search.attempts.note(&found);
            if let (Found::Value { exact: e, .. }, Found::Value { value, exact }) = (allowed, found)
            {
                *all_exact &= e && exact;
                members.insert(name, value);
            }
        }
        if members.len() >= least {
            return Ok(true);
        }
        let Some(classes) = self.classes(search)? else {
            search.attempts.unknown();
            return Ok(false);
        };
        for class in classes.iter() {
            let found = self.satisfy(class.values.iter().copied())?;
            search.attempts.note(&found);
            let Found::Value { value, exact } = found else {
                continue;
            };
            while members.len() < least {
                self.loader.meter.tick(1)?;
                let name = self.fresh_name(search, class, &[], taken)?;
                search.attempts.note(&name);
                let Found::Value {
                    value: name,
                    exact: e,
                } = name
                else {
                    break;
                };
                *all_exact &= e && exact;
                let name = self.symbol_of(&name);
                taken.push(name);
                members.insert(name, Rc::clone(&value));
            }
            if members.len() >= least {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn symbol_of(&mut self, name: &Val) -> Sym {
        match &name.shape {
            Shape::String(text) => self.loader.algebra.symbol(text),
            _ => self.loader.algebra.symbol(""),
        }
    }
}
