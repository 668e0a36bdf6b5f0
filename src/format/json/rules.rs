//! The rules: what differs between two schemas, one function per kind of schema.

use super::compare::{Pair, Place, Segment, Sink, Step, Stop};
use super::kinds::{self, Bound, RestRules, Rule};
use super::matching::combined;
use super::model::{
    ArrayRules, Criterion, Id, Kind, Named, Node, NumberRules, ObjectRules, Rest, StringRules,
};
use crate::format::hash::HashSet;
use crate::format::json_text::Number;
use std::cmp::Ordering;

/// Runs the rules on a pair.
pub fn pair_rules<'m, S: Sink<'m>>(sink: &mut S, pair: Pair) -> Step {
    let original = sink.compare().node(pair.original);
    let update = sink.compare().node(pair.update);
    if plain_and_combined(sink, pair, original, update)? {
        return Ok(());
    }
    if !is_same_kind(&original.kind, &update.kind) {
        let is_harmless = matches!(original.kind, Kind::Never)
            || matches!(update.kind, Kind::Any)
            || (original.is_connect_bytes && update.is_connect_bytes);
        if is_harmless {
            return Ok(());
        }
        return sink.found(&kinds::TYPE_CHANGED, Segment::Here);
    }
    annotations(sink, original, update)?;
    match (&original.kind, &update.kind) {
        (Kind::String(o), Kind::String(u)) => string(sink, o, u),
        (Kind::Number(o), Kind::Number(u)) => number(sink, o, u),
        (Kind::Object(o), Kind::Object(u)) => object(sink, pair, o, u),
        (Kind::Array(o), Kind::Array(u)) => array(sink, pair, o, u),
        (Kind::Enum(o), Kind::Enum(u)) => enumeration(sink, o, u),
        (Kind::Const(o), Kind::Const(u)) if o != u => {
            sink.found(&kinds::ENUM_ARRAY_CHANGED, Segment::Word("const"))
        }
        (Kind::Not(o), Kind::Not(u)) => negation(sink, pair, *o, *u),
        (Kind::Combined(o), Kind::Combined(u)) => combined(sink, pair, o, u),
        _ => Ok(()),
    }
}

