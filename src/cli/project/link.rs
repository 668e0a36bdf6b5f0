//! From files to schemas: which files are some, what they refer to, and in which order they can be registered.

use super::settings::{FileSettings, SchemaSettings};
use super::{Desired, DesiredReference, SourceFile, name};
use crate::cli::exit::Failure;
use crate::format::Limits;
use crate::format::json::uri;
use crate::format::outline::{Outline, Referral, outline};
use crate::model::SchemaType;
use std::collections::{BTreeMap, HashMap};

/// A file that is a schema.
struct Member<'a> {
    file: SourceFile,
    subject: String,
    version: Option<i32>,
    schema_type: SchemaType,
    outline: Outline,
    said: Option<&'a FileSettings>,
}

pub(super) fn schemas(
    settings: &SchemaSettings,
    files: Vec<SourceFile>,
) -> Result<Vec<Desired>, Failure> {
    let mut members: Vec<Member<'_>> = Vec::with_capacity(files.len());
    for file in files {
        if let Some(member) = member(settings, file)? {
            members.push(member);
        }
    }
    members.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    unique(&members)?;
    let names = Names::of(settings, &members);
    let mut edges: Vec<Vec<usize>> = Vec::with_capacity(members.len());
    let mut references = Vec::with_capacity(members.len());
    for (at, member) in members.iter().enumerate() {
        let (found, targets) = names.references(at, member, &members)?;
        references.push(found);
        edges.push(targets);
    }
    // A version comes after the one before it.
    let mut versions: BTreeMap<&str, Vec<(i32, usize)>> = BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        let number = member.version.unwrap_or(i32::MAX);
        versions
            .entry(&member.subject)
            .or_default()
            .push((number, at));
    }
    for of_subject in versions.values_mut() {
        of_subject.sort_unstable();
        for pair in of_subject.windows(2) {
            if let [(_, before), (_, after)] = pair
                && let Some(edges) = edges.get_mut(*after)
            {
                edges.push(*before);
            }
        }
    }
    let order = order(&edges, &members)?;
    let mut made: Vec<Option<Desired>> = members
        .into_iter()
        .zip(references)
        .map(|(member, references)| {
            Some(Desired {
                subject: member.subject,
                version: member.version,
                schema_type: member.schema_type,
                path: member.file.path,
                text: member.file.text,
                references,
            })
        })
        .collect();
    Ok(order
        .into_iter()
        .filter_map(|at| made.get_mut(at)?.take())
        .collect())
}

/// The file as a schema, if it is one.
fn member(settings: &SchemaSettings, file: SourceFile) -> Result<Option<Member<'_>>, Failure> {
    let said = settings.files.iter().find(|said| said.path == file.path);
    let named = said.and_then(|said| said.schema_type);
    let Some(schema_type) = named.or_else(|| name::language(&file.path)) else {
        return Err(Failure::usage(format!(
            "{}: the language is not clear from the name; say it under [[schemas.files]]: type = \"avro\"",
            file.path
        )));
    };
    // What is no JSON at all is a schema only if somebody says so; the check tells what is wrong with it.
    let read = outline(schema_type, &file.text, &Limits::default());
    let claimed =
        said.is_some() || !settings.include.is_empty() || file.path.ends_with(".schema.json");
    if schema_type == SchemaType::Json && !claimed && (read.is_err() || !is_schema(&file.text)) {
        return Ok(None);
    }
    let outline = read.unwrap_or_default();
    let (subject, version) = name::of(settings, &file.path, &outline);
    let subject = said.and_then(|s| s.subject.clone()).unwrap_or(subject);
    if subject.is_empty() || subject.chars().any(char::is_control) {
        return Err(Failure::usage(format!(
            "{}: '{}' is no subject; name it under [[schemas.files]]",
            file.path,
            subject.escape_default()
        )));
    }
    Ok(Some(Member {
        version: said.and_then(|s| s.version).or(version),
        file,
        subject,
        schema_type,
        outline,
        said,
    }))
}

