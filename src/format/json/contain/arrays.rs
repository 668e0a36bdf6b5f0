//! Arrays: demands on places, on all items from a place on, and items that must exist somewhere.
//!
//! Places beyond all that are named are alike, so the length of a smallest array is bounded: what is named, and one
//! place for every item that must exist.

use super::algebra::{Atom, Lit};
use super::load::Stop;
use super::tableau::{Attempts, Found, Solver};
use super::value::{Shape, Val, equal};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Longer arrays are not built.
const LONGEST: u64 = 10_000;
/// Longer arrays of different items are not built.
const LONGEST_UNIQUE: usize = 300;
/// More items that must exist are not placed.
const MOST_WANTED: u64 = 64;

/// So many upper bounds of `contains` are told apart.
const MOST_BOUNDS: usize = 4;
/// So many tallies of them.
const MOST_TALLIES: usize = 2_000;

/// How often each bounded literal is satisfied so far, with the last place's goal and the tally before it.
type Tallies = BTreeMap<Vec<u64>, (Vec<Lit>, Vec<u64>)>;

/// An item that must exist.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    /// Not before this place.
    from: usize,
    lit: Lit,
    /// Those of one group are at different places.
    group: Option<usize>,
}

/// What is demanded of an array.
#[derive(Default)]
struct Demands {
    least: u64,
    most: Option<u64>,
    /// So many places are named.
    named: usize,
    at: BTreeMap<usize, Vec<Lit>>,
    from: Vec<(usize, Lit)>,
    contains: BTreeMap<Lit, u64>,
    at_most: Vec<(Lit, u64)>,
    wanted: Vec<Wanted>,
    unique: bool,
    repeats: bool,
    /// An atom to blame.
    blamed: Option<Lit>,
}

impl Demands {
    fn at_least(&mut self, n: u64) {
        self.least = self.least.max(n);
    }

    fn no_more_than(&mut self, n: u64) {
        self.most = Some(self.most.map_or(n, |most| most.min(n)));
    }

    /// What is demanded of the item at a place.
    fn of_place(&self, place: usize) -> Vec<Lit> {
        let mut lits: Vec<Lit> = (self.from.iter())
            .filter(|(from, _)| place >= *from)
            .map(|(_, lit)| *lit)
            .collect();
        lits.extend(self.at.get(&place).into_iter().flatten());
        sorted(lits)
    }
}

fn sorted(mut lits: Vec<Lit>) -> Vec<Lit> {
    lits.sort_unstable();
    lits.dedup();
    lits
}

fn with(lits: &[Lit], lit: Lit) -> Vec<Lit> {
    let mut all = lits.to_vec();
    all.push(lit);
    sorted(all)
}