/// Unions of one are transparent; a plain schema fits into a union with a branch for it, and into what one part
/// of a product already guarantees. Whether that settled the pair.
fn plain_and_combined<'m, S: Sink<'m>>(
    sink: &mut S,
    pair: Pair,
    original: &Node,
    update: &Node,
) -> Result<bool, Stop> {
    let (combined, extra, is_update) = match (&original.kind, &update.kind) {
        (Kind::Combined(_), Kind::Combined(_)) => return Ok(false),
        (_, Kind::Combined(u)) if u.written == 1 => (u, None, true),
        (_, Kind::Combined(u)) if u.criterion != Criterion::All => {
            (u, Some(&kinds::SUM_TYPE_EXTENDED), true)
        }
        (Kind::Combined(o), _) if o.written == 1 => (o, None, false),
        (Kind::Combined(o), _) if o.criterion == Criterion::All => {
            (o, Some(&kinds::PRODUCT_TYPE_NARROWED), false)
        }
        _ => return Ok(false),
    };
    for part in &combined.parts {
        let inner = if is_update {
            Pair {
                update: pair.update.other(part.id),
                ..pair
            }
        } else {
            Pair {
                original: pair.original.other(part.id),
                ..pair
            }
        };
        if sink.compatible(inner)? {
            sink.child(Segment::Here, inner)?;
            if let Some(rule) = extra {
                sink.found(rule, Segment::Here)?;
            }
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_same_kind(original: &Kind, update: &Kind) -> bool {
    match (original, update) {
        (Kind::Elsewhere(o), Kind::Elsewhere(u)) => o == u,
        _ => std::mem::discriminant(original) == std::mem::discriminant(update),
    }
}

fn annotations<'m, S: Sink<'m>>(sink: &mut S, original: &Node, update: &Node) -> Step {
    if sink.only_decides() {
        // None of them counts.
        return Ok(());
    }
    for text in [&original.description, &original.default] {
        sink.compare()
            .spend(text.as_ref().map_or(0, String::len) / 64)?;
    }
    for (is_changed, rule) in [
        (original.id != update.id, kinds::ID_CHANGED),
        (original.title != update.title, kinds::TITLE_CHANGED),
        (
            original.description != update.description,
            kinds::DESCRIPTION_CHANGED,
        ),
        (original.default != update.default, kinds::DEFAULT_CHANGED),
    ] {
        if is_changed {
            sink.found(&rule, Segment::Here)?;
        }
    }
    Ok(())
}

fn bound<'m, S: Sink<'m>>(
    sink: &mut S,
    rules: &Bound,
    original: &Option<Number>,
    update: &Option<Number>,
) -> Step {
    let rule = match (original, update) {
        (None, None) => return Ok(()),
        (None, Some(_)) => &rules.added,
        (Some(_), None) => &rules.removed,
        (Some(o), Some(u)) => match o.compare(u) {
            Ordering::Less => &rules.increased,
            Ordering::Equal => return Ok(()),
            Ordering::Greater => &rules.decreased,
        },
    };
    sink.found(rule, Segment::Word(rules.keyword))
}

fn string<'m, S: Sink<'m>>(sink: &mut S, o: &StringRules, u: &StringRules) -> Step {
    bound(sink, &kinds::MAX_LENGTH, &o.max_length, &u.max_length)?;
    bound(sink, &kinds::MIN_LENGTH, &o.min_length, &u.min_length)?;
    let rule = match (&o.pattern, &u.pattern) {
        (None, Some(_)) => kinds::PATTERN_ADDED,
        (Some(_), None) => kinds::PATTERN_REMOVED,
        (Some(o), Some(u)) if o != u => kinds::PATTERN_CHANGED,
        _ => return Ok(()),
    };
    sink.found(&rule, Segment::Word("pattern"))
}

fn number<'m, S: Sink<'m>>(sink: &mut S, o: &NumberRules, u: &NumberRules) -> Step {
    bound(sink, &kinds::MAXIMUM, &o.maximum, &u.maximum)?;
    bound(sink, &kinds::MINIMUM, &o.minimum, &u.minimum)?;
    bound(
        sink,
        &kinds::EXCLUSIVE_MAXIMUM,
        &o.exclusive_maximum,
        &u.exclusive_maximum,
    )?;
    bound(
        sink,
        &kinds::EXCLUSIVE_MINIMUM,
        &o.exclusive_minimum,
        &u.exclusive_minimum,
    )?;
    let rule = match (&o.multiple_of, &u.multiple_of) {
        (None, Some(_)) => Some(kinds::MULTIPLE_OF_ADDED),
        (Some(_), None) => Some(kinds::MULTIPLE_OF_REMOVED),
        (Some(o), Some(u)) if !o.same_value(u) => Some(if is_multiple(u, o) {
            kinds::MULTIPLE_OF_EXPANDED
        } else if is_multiple(o, u) {
            kinds::MULTIPLE_OF_REDUCED
        } else {
            kinds::MULTIPLE_OF_CHANGED
        }),
        _ => None,
    };
    if let Some(rule) = rule {
        sink.found(&rule, Segment::Word("multipleOf"))?;
    }
    match (o.is_integer, u.is_integer) {
        (true, false) => sink.found(&kinds::TYPE_EXTENDED, Segment::Here),
        (false, true) => sink.found(&kinds::TYPE_NARROWED, Segment::Here),
        _ => Ok(()),
    }
}

fn is_multiple(number: &Number, of: &Number) -> bool {
    let zero = bigdecimal::BigDecimal::from(0);
    *of.value() != zero && number.value() % of.value() == zero
}

/// Both lists are sorted.
fn is_subset(few: &[String], many: &[String]) -> bool {
    let mut many = many.iter();
    few.iter().all(|value| many.any(|other| other == value))
}

fn enumeration<'m, S: Sink<'m>>(sink: &mut S, o: &[String], u: &[String]) -> Step {
    sink.compare().spend((o.len() + u.len()) / 8)?;
    let rule = match (is_subset(o, u), is_subset(u, o)) {
        (true, true) => return Ok(()),
        (true, false) => kinds::ENUM_ARRAY_EXTENDED,
        (false, true) => kinds::ENUM_ARRAY_NARROWED,
        (false, false) => kinds::ENUM_ARRAY_CHANGED,
    };
    sink.found(&rule, Segment::Word("enum"))
}

/// What must not be turns the roles around.
fn negation<'m, S: Sink<'m>>(sink: &mut S, pair: Pair, o: Id, u: Id) -> Step {
    let there = Pair {
        original: pair.update.other(u),
        update: pair.original.other(o),
    };
    if !sink.compatible(there)? {
        return sink.found(&kinds::NOT_TYPE_EXTENDED, Segment::Word("not"));
    }
    if sink.only_decides() {
        return Ok(());
    }
    let back = Pair {
        original: pair.original.other(o),
        update: pair.update.other(u),
    };
    // Compatible both ways: nothing changed that counts.
    if sink.compatible(back)? {
        return Ok(());
    }
    sink.found(&kinds::NOT_TYPE_NARROWED, Segment::Word("not"))
}

fn object<'m, S: Sink<'m>>(sink: &mut S, pair: Pair, o: &ObjectRules, u: &ObjectRules) -> Step {
    for (name, _) in o.properties.iter() {
        if u.properties.get(name).is_none() {
            continue;
        }
        sink.compare().spend(1)?;
        let rule = match (o.required.contains(name), u.required.contains(name)) {
            (true, false) => kinds::REQUIRED_ATTRIBUTE_REMOVED,
            (false, true) if u.defaulted.contains(name) => {
                kinds::REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED
            }
            (false, true) => kinds::REQUIRED_ATTRIBUTE_ADDED,
            _ => continue,
        };
        sink.found(&rule, Segment::Named("required", name))?;
    }
    for (name, &original) in o.properties.iter() {
        let original = pair.original.other(original);
        match u.properties.get(name) {
            Some(&update) => sink.child(
                Segment::Named("properties", name),
                Pair {
                    original,
                    update: pair.update.other(update),
                },
            )?,
            None => property_removed(sink, name, original, pair.update, u)?,
        }
    }
    for (name, &update) in u.properties.iter() {
        if o.properties.get(name).is_none() {
            property_added(sink, name, pair.original, pair.update.other(update), o, u)?;
        }
    }
    dependencies(sink, pair, o, u)?;
    rest(
        sink,
        pair,
        &kinds::ADDITIONAL_PROPERTIES,
        o.additional,
        u.additional,
    )?;
    rest(
        sink,
        pair,
        &kinds::UNEVALUATED_PROPERTIES,
        o.unevaluated,
        u.unevaluated,
    )?;
    bound(
        sink,
        &kinds::MAX_PROPERTIES,
        &o.max_properties,
        &u.max_properties,
    )?;
    bound(
        sink,
        &kinds::MIN_PROPERTIES,
        &o.min_properties,
        &u.min_properties,
    )
}

/// What a content model says about something it does not list.
enum Cover {
    Open,
    Partial(Id),
    Closed,
}

fn cover<'m, S: Sink<'m>>(sink: &mut S, rules: &ObjectRules, name: &str) -> Result<Cover, Stop> {
    if rules.patterns.is_empty()
        && rules.additional == Rest::Open
        && rules.unevaluated == Rest::Open
    {
        return Ok(Cover::Open);
    }
    for (pattern, id) in &rules.patterns {
        if sink.compare().covers(pattern, name)? {
            return Ok(Cover::Partial(*id));
        }
    }
    Ok(match (rules.additional, rules.unevaluated) {
        (Rest::Schema(id), _) | (_, Rest::Schema(id)) => Cover::Partial(id),
        _ => Cover::Closed,
    })
}

fn property_removed<'m, S: Sink<'m>>(
    sink: &mut S,
    name: &str,
    original: Place,
    update: Place,
    u: &ObjectRules,
) -> Step {
    let at = Segment::Named("properties", name);
    match cover(sink, u, name)? {
        Cover::Open => sink.found(&kinds::PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL, at),
        Cover::Partial(id) => covered(
            sink,
            at,
            Pair {
                original,
                update: update.other(id),
            },
            &kinds::PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
            &kinds::PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
        ),
        Cover::Closed if matches!(sink.compare().node(original).kind, Kind::Never) => sink.found(
            &kinds::PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL,
            at,
        ),
        Cover::Closed => sink.found(&kinds::PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL, at),
    }
}

fn property_added<'m, S: Sink<'m>>(
    sink: &mut S,
    name: &str,
    original: Place,
    update: Place,
    o: &ObjectRules,
    u: &ObjectRules,
) -> Step {
    let at = Segment::Named("properties", name);
    let is_required = u.required.contains(name);
    let has_default = u.defaulted.contains(name);
    let cover = cover(sink, o, name)?;
    if let Cover::Open = cover {
        let rule = match (is_required, has_default) {
            _ if matches!(sink.compare().node(update).kind, Kind::Any) => {
                kinds::PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL
            }
            (true, true) => kinds::REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL,
            (true, false) => kinds::REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL,
            (false, _) => kinds::OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL,
        };
        return sink.found(&rule, at);
    }
    if let Cover::Partial(id) = cover {
        covered(
            sink,
            at,
            Pair {
                original: original.other(id),
                update,
            },
            &kinds::PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
            &kinds::PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
        )?;
    }
    let rule = match (is_required, has_default) {
        (true, true) => kinds::REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL,
        (true, false) => kinds::REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL,
        (false, _) => kinds::OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL,
    };
    sink.found(&rule, at)
}

/// The differences to a covering schema count, and then whether it covers.
fn covered<'m, S: Sink<'m>>(
    sink: &mut S,
    at: Segment<'_>,
    pair: Pair,
    yes: &Rule,
    no: &Rule,
) -> Step {
    let is_covered = sink.compatible(pair)?;
    sink.child(at, pair)?;
    sink.found(if is_covered { yes } else { no }, at)
}

fn names_of_both<'n, T>(o: &'n Named<T>, u: &'n Named<T>) -> impl Iterator<Item = &'n str> {
    let added = u
        .iter()
        .map(|(name, _)| name)
        .filter(|name| o.get(name).is_none());
    o.iter().map(|(name, _)| name).chain(added)
}

fn dependencies<'m, S: Sink<'m>>(
    sink: &mut S,
    pair: Pair,
    o: &ObjectRules,
    u: &ObjectRules,
) -> Step {
    for name in names_of_both(&o.property_dependencies, &u.property_dependencies) {
        let rule = match (
            o.property_dependencies.get(name),
            u.property_dependencies.get(name),
        ) {
            (_, None) => kinds::DEPENDENCY_ARRAY_REMOVED,
            (None, _) => kinds::DEPENDENCY_ARRAY_ADDED,
            (Some(o), Some(u)) => {
                sink.compare().spend(o.len() + u.len())?;
                let (o, u): (HashSet<_>, HashSet<_>) = (o.iter().collect(), u.iter().collect());
                if o == u {
                    continue;
                } else if o.is_subset(&u) {
                    kinds::DEPENDENCY_ARRAY_EXTENDED
                } else if u.is_subset(&o) {
                    kinds::DEPENDENCY_ARRAY_NARROWED
                } else {
                    kinds::DEPENDENCY_ARRAY_CHANGED
                }
            }
        };
        sink.found(&rule, Segment::Named("dependencies", name))?;
    }
    for name in names_of_both(&o.schema_dependencies, &u.schema_dependencies) {
        let at = Segment::Named("dependencies", name);
        match (
            o.schema_dependencies.get(name),
            u.schema_dependencies.get(name),
        ) {
            (_, None) => sink.found(&kinds::DEPENDENCY_SCHEMA_REMOVED, at)?,
            (None, _) => sink.found(&kinds::DEPENDENCY_SCHEMA_ADDED, at)?,
            (Some(&o), Some(&u)) => sink.child(
                at,
                Pair {
                    original: pair.original.other(o),
                    update: pair.update.other(u),
                },
            )?,
        }
    }
    Ok(())
}

fn rest<'m, S: Sink<'m>>(
    sink: &mut S,
    pair: Pair,
    rules: &RestRules,
    original: Rest,
    update: Rest,
) -> Step {
    let at = Segment::Word(rules.keyword);
    let rule = match (original, update) {
        (Rest::Closed, Rest::Closed) | (Rest::Open, Rest::Open) => return Ok(()),
        (Rest::Closed, _) => &rules.added,
        (_, Rest::Closed) => &rules.removed,
        (Rest::Open, Rest::Schema(_)) => &rules.narrowed,
        (Rest::Schema(_), Rest::Open) => &rules.extended,
        (Rest::Schema(o), Rest::Schema(u)) => {
            let pair = Pair {
                original: pair.original.other(o),
                update: pair.update.other(u),
            };
            return sink.child(at, pair);
        }
    };
    sink.found(rule, at)
}

fn item_cover(rules: &ArrayRules) -> Cover {
    match (rules.additional, rules.unevaluated) {
        (Rest::Open, Rest::Open) => Cover::Open,
        (Rest::Schema(id), _) | (_, Rest::Schema(id)) => Cover::Partial(id),
        _ => Cover::Closed,
    }
}

fn array<'m, S: Sink<'m>>(sink: &mut S, pair: Pair, o: &ArrayRules, u: &ArrayRules) -> Step {
    match (o.every, u.every) {
        (None, None) => {}
        (None, Some(_)) => sink.found(&kinds::SCHEMA_ADDED, Segment::Word("items"))?,
        (Some(_), None) => sink.found(&kinds::SCHEMA_REMOVED, Segment::Word("items"))?,
        (Some(o), Some(u)) => sink.child(
            Segment::Word("items"),
            Pair {
                original: pair.original.other(o),
                update: pair.update.other(u),
            },
        )?,
    }
    for (index, (&o, &u)) in o.tuple.iter().zip(&u.tuple).enumerate() {
        sink.child(
            Segment::At("items", index),
            Pair {
                original: pair.original.other(o),
                update: pair.update.other(u),
            },
        )?;
    }
    let shared = o.tuple.len().min(u.tuple.len());
    for (index, &id) in o.tuple.iter().enumerate().skip(shared) {
        item_removed(sink, index, pair.original.other(id), pair.update, u)?;
    }
    for (index, &id) in u.tuple.iter().enumerate().skip(shared) {
        item_added(sink, index, pair.original, pair.update.other(id), o)?;
    }
    rest(
        sink,
        pair,
        &kinds::ADDITIONAL_ITEMS,
        o.additional,
        u.additional,
    )?;
    rest(
        sink,
        pair,
        &kinds::UNEVALUATED_ITEMS,
        o.unevaluated,
        u.unevaluated,
    )?;
    bound(sink, &kinds::MAX_ITEMS, &o.max_items, &u.max_items)?;
    bound(sink, &kinds::MIN_ITEMS, &o.min_items, &u.min_items)?;
    match (o.is_unique, u.is_unique) {
        (false, true) => sink.found(&kinds::UNIQUE_ITEMS_ADDED, Segment::Word("uniqueItems"))?,
        (true, false) => sink.found(&kinds::UNIQUE_ITEMS_REMOVED, Segment::Word("uniqueItems"))?,
        _ => {}
    }
    bound(sink, &kinds::MAX_CONTAINS, &o.max_contains, &u.max_contains)?;
    bound(sink, &kinds::MIN_CONTAINS, &o.min_contains, &u.min_contains)
}

fn item_removed<'m, S: Sink<'m>>(
    sink: &mut S,
    index: usize,
    original: Place,
    update: Place,
    u: &ArrayRules,
) -> Step {
    let at = Segment::At("items", index);
    match item_cover(u) {
        Cover::Open => sink.found(&kinds::ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL, at),
        Cover::Partial(id) => covered(
            sink,
            at,
            Pair {
                original,
                update: update.other(id),
            },
            &kinds::ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
            &kinds::ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
        ),
        Cover::Closed if matches!(sink.compare().node(original).kind, Kind::Never) => sink.found(
            &kinds::ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL,
            at,
        ),
        Cover::Closed => sink.found(&kinds::ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL, at),
    }
}

fn item_added<'m, S: Sink<'m>>(
    sink: &mut S,
    index: usize,
    original: Place,
    update: Place,
    o: &ArrayRules,
) -> Step {
    let at = Segment::At("items", index);
    match item_cover(o) {
        Cover::Open if matches!(sink.compare().node(update).kind, Kind::Any) => sink.found(
            &kinds::ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL,
            at,
        ),
        Cover::Open => sink.found(&kinds::ITEM_ADDED_TO_OPEN_CONTENT_MODEL, at),
        Cover::Partial(id) => covered(
            sink,
            at,
            Pair {
                original: original.other(id),
                update,
            },
            &kinds::ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
            &kinds::ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL,
        ),
        Cover::Closed => sink.found(&kinds::ITEM_ADDED_TO_CLOSED_CONTENT_MODEL, at),
    }
}
