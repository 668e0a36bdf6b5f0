//! The differences between two files, by the rules and names of the API contract, section 6.5.
//!
//! The writer's schema is the original, the reader's the update. Messages and enums are matched by name per
//! level, fields by number over the whole message.

use super::ast::*;
use super::check::SCALARS;
use super::diff_kinds::{Kind, kind_of, scalar_family};
use super::diff_words::template;
use super::scope::{Id, Scope};
use crate::format::{Difference, Judgement, Limits, TooComplex};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Compares the first files of two scopes.
pub(super) fn diff(
    reader: &Scope<'_>,
    writer: &Scope<'_>,
    limits: &Limits,
) -> Result<Vec<Difference>, TooComplex> {
    let (Some(new), Some(old)) = (reader.file(0), writer.file(0)) else {
        return Ok(Vec::new());
    };
    let mut walk = Walk {
        reader,
        writer,
        out: Vec::new(),
        path: Vec::new(),
        steps: limits.steps,
        depth: limits.depth,
        pairs: HashMap::new(),
    };
    if new.package_parts().ne(old.package_parts()) {
        walk.add("PACKAGE_CHANGED");
    }
    let scopes = (reader.package_of(0), writer.package_of(0));
    walk.types(
        (&new.messages, &old.messages),
        (&new.enums, &old.enums),
        scopes,
    )?;
    Ok(walk.out)
}

type Step = Result<(), TooComplex>;

/// Where a field stands in its message.
#[derive(Clone, Copy)]
struct Place<'m> {
    member: Member<'m>,
    oneof: Option<&'m str>,
}

#[derive(Clone, Copy)]
enum Member<'m> {
    Field(&'m Field),
    Group(&'m Group),
}

impl<'m> Member<'m> {
    fn name(self) -> String {
        match self {
            Self::Field(field) => field.name.clone(),
            Self::Group(group) => group.body.name.to_lowercase(),
        }
    }

    fn label(self) -> Option<Label> {
        match self {
            Self::Field(field) => field.label,
            Self::Group(group) => group.label,
        }
    }
}

/// The fields of a message by number.
fn places(message: &Message) -> BTreeMap<i64, Place<'_>> {
    let mut out = BTreeMap::new();
    let mut put = |tag: i64, member, oneof| {
        out.entry(tag).or_insert(Place { member, oneof });
    };
    for field in &message.fields {
        put(field.tag, Member::Field(field), None);
    }
    for group in &message.groups {
        put(group.tag, Member::Group(group), None);
    }
    for oneof in &message.oneofs {
        for field in &oneof.fields {
            put(field.tag, Member::Field(field), Some(oneof.name.as_str()));
        }
        for group in &oneof.groups {
            put(group.tag, Member::Group(group), Some(oneof.name.as_str()));
        }
    }
    out
}

struct Walk<'s, 'r, 'w> {
    reader: &'s Scope<'r>,
    writer: &'s Scope<'w>,
    out: Vec<Difference>,
    path: Vec<String>,
    steps: u64,
    /// How many levels of types of types may still be entered.
    depth: usize,
    /// Types compared by content, and whether they turned out incompatible; false while in progress.
    pairs: HashMap<(Id, Id), bool>,
}