/// Whether a JSON document says of itself that it is a JSON Schema.
fn is_schema(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "$schema")]
        schema: Option<String>,
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_str::<Head>(text)
        .is_ok_and(|head| head.schema.is_some_and(|s| s.contains("json-schema.org/")))
}

/// One file for one version of a subject.
fn unique(members: &[Member<'_>]) -> Result<(), Failure> {
    let mut seen: HashMap<(&str, Option<i32>), &str> = HashMap::new();
    for member in members {
        let key = (member.subject.as_str(), member.version);
        if let Some(other) = seen.insert(key, &member.file.path) {
            return Err(Failure::usage(format!(
                "{other} and {} are both the subject {}: give one of them another under [[schemas.files]], or choose \
                 schemas.subject = \"{{path}}\" in accord.toml",
                member.file.path, member.subject
            )));
        }
    }
    Ok(())
}

/// Where names lead.
struct Names<'m> {
    /// Avro's full names: who has it as the root, who has it somewhere inside.
    avro: HashMap<&'m str, (Vec<usize>, Vec<usize>)>,
    /// Ids of JSON documents.
    ids: HashMap<&'m str, Vec<usize>>,
    /// Paths.
    paths: HashMap<&'m str, usize>,
    /// Paths seen from the folders in `schemas.paths`.
    below: HashMap<&'m str, Vec<usize>>,
    /// The newest file of a subject.
    newest: HashMap<&'m str, usize>,
}

