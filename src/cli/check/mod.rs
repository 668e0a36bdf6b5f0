//! `accord check`: whether changed schemas break somebody.

mod ask;
mod base;
mod git;
mod judge;
mod registry;

use super::exit::Failure;
use super::output::{self, Outcome, Sink, State, Weight};
use super::project::{Against, Desired, Project, REGISTRY, SourceFile};
use super::remote::{self, Remote};
use crate::model::{Config, Subject};
use base::Base;
use clap::Args;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// What is checked, and against what.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --against, the check is made against check.against of accord.toml, else against the commit where HEAD left the
branch that the change is for: GITHUB_BASE_REF or CI_MERGE_REQUEST_TARGET_BRANCH_NAME, else origin/HEAD, origin/main,
origin/master, main or master.

Examples:
  accord check                                  what changed since the main branch
  accord check --against git:HEAD~1             since the last commit
  accord check --against ../released            against a folder
  accord check --against registry               against what the registry has
  accord check schemas/orders                   these files only
  accord check orders-value=new.avsc            a file under a name of its own
  accord check --format text --format sarif=out.sarif

Exit codes: 0 clean, 1 findings, 2 wrong usage or settings, 3 git, a commit or a registry is not there, 4 a candidate is no valid
schema. What cannot be decided counts as a finding unless check.undecided of accord.toml says otherwise.")]
pub(super) struct Arguments {
    /// Files or folders to check, or SUBJECT=FILE; everything without any.
    paths: Vec<String>,
    /// What to compare with: git:REF, git:BRANCH... for where HEAD left it, a folder, a registry's URL, or
    /// registry for the one that --registry names.
    #[arg(long, value_name = "BASE")]
    against: Option<String>,
    /// How to print, and where: text, json, github, gitlab, junit, sarif or markdown, each with =FILE to write a
    /// file. May be given several times.
    #[arg(long = "format", value_name = "FORMAT[=FILE]")]
    formats: Vec<Sink>,
    /// The settings instead of the nearest accord.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Ask the registry about the same schemas, and tell where it says something else.
    #[arg(long)]
    ask_server: bool,
    #[command(flatten)]
    remote: Remote,
}

/// What candidates are compared with.
struct Baseline {
    schemas: Vec<Desired>,
    name: String,
    /// New paths and old ones.
    renamed: HashMap<String, String>,
    /// The settings that work for a subject, where a registry has them.
    configs: HashMap<Subject, Config>,
    /// Whether it is the same repository, so that a schema that is not here any more was deleted.
    is_earlier: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut project = match &arguments.config {
        Some(file) => Project::read(file)?,
        None => Project::open(Path::new("."))?,
    };
    let chosen = chosen(&mut project, &arguments.paths)?;
    let mut files = project.files()?;
    add(&mut files, &project)?;
    let baseline = baseline(&project, arguments, &files)?;
    let candidates = project.schemas(files)?;
    let mut outcome = compare(&project, &baseline, &candidates, chosen.as_deref())?;
    if arguments.ask_server {
        let client = arguments
            .remote
            .client(project.settings.registry.as_deref())?;
        remote::block_on(ask::ask(&client, &mut outcome, &candidates))??;
    }
    let sinks = match arguments.formats.as_slice() {
        [] => vec!["text".parse().map_err(Failure::usage)?],
        formats => formats.to_vec(),
    };
    output::print(&outcome, &sinks)?;
    if outcome.checked.iter().any(|c| c.state == State::Invalid) {
        return Err(Failure::invalid(""));
    }
    if outcome.count(Weight::Error) > 0 {
        return Err(Failure::findings());
    }
    Ok(())
}

/// The paths that were named; a SUBJECT=FILE is as if accord.toml said so.
fn chosen(project: &mut Project, paths: &[String]) -> Result<Option<Vec<String>>, Failure> {
    let mut all = Vec::new();
    for given in paths {
        let (subject, path) = match given.split_once('=') {
            Some((subject, path)) if !Path::new(given).exists() => (Some(subject), path),
            _ => (None, given.as_str()),
        };
        if !Path::new(path).exists() && subject.is_some() {
            return Err(Failure::usage(format!("there is no file {path}")));
        }
        let below = project.relative(Path::new(path))?;
        if let Some(subject) = subject {
            let files = &mut project.settings.schemas.files;
            files.retain(|said| said.path != below);
            files.push(super::project::FileSettings {
                path: below.clone(),
                subject: Some(subject.to_owned()),
                version: None,
                schema_type: None,
                references: Vec::new(),
            });
        }
        all.push(below);
    }
    Ok((!all.is_empty()).then_some(all))
}

/// Files that the settings name and that no folder holds.
fn add(files: &mut Vec<SourceFile>, project: &Project) -> Result<(), Failure> {
    let known: HashSet<String> = files.iter().map(|f| f.path.clone()).collect();
    for said in &project.settings.schemas.files {
        let path = project.root.join(&said.path);
        if !known.contains(&said.path) && path.is_file() {
            files.extend(super::project::read(&path, said.path.clone())?);
        }
    }
    Ok(())
}