impl Walk<'_, '_, '_> {
    fn step(&mut self) -> Step {
        self.steps = self.steps.checked_sub(1).ok_or(TooComplex)?;
        Ok(())
    }

    fn add(&mut self, kind: &'static str) {
        let path = format!("#/{}", self.path.join("/"));
        let (judgement, template) = template(kind, &path);
        self.out.push(Difference {
            kind,
            path,
            judgement,
            template,
        });
    }

    /// Adds a difference of something below the current place.
    fn add_at(&mut self, names: &[&str], kind: &'static str) {
        let before = self.path.len();
        self.path.extend(names.iter().map(|n| (*n).to_owned()));
        self.add(kind);
        self.path.truncate(before);
    }

    /// The types of one level; pairs are (reader's, writer's).
    fn types(
        &mut self,
        messages: (&[Message], &[Message]),
        enums: (&[Enum], &[Enum]),
        scopes: (Id, Id),
    ) -> Step {
        let new: HashMap<&str, usize> = index(messages.0.iter().map(|m| m.name.as_str()));
        let old: HashMap<&str, usize> = index(messages.1.iter().map(|m| m.name.as_str()));
        for (position, before) in messages.1.iter().enumerate() {
            self.step()?;
            let after = new.get(before.name.as_str()).copied();
            let Some((at, after)) = after.and_then(|i| Some((i, messages.0.get(i)?))) else {
                self.add_at(&[&before.name], "MESSAGE_REMOVED");
                continue;
            };
            if at != position {
                self.add_at(&[&before.name], "MESSAGE_MOVED");
            }
            self.path.push(before.name.clone());
            self.message(after, before, self.inside(scopes, &before.name))?;
            self.path.pop();
        }
        for after in messages.0 {
            self.step()?;
            if !old.contains_key(after.name.as_str()) {
                self.add_at(&[&after.name], "MESSAGE_ADDED");
            }
        }
        self.enums(enums.0, enums.1)
    }

    fn inside(&self, scopes: (Id, Id), name: &str) -> (Id, Id) {
        (
            self.reader.child(scopes.0, name).unwrap_or(scopes.0),
            self.writer.child(scopes.1, name).unwrap_or(scopes.1),
        )
    }

    fn enums(&mut self, new: &[Enum], old: &[Enum]) -> Step {
        let by_name: HashMap<&str, &Enum> = new.iter().map(|e| (e.name.as_str(), e)).collect();
        let known: HashSet<&str> = old.iter().map(|e| e.name.as_str()).collect();
        for before in old {
            self.step()?;
            match by_name.get(before.name.as_str()) {
                None => self.add_at(&[&before.name], "ENUM_REMOVED"),
                Some(after) => self.constants(after, before)?,
            }
        }
        for after in new {
            self.step()?;
            if !known.contains(after.name.as_str()) {
                self.add_at(&[&after.name], "ENUM_ADDED");
            }
        }
        Ok(())
    }

    fn constants(&mut self, new: &Enum, old: &Enum) -> Step {
        // With aliases a number has several names; it changed when none of them stayed.
        let by_tag = |item: &'_ Enum| {
            let mut map: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
            for constant in &item.constants {
                map.entry(constant.tag)
                    .or_default()
                    .insert(constant.name.clone());
            }
            map
        };
        let (after, before) = (by_tag(new), by_tag(old));
        let tags: BTreeSet<i64> = after.keys().chain(before.keys()).copied().collect();
        for tag in tags {
            self.step()?;
            let kind = match (after.get(&tag), before.get(&tag)) {
                (None, _) => "ENUM_CONST_REMOVED",
                (_, None) => "ENUM_CONST_ADDED",
                (Some(a), Some(b)) if a.is_disjoint(b) => "ENUM_CONST_CHANGED",
                _ => continue,
            };
            self.add_at(&[&old.name, &tag.to_string()], kind);
        }
        Ok(())
    }

    fn message(&mut self, new: &Message, old: &Message, scopes: (Id, Id)) -> Step {
        let (after, before) = (places(new), places(old));
        self.exclusivity(new, &before)?;
        self.oneofs(new, old)?;
        let mut survivors: HashMap<&str, usize> = HashMap::new();
        for (tag, place) in &before {
            if let Some(oneof) = place.oneof
                && after.contains_key(tag)
            {
                *survivors.entry(oneof).or_default() += 1;
            }
        }
        let tags: BTreeSet<i64> = after.keys().chain(before.keys()).copied().collect();
        for tag in tags {
            self.step()?;
            let number = tag.to_string();
            match (after.get(&tag), before.get(&tag)) {
                (Some(a), Some(b)) => self.field(*a, *b, &number, scopes)?,
                (Some(added), None) => self.added(*added, &number),
                (None, Some(removed)) => self.removed(*removed, &number, &survivors),
                (None, None) => {}
            }
        }
        self.types(
            (&new.messages, &old.messages),
            (&new.enums, &old.enums),
            scopes,
        )
    }

    /// A oneof of the reader whose members could stand beside each other in the writer loses data.
    fn exclusivity(&mut self, new: &Message, before: &BTreeMap<i64, Place<'_>>) -> Step {
        for oneof in &new.oneofs {
            let mut from_oneofs: HashSet<&str> = HashSet::new();
            let mut from_top = 0_usize;
            let tags = oneof
                .fields
                .iter()
                .map(|f| f.tag)
                .chain(oneof.groups.iter().map(|g| g.tag));
            for tag in tags {
                self.step()?;
                match before.get(&tag).map(|p| p.oneof) {
                    Some(Some(name)) => {
                        from_oneofs.insert(name);
                    }
                    Some(None) => from_top += 1,
                    None => {}
                }
            }
            if from_oneofs.len() + from_top > 1 {
                let kind = if from_top >= 2 {
                    "MULTIPLE_FIELDS_MOVED_TO_ONEOF"
                } else {
                    "FIELD_MOVED_TO_EXISTING_ONEOF"
                };
                self.add_at(&[&oneof.name], kind);
            }
        }
        Ok(())
    }

    fn oneofs(&mut self, new: &Message, old: &Message) -> Step {
        let after: HashSet<&str> = new.oneofs.iter().map(|o| o.name.as_str()).collect();
        let before: HashSet<&str> = old.oneofs.iter().map(|o| o.name.as_str()).collect();
        for oneof in &old.oneofs {
            self.step()?;
            if !after.contains(oneof.name.as_str()) {
                self.add_at(&[&oneof.name], "ONEOF_REMOVED");
            }
        }
        for oneof in &new.oneofs {
            self.step()?;
            if !before.contains(oneof.name.as_str()) {
                self.add_at(&[&oneof.name], "ONEOF_ADDED");
            }
        }
        Ok(())
    }

    fn added(&mut self, place: Place<'_>, number: &str) {
        match place.oneof {
            Some(oneof) => self.add_at(&[oneof, number], "ONEOF_FIELD_ADDED"),
            None if place.member.label() == Some(Label::Required) => {
                self.add_at(&[number], "REQUIRED_FIELD_ADDED");
            }
            None => self.add_at(&[number], "FIELD_ADDED"),
        }
    }

    fn removed(&mut self, place: Place<'_>, number: &str, survivors: &HashMap<&str, usize>) {
        match place.oneof {
            Some(oneof) if survivors.contains_key(oneof) => {
                self.add_at(&[oneof, number], "ONEOF_FIELD_REMOVED");
            }
            // A oneof that goes with all its members is told once, as ONEOF_REMOVED.
            Some(_) => {}
            None if place.member.label() == Some(Label::Required) => {
                self.add_at(&[number], "REQUIRED_FIELD_REMOVED");
            }
            None => self.add_at(&[number], "FIELD_REMOVED"),
        }
    }

    fn field(&mut self, new: Place<'_>, old: Place<'_>, number: &str, scopes: (Id, Id)) -> Step {
        if new.oneof.is_none() && old.oneof.is_some() {
            self.add_at(&[number], "ONEOF_FIELD_MOVED_TO_TOP_LEVEL");
        }
        let before = self.path.len();
        self.path.extend(new.oneof.map(str::to_owned));
        self.path.push(number.to_owned());
        if new.member.name() != old.member.name() {
            self.add("FIELD_NAME_CHANGED");
        }
        match (new.member, old.member) {
            (Member::Field(a), Member::Field(b)) => {
                self.field_types(&a.ty, &b.ty, scopes)?;
                self.labels(a, b, scopes);
                self.path.truncate(before);
            }
            (Member::Group(a), Member::Group(b)) => {
                if a.body.name != b.body.name {
                    self.add("FIELD_NAMED_TYPE_CHANGED");
                }
                self.path.truncate(before);
                self.path.push(a.body.name.clone());
                let inner = (
                    self.reader
                        .child(scopes.0, &a.body.name)
                        .unwrap_or(scopes.0),
                    self.writer
                        .child(scopes.1, &b.body.name)
                        .unwrap_or(scopes.1),
                );
                self.message(&a.body, &b.body, inner)?;
                self.path.truncate(before);
            }
            _ => {
                self.add("FIELD_KIND_CHANGED");
                self.path.truncate(before);
            }
        }
        Ok(())
    }

    /// Labels count when both are written and differ, and never for messages and maps.
    fn labels(&mut self, new: &Field, old: &Field, scopes: (Id, Id)) {
        let (Some(after), Some(before)) = (new.label, old.label) else {
            return;
        };
        let (Type::Named(a), Type::Named(b)) = (&new.ty, &old.ty) else {
            return;
        };
        let kinds = (
            kind_of(self.reader, a, scopes.0),
            kind_of(self.writer, b, scopes.1),
        );
        if after == before || kinds != (Kind::Scalar, Kind::Scalar) {
            return;
        }
        self.add(if matches!(a.as_str(), "string" | "bytes") {
            "FIELD_STRING_OR_BYTES_LABEL_CHANGED"
        } else {
            "FIELD_NUMERIC_LABEL_CHANGED"
        });
    }

    fn field_types(&mut self, new: &Type, old: &Type, scopes: (Id, Id)) -> Step {
        match (new, old) {
            (Type::Map(ak, av), Type::Map(bk, bv)) => {
                self.named(ak, bk, scopes)?;
                self.named(av, bv, scopes)
            }
            (Type::Named(a), Type::Named(b)) => self.named(a, b, scopes),
            _ => {
                self.add("FIELD_KIND_CHANGED");
                Ok(())
            }
        }
    }

    fn named(&mut self, new: &str, old: &str, scopes: (Id, Id)) -> Step {
        self.step()?;
        let after = kind_of(self.reader, new, scopes.0);
        let before = kind_of(self.writer, old, scopes.1);
        if after != before {
            self.add("FIELD_KIND_CHANGED");
        } else if after == Kind::Scalar {
            if scalar_family(new) != scalar_family(old) {
                self.add("FIELD_SCALAR_KIND_CHANGED");
            }
        } else if !self.same_message(new, old, scopes)? {
            self.add("FIELD_NAMED_TYPE_CHANGED");
        }
        Ok(())
    }

    /// Whether two message types have one name and, unless both are of the files compared, fit in content.
    fn same_message(&mut self, new: &str, old: &str, scopes: (Id, Id)) -> Result<bool, TooComplex> {
        let find = |scope: &Scope<'_>, name: &str, at: Id| {
            debug_assert!(!SCALARS.contains(&name), "scalars are told apart before");
            scope.any_type(name, at, scope.file_of(at))
        };
        let (Some(after), Some(before)) = (
            find(self.reader, new, scopes.0),
            find(self.writer, old, scopes.1),
        ) else {
            // A type that is not there can only be told by its name.
            let bare = |name: &str| name.trim_start_matches('.').to_owned();
            return Ok(bare(new) == bare(old));
        };
        let name = self.reader.local_name(after);
        if name != self.writer.local_name(before) {
            return Ok(false);
        }
        let files = (self.reader.file_of(after), self.writer.file_of(before));
        if files == (0, 0) {
            return Ok(true);
        }
        if let (Some(a), Some(b)) = (self.reader.file(files.0), self.writer.file(files.1))
            && std::ptr::eq(a, b)
        {
            // The built-in files are shared.
            return Ok(true);
        }
        if let Some(&broken) = self.pairs.get(&(after, before)) {
            return Ok(!broken);
        }
        let (Some(a), Some(b)) = (
            self.reader.message_at(after),
            self.writer.message_at(before),
        ) else {
            return Ok(true);
        };
        self.pairs.insert((after, before), false);
        self.depth = self.depth.checked_sub(1).ok_or(TooComplex)?;
        let path = std::mem::replace(&mut self.path, name.split('.').map(str::to_owned).collect());
        let told = self.out.len();
        self.message(a, b, (after, before))?;
        self.path = path;
        self.depth += 1;
        let broken = self
            .out
            .iter()
            .skip(told)
            .any(|d| d.judgement == Judgement::Incompatible);
        self.pairs.insert((after, before), broken);
        Ok(!broken)
    }
}

/// The first position of each name.
fn index<'n>(names: impl Iterator<Item = &'n str>) -> HashMap<&'n str, usize> {
    let mut map = HashMap::new();
    for (position, name) in names.enumerate() {
        map.entry(name).or_insert(position);
    }
    map
}