impl<'m> Names<'m> {
    fn of(settings: &SchemaSettings, members: &'m [Member<'_>]) -> Self {
        let mut names = Self {
            avro: HashMap::new(),
            ids: HashMap::new(),
            paths: HashMap::new(),
            below: HashMap::new(),
            newest: HashMap::new(),
        };
        for (at, member) in members.iter().enumerate() {
            let number = |m: &Member<'_>| m.version.unwrap_or(i32::MAX);
            let newest = names.newest.entry(&member.subject).or_insert(at);
            if members
                .get(*newest)
                .is_some_and(|n| number(n) < number(member))
            {
                *newest = at;
            }
        }
        for (at, member) in members.iter().enumerate() {
            let path = member.file.path.as_str();
            names.paths.insert(path, at);
            names
                .below
                .entry(name::below(settings, path))
                .or_default()
                .push(at);
            // Who refers to a name means the newest version of it.
            if names.newest.get(member.subject.as_str()) != Some(&at) {
                continue;
            }
            match member.schema_type {
                SchemaType::Avro => {
                    for (number, full) in member.outline.defines.iter().enumerate() {
                        let (roots, inside) = names.avro.entry(full).or_default();
                        if number == 0 { roots } else { inside }.push(at);
                    }
                }
                SchemaType::Json => {
                    for id in &member.outline.defines {
                        names.ids.entry(id).or_default().push(at);
                    }
                }
                SchemaType::Protobuf => {}
            }
        }
        names
    }

    /// The references of a member, and the members behind them.
    fn references(
        &self,
        at: usize,
        member: &Member<'_>,
        members: &[Member<'_>],
    ) -> Result<(Vec<DesiredReference>, Vec<usize>), Failure> {
        let mut found: Vec<DesiredReference> = Vec::new();
        let mut targets = Vec::new();
        for said in member.said.map_or(&[][..], |said| &said.references) {
            let target = match said.version {
                None => self.newest.get(said.subject.as_str()).copied(),
                Some(version) => members
                    .iter()
                    .position(|m| m.subject == said.subject && m.version == Some(version)),
            };
            targets.extend(target);
            found.push(DesiredReference {
                name: said.name.clone(),
                subject: said.subject.clone(),
                version: said.version,
                path: target.and_then(|t| Some(members.get(t)?.file.path.clone())),
            });
        }
        for referral in &member.outline.refers {
            if found
                .iter()
                .any(|f| f.name == referral.name || f.name == referral.written)
            {
                continue;
            }
            // What leads nowhere is for the language's parser to judge, which says it best.
            let Some(target) = self.target(at, member, referral, members)? else {
                continue;
            };
            if target == at {
                continue;
            }
            if let Some(to) = members.get(target) {
                targets.push(target);
                found.push(DesiredReference {
                    name: match member.schema_type {
                        SchemaType::Json => referral.written.clone(),
                        SchemaType::Avro | SchemaType::Protobuf => referral.name.clone(),
                    },
                    subject: to.subject.clone(),
                    version: to.version,
                    path: Some(to.file.path.clone()),
                });
            }
        }
        Ok((found, targets))
    }

    fn target(
        &self,
        at: usize,
        member: &Member<'_>,
        referral: &Referral,
        members: &[Member<'_>],
    ) -> Result<Option<usize>, Failure> {
        let one = |found: &[usize]| -> Result<Option<usize>, Failure> {
            let others: Vec<usize> = found.iter().copied().filter(|f| *f != at).collect();
            match *others.as_slice() {
                [] => Ok(None),
                [one] => Ok(Some(one)),
                ref several => {
                    let paths: Vec<&str> = several
                        .iter()
                        .filter_map(|at| Some(members.get(*at)?.file.path.as_str()))
                        .collect();
                    Err(Failure::usage(format!(
                        "{}: {} may mean any of {}; say which one under [[schemas.files]]: references = \
                         [{{ name = \"{}\", subject = ... }}]",
                        member.file.path,
                        referral.written,
                        paths.join(", "),
                        referral.name
                    )))
                }
            }
        };
        match member.schema_type {
            SchemaType::Avro => match self.avro.get(referral.name.as_str()) {
                None => Ok(None),
                Some((roots, inside)) => match one(roots)? {
                    None => one(inside),
                    found => Ok(found),
                },
            },
            SchemaType::Json => {
                if let Some(found) = self.ids.get(referral.name.as_str())
                    && let Some(found) = one(found)?
                {
                    return Ok(Some(found));
                }
                let path = beside(&member.file.path, &referral.written);
                Ok(self.paths.get(path.as_str()).copied())
            }
            SchemaType::Protobuf => {
                if let Some(found) = self.below.get(referral.name.as_str()) {
                    return one(found);
                }
                if let Some(found) = self.paths.get(referral.name.as_str()) {
                    return Ok(Some(*found));
                }
                let tail = format!("/{}", referral.name);
                let found: Vec<usize> = members
                    .iter()
                    .enumerate()
                    .filter(|(_, m)| m.file.path.ends_with(&tail))
                    .map(|(at, _)| at)
                    .collect();
                let near = beside(&member.file.path, &referral.name);
                match self.paths.get(near.as_str()) {
                    Some(found) => Ok(Some(*found)),
                    None => one(&found),
                }
            }
        }
    }
}

/// A relative path seen from a file.
fn beside(file: &str, relative: &str) -> String {
    uri::resolve(file, &uri::percent_decoded(relative))
}

/// Everything after what it needs; else as given.
fn order(edges: &[Vec<usize>], members: &[Member<'_>]) -> Result<Vec<usize>, Failure> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; edges.len()];
    let mut order = Vec::with_capacity(edges.len());
    for start in 0..edges.len() {
        // Each with how many of its edges are done; no recursion, because chains may be long.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if state.get(start) == Some(&State::New) {
            path.push((start, 0));
        }
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            if let Some(state) = state.get_mut(at) {
                *state = State::Open;
            }
            let Some(to) = edges.get(at).and_then(|e| e.get(*next)).copied() else {
                if let Some(state) = state.get_mut(at) {
                    *state = State::Done;
                }
                order.push(at);
                path.pop();
                continue;
            };
            *next += 1;
            match state.get(to) {
                Some(State::New) => path.push((to, 0)),
                Some(State::Open) => {
                    let from = path.iter().position(|(p, _)| *p == to).unwrap_or_default();
                    let circle: Vec<&str> = path
                        .iter()
                        .skip(from)
                        .map(|(p, _)| *p)
                        .chain([to])
                        .filter_map(|p| Some(members.get(p)?.file.path.as_str()))
                        .collect();
                    return Err(Failure::usage(format!(
                        "schemas refer to each other in a circle, so that none can be registered first: {}",
                        circle.join(" -> ")
                    )));
                }
                _ => {}
            }
        }
    }
    Ok(order)
}