fn baseline(
    project: &Project,
    arguments: &Arguments,
    now: &[SourceFile],
) -> Result<Baseline, Failure> {
    let named = (arguments.against.as_deref()).or(project.settings.check.against.as_deref());
    let against = match named {
        Some(text) => Against::parse(text).map_err(Failure::usage)?,
        None if git::is_repository(&project.root) => Against::Git(git::target(&project.root)?),
        None => {
            return Err(Failure::usage(
                "there is no git repository here: say what to compare with: --against git:REF or a folder",
            ));
        }
    };
    match &against {
        Against::Git(reference) => {
            let snapshot = git::snapshot(project, reference, now)?;
            let short: String = snapshot.commit.chars().take(12).collect();
            let name = format!("git:{} ({short})", reference);
            Ok(Baseline {
                schemas: project.schemas(snapshot.files).map_err(|e| of(&name, &e))?,
                name,
                renamed: snapshot.renamed.into_iter().collect(),
                configs: HashMap::new(),
                is_earlier: true,
            })
        }
        Against::Folder(folder) => {
            let other = Project {
                root: std::path::absolute(folder).map_err(Failure::usage)?,
                file: None,
                settings: project.settings.clone(),
            };
            let schemas = other.schemas(other.files()?);
            Ok(Baseline {
                schemas: schemas.map_err(|e| of(folder, &e))?,
                name: against.to_string(),
                renamed: HashMap::new(),
                configs: HashMap::new(),
                is_earlier: true,
            })
        }
        Against::Registry(url) => {
            let remote = &arguments.remote;
            let client = match url.as_str() {
                REGISTRY => remote.client(project.settings.registry.as_deref())?,
                url => remote.client_of(url)?,
            };
            let candidates = project.schemas(now.to_vec())?;
            let asked = registry::registered(&client, &project.settings, &candidates);
            let found = remote::block_on(asked)??;
            Ok(Baseline {
                schemas: found.schemas,
                name: "the registry".to_owned(),
                renamed: HashMap::new(),
                configs: found.configs,
                is_earlier: false,
            })
        }
        Against::Bundle(_) => Err(Failure::usage(format!(
            "--against {against}: checks are made against git:REF, a folder or a registry; bundles are not supported yet"
        ))),
    }
}

fn of(name: &str, failure: &Failure) -> Failure {
    Failure::usage(format!("what to compare with, {name}: {failure}"))
}

fn compare(
    project: &Project,
    baseline: &Baseline,
    candidates: &[Desired],
    chosen: Option<&[String]>,
) -> Result<Outcome, Failure> {
    let key = |schema: &Desired| (schema.subject.clone(), schema.version);
    let old: BTreeMap<_, &Desired> = baseline.schemas.iter().map(|s| (key(s), s)).collect();
    let new: HashSet<_> = candidates.iter().map(key).collect();
    let mut base = Base::new(baseline.configs.clone());
    for schema in &baseline.schemas {
        let file = match baseline.is_earlier {
            true => format!("{} of {}", schema.path, baseline.name),
            false => baseline.name.clone(),
        };
        base.put(schema, file)?;
    }
    // A schema that refers to a changed one is another one, too.
    let mut changed: HashSet<&str> = HashSet::new();
    let mut outcome = Outcome {
        against: baseline.name.clone(),
        checked: Vec::new(),
        unchanged: 0,
        texts: candidates
            .iter()
            .map(|c| (c.path.clone(), c.text.clone()))
            .collect(),
    };
    let mut moved: HashSet<&str> = HashSet::new();
    for candidate in candidates {
        let same = old.get(&key(candidate)).is_some_and(|old| {
            let names = |s: &Desired| -> Vec<_> {
                let all = s.references.iter();
                all.map(|r| (r.name.clone(), r.subject.clone(), r.version))
                    .collect()
            };
            old.schema_type == candidate.schema_type
                && old.text == candidate.text
                && names(old) == names(candidate)
        });
        let refers = |r: &super::project::DesiredReference| changed.contains(r.subject.as_str());
        if same && !candidate.references.iter().any(refers) {
            outcome.unchanged += 1;
            continue;
        }
        // A renamed file whose subject is another one now is compared with what it was.
        let before = baseline.renamed.get(&candidate.path);
        let before = before.and_then(|path| baseline.schemas.iter().find(|s| s.path == *path));
        let before = before.filter(|b| b.subject != candidate.subject && !new.contains(&key(b)));
        if let Some(before) = before {
            moved.insert(&before.subject);
        }
        let told = chosen.is_none_or(|paths| {
            paths.iter().any(|path| {
                candidate.path == *path
                    || path.is_empty()
                    || candidate
                        .path
                        .strip_prefix(path.as_str())
                        .is_some_and(|r| r.starts_with('/'))
            })
        });
        if told {
            let judged = judge::judge(project, &mut base, candidate, before, candidates)?;
            outcome.checked.push(judged);
        }
        changed.insert(&candidate.subject);
        base.put(candidate, candidate.path.clone())?;
    }
    for (key, schema) in &old {
        if baseline.is_earlier
            && !new.contains(key)
            && !moved.contains(schema.subject.as_str())
            && chosen.is_none()
        {
            outcome
                .checked
                .extend(judge::deleted(project, schema, &baseline.name));
        }
    }
    Ok(outcome)
}
