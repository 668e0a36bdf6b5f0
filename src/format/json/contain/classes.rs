//! Which schemas that are referred to say the same: references are numbered by class, so that what the reader and
//! the writer define alike cancels, recursive or not.
//!
//! Partition refinement over the texts. Annotations, definitions and names do not count. A class that is too fine
//! costs time only; one that is too coarse would be a false proof, so when the work is too much every schema is a
//! class of its own.

use super::fast::{Map, Set};
use super::load::{ASSERTIONS, Meter, Stop};
use super::sources::{Holds, SideIndex, Sources, Spot, holds};
use super::value::grown;
use crate::format::hash::HashMap;
use crate::format::json::write_comparable;
use crate::format::json_text::{Node, Value, print_string};

/// What was found out about references.
#[derive(Default)]
pub(super) struct Classes<'a> {
    /// The class of a schema that is referred to, by side and address.
    pub(super) of: Map<(SideIndex, usize), u32>,
    /// One schema of each class.
    pub(super) representatives: Vec<Spot<'a>>,
    /// Where dynamic references lead, by side and name of the anchor.
    pub(super) dynamic: HashMap<(SideIndex, Option<String>), Option<Spot<'a>>>,
}

/// How a schema refers to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Referral {
    Plain,
    /// `$dynamicRef`, `$recursiveRef`.
    Dynamic,
}

/// The references in a schema object that count in its dialect.
pub(super) fn referrals<'a>(
    sources: &Sources<'a>,
    spot: &Spot<'a>,
    members: &'a [(String, Node)],
) -> Vec<(Referral, &'a str)> {
    use crate::format::json::dialect::Dialect;
    let dialect = sources.dialect(spot);
    members
        .iter()
        .filter_map(|(name, value)| {
            let kind = match name.as_str() {
                "$ref" => Referral::Plain,
                "$dynamicRef" if dialect == Dialect::Draft2020 => Referral::Dynamic,
                "$recursiveRef" if dialect == Dialect::Draft2019 => Referral::Dynamic,
                _ => return None,
            };
            Some((kind, value.as_str()?))
        })
        .collect()
}

/// Where a reference leads, as far as that is known.
pub(super) enum Led<'a> {
    To(Spot<'a>),
    /// Nowhere that we know.
    Missing,
    /// To different places, depending on the way there.
    Depends,
}

impl<'a> Classes<'a> {
    /// Where a reference of a schema leads.
    pub(super) fn lead(
        &self,
        sources: &mut Sources<'a>,
        from: &Spot<'a>,
        kind: Referral,
        reference: &'a str,
    ) -> Led<'a> {
        let Some(first) = sources.follow(from, reference) else {
            return Led::Missing;
        };
        if kind == Referral::Plain {
            return Led::To(first);
        }
        let Some(name) = dynamic_name(sources, from, &first, reference) else {
            return Led::To(first);
        };
        match self.dynamic.get(&(sources.side(from), name)) {
            Some(Some(spot)) => Led::To(*spot),
            _ => Led::Depends,
        }
    }
}

/// The anchor's name (`None`: a recursive one), if the reference is one that may be led elsewhere.
fn dynamic_name<'a>(
    sources: &Sources<'a>,
    from: &Spot<'a>,
    first: &Spot<'a>,
    reference: &str,
) -> Option<Option<String>> {
    use crate::format::json::dialect::Dialect;
    if sources.dialect(from) == Dialect::Draft2019 {
        return sources.is_dynamic(first, None).then_some(None);
    }
    let fragment = reference.split_once('#')?.1;
    sources
        .is_dynamic(first, Some(fragment))
        .then(|| Some(fragment.to_owned()))
}