impl Solver<'_> {
    /// An array of which these atoms are true.
    pub(super) fn array(&mut self, atoms: &[Lit]) -> Result<Found, Stop> {
        let mut d = self.array_demands(atoms);
        if d.unique && d.repeats || d.most.is_some_and(|most| most < d.least) {
            return Ok(Found::nothing());
        }
        for (group, (&lit, &n)) in d.contains.iter().enumerate() {
            if n > MOST_WANTED || d.most.is_some_and(|most| n > most) {
                if d.most.is_some_and(|most| n > most) {
                    return Ok(Found::nothing());
                }
                self.obstacle("contains with a large count", d.blamed);
                return Ok(Found::Unknown);
            }
            for _ in 0..n {
                d.wanted.push(Wanted {
                    from: 0,
                    lit,
                    group: Some(group),
                });
            }
        }
        if d.least > LONGEST {
            self.obstacle("arrays with very many items", d.blamed);
            return Ok(Found::Unknown);
        }
        let least = d.least as usize;
        let extra = d.wanted.len() + if d.repeats { 2 } else { 0 };
        let mut longest = least.max(d.named) + extra;
        if let Some(most) = d.most {
            longest = longest.min(usize::try_from(most).unwrap_or(usize::MAX));
        }
        if extra == 0 {
            // More items would only mean more demands.
            longest = least;
        }
        let mut attempts = Attempts::default();
        let mut places: Vec<Vec<Lit>> = Vec::with_capacity(longest);
        for place in 0..longest {
            let lits = match places.last() {
                Some(last) if place > d.named => last.clone(),
                _ => d.of_place(place),
            };
            if place <= d.named {
                let found = self.satisfy(lits.iter().copied())?;
                attempts.note(&found);
                if let Found::None(_) = found {
                    longest = place;
                    break;
                }
            }
            places.push(lits);
        }
        if longest < least {
            return Ok(attempts.failed());
        }
        if !d.unique && d.at_most.is_empty() && longest > least {
            // What no array of the greatest length is, no shorter one is.
            let found = self.place_wanted(&d, &places)?;
            if let Found::None(_) = found {
                attempts.note(&found);
                return Ok(attempts.failed());
            }
        }
        for length in least..=longest {
            let places = places.get(..length).unwrap_or_default();
            let found = self.place_wanted(&d, places)?;
            if let Found::Value { .. } = found {
                return Ok(found);
            }
            attempts.note(&found);
        }
        Ok(attempts.failed())
    }

    fn array_demands(&self, atoms: &[Lit]) -> Demands {
        let mut d = Demands::default();
        for &lit in atoms {
            let positive = lit > 0;
            match *self.loader.algebra.get(lit) {
                Atom::MinItems(n) if positive => d.at_least(n),
                Atom::MinItems(n) => d.no_more_than(n.saturating_sub(1)),
                Atom::MaxItems(n) if positive => d.no_more_than(n),
                Atom::MaxItems(n) => d.at_least(n + 1),
                Atom::At(i, inner) => {
                    let i = i as usize;
                    d.named = d.named.max(i + 1);
                    let lits = d.at.entry(i).or_default();
                    if positive {
                        lits.push(inner);
                    } else {
                        lits.push(-inner);
                        d.at_least(i as u64 + 1);
                    }
                }
                Atom::From(i, inner) => {
                    let i = i as usize;
                    d.named = d.named.max(i);
                    if positive {
                        d.from.push((i, inner));
                    } else {
                        d.wanted.push(Wanted {
                            from: i,
                            lit: -inner,
                            group: None,
                        });
                    }
                }
                Atom::Contains(inner, n) => {
                    d.blamed = Some(lit);
                    if positive {
                        let most = d.contains.entry(inner).or_default();
                        *most = n.max(*most);
                    } else if n == 1 {
                        d.from.push((0, -inner));
                    } else {
                        d.at_most.push((inner, n.saturating_sub(1)));
                    }
                }
                Atom::Unique => {
                    d.blamed = Some(lit);
                    if positive {
                        d.unique = true;
                    } else {
                        d.repeats = true;
                        d.at_least(2);
                    }
                }
                _ => {}
            }
            d.blamed = d.blamed.or(Some(lit));
        }
        d
    }

    /// An array with these places, the items that must exist put somewhere.
    fn place_wanted(&mut self, d: &Demands, places: &[Vec<Lit>]) -> Result<Found, Stop> {
        let mut attempts = Attempts::default();
        let mut places = places.to_vec();
        let mut taken = Vec::new();
        let found = self.place_next(d, &d.wanted, &mut places, &mut taken, &mut attempts)?;
        Ok(found.unwrap_or_else(|| attempts.failed()))
    }

    fn place_next(
        &mut self,
        d: &Demands,
        wanted: &[Wanted],
        places: &mut Vec<Vec<Lit>>,
        taken: &mut Vec<(usize, usize)>,
        attempts: &mut Attempts,
    ) -> Result<Option<Found>, Stop> {
        self.loader.meter.tick(1)?;
        let Some((next, rest)) = wanted.split_first() else {
            let found = self.limit_contains(d, places)?;
            attempts.note(&found);
            return Ok(matches!(found, Found::Value { .. }).then_some(found));
        };
        // Items of one group are alike: their places descend.
        let below = next.group.and_then(|group| {
            let last = taken.iter().rev().find(|(other, _)| *other == group);
            last.map(|(_, place)| *place)
        });
        let mut tried: Vec<Vec<Lit>> = Vec::new();
        for place in (next.from..below.unwrap_or(places.len())).rev() {
            let Some(before) = places.get(place).cloned() else {
                continue;
            };
            let after = with(&before, next.lit);
            // Places of which the same is demanded are alike, as long as none is named or singled out by a group.
            if place >= d.named && taken.iter().all(|(_, p)| *p != place) {
                if tried.contains(&after) {
                    continue;
                }
                tried.push(after.clone());
            }
            let found = self.satisfy(after.iter().copied())?;
            if let Found::None(_) = found {
                attempts.note(&found);
                continue;
            }
            if let Some(slot) = places.get_mut(place) {
                *slot = after;
            }
            if let Some(group) = next.group {
                taken.push((group, place));
            }
            let found = self.place_next(d, rest, places, taken, attempts)?;
            if next.group.is_some() {
                taken.pop();
            }
            if let Some(slot) = places.get_mut(place) {
                *slot = before;
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Keeps to the upper bounds of `contains`: place by place, how often each is satisfied so far.
    fn limit_contains(&mut self, d: &Demands, places: &[Vec<Lit>]) -> Result<Found, Stop> {
        if d.at_most.is_empty() {
            return self.fill(d, places);
        }
        if d.at_most.len() > MOST_BOUNDS {
            self.obstacle("many upper bounds of contains", d.blamed);
            return Ok(Found::Unknown);
        }
        let mut attempts = Attempts::default();
        // From each tally so far, with the choice that led to it and the tally before.
        let mut tallies: Vec<Tallies> = Vec::new();
        let mut last: Vec<Vec<u64>> = vec![vec![0; d.at_most.len()]];
        let mut ways: BTreeMap<&[Lit], Vec<(Vec<Lit>, usize)>> = BTreeMap::new();
        for place in places {
            if !ways.contains_key(place.as_slice()) {
                let own = self.ways_of_place(d, place, &mut attempts)?;
                ways.insert(place, own);
            }
            let own = ways.get(place.as_slice()).map_or(&[][..], Vec::as_slice);
            let mut next = Tallies::new();
            for tally in &last {
                for (goal, signs) in own {
                    let mut after = tally.clone();
                    for (i, count) in after.iter_mut().enumerate() {
                        *count += (signs >> i & 1) as u64;
                    }
                    let fits = after.iter().zip(&d.at_most).all(|(n, (_, most))| n <= most);
                    if fits {
                        next.entry(after)
                            .or_insert_with(|| (goal.clone(), tally.clone()));
                    }
                }
            }
            self.loader.meter.tick(1 + next.len() as u64 / 4)?;
            if next.is_empty() {
                return Ok(attempts.failed());
            }
            if next.len() > MOST_TALLIES {
                self.obstacle("large upper bounds of contains", d.blamed);
                return Ok(Found::Unknown);
            }
            last = next.keys().cloned().collect();
            tallies.push(next);
        }
        let mut chosen: Vec<Vec<Lit>> = Vec::with_capacity(places.len());
        let mut at = last.into_iter().next().unwrap_or_default();
        for tally in tallies.iter().rev() {
            if let Some((goal, before)) = tally.get(&at) {
                chosen.push(goal.clone());
                at = before.clone();
            }
        }
        chosen.reverse();
        let found = self.fill(d, &chosen)?;
        if let Found::Value { .. } = found {
            return Ok(found);
        }
        attempts.note(&found);
        if d.unique || d.repeats {
            // Another choice may have left different items, or equal ones.
            self.obstacle("maxContains with uniqueItems", d.blamed);
            attempts.unknown();
        }
        Ok(attempts.failed())
    }

    /// The ways in which the item of a place can satisfy some of the bounded literals: its goal, and which.
    fn ways_of_place(
        &mut self,
        d: &Demands,
        place: &[Lit],
        attempts: &mut Attempts,
    ) -> Result<Vec<(Vec<Lit>, usize)>, Stop> {
        let mut ways = Vec::new();
        for signs in 0..1usize << d.at_most.len() {
            let mut goal = place.to_vec();
            for (i, (lit, _)) in d.at_most.iter().enumerate() {
                goal.push(if signs >> i & 1 == 1 { *lit } else { -lit });
            }
            let goal = sorted(goal);
            let found = self.satisfy(goal.iter().copied())?;
            if let Found::None(_) = found {
                attempts.note(&found);
            } else {
                ways.push((goal, signs));
            }
        }
        Ok(ways)
    }

    fn fill(&mut self, d: &Demands, places: &[Vec<Lit>]) -> Result<Found, Stop> {
        if d.repeats {
            return self.fill_repeating(places);
        }
        if d.unique && places.len() > 1 {
            return self.fill_unique(d, places);
        }
        let mut items = Vec::with_capacity(places.len());
        let mut exact = true;
        for place in places {
            match self.satisfy(place.iter().copied())? {
                Found::Value { value, exact: e } => {
                    exact &= e;
                    items.push(value);
                }
                other => return Ok(other),
            }
        }
        Ok(array_of(items, exact))
    }

    /// Items of which two are equal.
    fn fill_repeating(&mut self, places: &[Vec<Lit>]) -> Result<Found, Stop> {
        let mut attempts = Attempts::default();
        let mut tried: Vec<Vec<Lit>> = Vec::new();
        for (j, b) in places.iter().enumerate() {
            for (i, a) in places.iter().enumerate().take(j) {
                let both = sorted(a.iter().chain(b).copied().collect());
                if tried.contains(&both) {
                    continue;
                }
                let found = self.satisfy(both.iter().copied())?;
                attempts.note(&found);
                tried.push(both);
                let Found::Value { value, exact } = found else {
                    continue;
                };
                let mut items = Vec::with_capacity(places.len());
                let mut all_exact = exact;
                for (at, place) in places.iter().enumerate() {
                    if at == i || at == j {
                        items.push(Rc::clone(&value));
                        continue;
                    }
                    let found = self.satisfy(place.iter().copied())?;
                    attempts.note(&found);
                    let Found::Value { value, exact } = found else {
                        return Ok(attempts.failed());
                    };
                    all_exact &= exact;
                    items.push(value);
                }
                return Ok(array_of(items, all_exact));
            }
        }
        Ok(attempts.failed())
    }

    /// Items that are all different: as many values of each kind of place as there are places are enough, and
    /// then it is a matching of places with values.
    fn fill_unique(&mut self, d: &Demands, places: &[Vec<Lit>]) -> Result<Found, Stop> {
        if places.len() > LONGEST_UNIQUE {
            self.obstacle("uniqueItems with many items", d.blamed);
            return Ok(Found::Unknown);
        }
        let mut attempts = Attempts::default();
        let mut values: Vec<(Val, bool)> = Vec::new();
        let mut choices: BTreeMap<&[Lit], Vec<usize>> = BTreeMap::new();
        for place in places {
            if choices.contains_key(place.as_slice()) {
                continue;
            }
            let mut own: Vec<usize> = Vec::new();
            let mut goal = place.clone();
            while own.len() < places.len() {
                let found = self.satisfy(goal.iter().copied())?;
                let Found::Value { value, exact } = found else {
                    attempts.note(&found);
                    break;
                };
                goal.push(-self.loader.equality(&value));
                let known = values.iter().position(|(v, _)| equal(v, &value));
                own.push(known.unwrap_or(values.len()));
                if known.is_none() {
                    values.push((value, exact));
                }
            }
            choices.insert(place, own);
        }
        let mut place_of: Vec<Option<usize>> = vec![None; values.len()];
        let wishes: Vec<&[usize]> = places
            .iter()
            .map(|place| choices.get(place.as_slice()).map_or(&[][..], Vec::as_slice))
            .collect();
        for place in 0..places.len() {
            self.loader.meter.tick(1)?;
            let mut seen = vec![false; values.len()];
            if !matched(place, &wishes, &mut seen, &mut place_of) {
                return Ok(attempts.failed());
            }
        }
        let mut items: Vec<Option<Val>> = vec![None; places.len()];
        let mut exact = true;
        for ((value, e), place) in values.iter().zip(&place_of) {
            if let Some(slot) = place.and_then(|place| items.get_mut(place)) {
                *slot = Some(Rc::clone(value));
                exact &= e;
            }
        }
        Ok(array_of(items.into_iter().flatten().collect(), exact))
    }
}

/// Finds a value for a place, moving other places to other values where that helps.
fn matched(
    place: usize,
    wishes: &[&[usize]],
    seen: &mut [bool],
    place_of: &mut [Option<usize>],
) -> bool {
    for &value in wishes.get(place).copied().unwrap_or_default() {
        match seen.get_mut(value) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let holder = place_of.get(value).copied().flatten();
        if holder.is_none_or(|holder| matched(holder, wishes, seen, place_of)) {
            if let Some(slot) = place_of.get_mut(value) {
                *slot = Some(place);
            }
            return true;
        }
    }
    false
}

fn array_of(items: Vec<Val>, exact: bool) -> Found {
    match Found::exactly(Shape::Array(items)) {
        Found::Value { value, .. } => Found::Value { value, exact },
        other => other,
    }
}