/// Looks at everything that can be reached from the roots.
pub(super) fn classify<'a>(
    sources: &mut Sources<'a>,
    roots: &[Spot<'a>],
    meter: &mut Meter,
) -> Result<Classes<'a>, Stop> {
    let mut walk = Walk::default();
    for root in roots {
        walk.todo.push(*root);
    }
    walk.run(sources, meter)?;
    let mut classes = Classes::default();
    let names: Vec<_> = walk.dynamic.iter().cloned().collect();
    for (side, name) in names {
        let target = sources.dynamic_target(side, name.as_deref(), &walk.edges);
        if let Some(target) = target {
            walk.target(sources, target);
        }
        classes.dynamic.insert((side, name), target);
    }
    walk.run(sources, meter)?;
    // References found only now may lead elsewhere than assumed.
    if walk.dynamic.len() > classes.dynamic.len() {
        classes.dynamic.values_mut().for_each(|led| *led = None);
    }
    let numbers = refine(sources, &walk, &classes, meter)?;
    let mut seen: Map<u32, u32> = Map::default();
    for (target, number) in walk.targets.iter().zip(numbers) {
        let class = *seen.entry(number).or_insert_with(|| {
            classes.representatives.push(*target);
            classes.representatives.len() as u32 - 1
        });
        classes
            .of
            .insert((sources.side(target), target.address()), class);
    }
    Ok(classes)
}

#[derive(Default)]
struct Walk<'a> {
    todo: Vec<Spot<'a>>,
    seen: Set<(SideIndex, usize)>,
    targets: Vec<Spot<'a>>,
    index: Map<(SideIndex, usize), u32>,
    edges: Map<u32, Set<u32>>,
    dynamic: std::collections::BTreeSet<(SideIndex, Option<String>)>,
}

impl<'a> Walk<'a> {
    fn target(&mut self, sources: &Sources<'a>, target: Spot<'a>) {
        let key = (sources.side(&target), target.address());
        if !self.index.contains_key(&key) {
            self.index.insert(key, self.targets.len() as u32);
            self.targets.push(target);
        }
        self.todo.push(target);
    }

    fn run(&mut self, sources: &mut Sources<'a>, meter: &mut Meter) -> Result<(), Stop> {
        while let Some(spot) = self.todo.pop() {
            let Value::Object(members) = &spot.value.value else {
                continue;
            };
            let side = sources.side(&spot);
            if !self.seen.insert((side, spot.address())) {
                continue;
            }
            meter.read(1 + members.len() as u64)?;
            let mut refers = false;
            for (kind, reference) in referrals(sources, &spot, members) {
                refers |= kind == Referral::Plain;
                let Some(first) = sources.follow(&spot, reference) else {
                    continue;
                };
                self.edges
                    .entry(spot.resource)
                    .or_default()
                    .insert(first.resource);
                self.target(sources, first);
                if kind == Referral::Dynamic
                    && let Some(name) = dynamic_name(sources, &spot, &first, reference)
                {
                    self.dynamic.insert((side, name));
                }
            }
            if refers && !sources.dialect(&spot).is_modern() {
                continue;
            }
            for (name, value) in members {
                match (holds(name), &value.value) {
                    _ if name == "definitions" || name == "$defs" => {}
                    (Holds::MapOfSchemas, Value::Object(inner)) => {
                        for (_, value) in inner {
                            self.child(sources, &spot, value);
                        }
                    }
                    (Holds::Schemas, Value::Array(items)) => {
                        for value in items {
                            self.child(sources, &spot, value);
                        }
                    }
                    (Holds::Schemas, Value::Object(_)) => self.child(sources, &spot, value),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn child(&mut self, sources: &Sources<'a>, parent: &Spot<'a>, value: &'a Node) {
        let spot = sources.inside(parent, value);
        if spot.resource != parent.resource {
            self.edges
                .entry(parent.resource)
                .or_default()
                .insert(spot.resource);
        }
        self.todo.push(spot);
    }
}

/// Numbers of which equal ones mean equal schemas, one for each target.
fn refine<'a>(
    sources: &mut Sources<'a>,
    walk: &Walk<'a>,
    classes: &Classes<'a>,
    meter: &mut Meter,
) -> Result<Vec<u32>, Stop> {
    let mut shapes: HashMap<String, u32> = HashMap::default();
    let mut texts: Vec<(u32, Vec<u32>)> = Vec::with_capacity(walk.targets.len());
    for target in &walk.targets {
        let mut writer = Writer {
            sources,
            walk,
            classes,
            out: String::new(),
            holes: Vec::new(),
        };
        writer.schema(target, true);
        let (out, holes) = (writer.out, writer.holes);
        meter.read(1 + out.len() as u64 / 64)?;
        let count = shapes.len() as u32;
        texts.push((*shapes.entry(out).or_insert(count), holes));
    }
    let size: usize = texts.iter().map(|(_, holes)| holes.len() + 1).sum();
    let mut numbers: Vec<u32> = vec![0; texts.len()];
    let mut count = 1;
    for _ in 0..(4_000_000 / size.max(1)).max(2) {
        meter.read(size as u64 / 2)?;
        let mut next: Map<(u32, Vec<u32>), u32> = Map::default();
        let refined: Vec<u32> = texts
            .iter()
            .map(|(shape, holes)| {
                let inside = holes.iter().map(|&hole| numbers[hole as usize]).collect();
                let fresh = next.len() as u32;
                *next.entry((*shape, inside)).or_insert(fresh)
            })
            .collect();
        numbers = refined;
        if next.len() == count {
            return Ok(numbers);
        }
        count = next.len();
    }
    Ok((0..texts.len() as u32).collect())
}

/// Writes what counts of a schema, with holes where it refers to another.
struct Writer<'w, 'a> {
    sources: &'w mut Sources<'a>,
    walk: &'w Walk<'a>,
    classes: &'w Classes<'a>,
    out: String,
    holes: Vec<u32>,
}

impl<'a> Writer<'_, 'a> {
    fn hole(&mut self, target: &Spot<'a>) -> bool {
        let key = (self.sources.side(target), target.address());
        let Some(&index) = self.walk.index.get(&key) else {
            return false;
        };
        self.holes.push(index);
        self.out.push('@');
        true
    }

    fn schema(&mut self, spot: &Spot<'a>, is_top: bool) {
        if !is_top && self.hole(spot) {
            return;
        }
        let Value::Object(members) = &spot.value.value else {
            write_comparable(spot.value, &mut self.out);
            return;
        };
        let dialect = self.sources.dialect(spot);
        self.out.push('{');
        self.out.push(char::from(b'0' + dialect as u8));
        let mut refers = false;
        for (kind, reference) in referrals(self.sources, spot, members) {
            refers |= kind == Referral::Plain;
            self.out.push('>');
            match self.classes.lead(self.sources, spot, kind, reference) {
                Led::To(target) if self.hole(&target) => {}
                led => {
                    let missing = matches!(led, Led::Missing);
                    let full = self.sources.absolute(spot, reference);
                    // What leads nowhere on both sides by the same URI is the same unknown thing.
                    let whose = match self.sources.side(spot) {
                        _ if missing => 9,
                        side => side,
                    };
                    self.out.push_str(&format!("{missing}{whose}{full:?}"));
                }
            }
        }
        if refers && !dialect.is_modern() {
            self.out.push('}');
            return;
        }
        let mut sorted: Vec<_> = members.iter().collect();
        sorted.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in sorted {
            match holds(name) {
                _ if name == "definitions" || name == "$defs" => continue,
                Holds::NoSchema if !ASSERTIONS.contains(&name.as_str()) => continue,
                _ => {}
            }
            self.out.push_str(name);
            self.out.push(':');
            match (holds(name), &value.value) {
                (Holds::MapOfSchemas, Value::Object(inner)) => {
                    let mut sorted: Vec<_> = inner.iter().collect();
                    sorted.sort_by_key(|(name, _)| name.as_str());
                    for (name, value) in sorted {
                        print_string(name, &mut self.out);
                        self.out.push(':');
                        self.child(spot, value);
                    }
                }
                (Holds::Schemas, Value::Array(items)) => {
                    self.out.push('[');
                    for value in items {
                        self.child(spot, value);
                    }
                    self.out.push(']');
                }
                (Holds::Schemas, Value::Object(_)) => self.child(spot, value),
                _ => write_comparable(value, &mut self.out),
            }
            self.out.push(';');
        }
        self.out.push('}');
    }

    fn child(&mut self, parent: &Spot<'a>, value: &'a Node) {
        let spot = self.sources.inside(parent, value);
        grown(|| self.schema(&spot, false));
        self.out.push(',');
    }
}
