//! One candidate: what the engine says of it, as things to tell.

use super::base::Base;
use crate::cli::exit::Failure;
use crate::cli::output::{Checked, Diagnostic, State, Weight};
use crate::cli::project::{Desired, Project, Rating, today};
use crate::compat::report::{Direction, Finding, Report, Severity, VerdictPolicy};
use crate::format::truth::Outcome as Truth;
use crate::model::Subject;
use crate::registry::candidate::Candidate;
use crate::registry::check;
use crate::registry::library::Stop;
use crate::registry::verdict::Detail;
use crate::wire::ReferenceBody;

/// How many obstacles are told of one schema.
const OBSTACLES: usize = 10;

pub(super) fn at_start(
    schema: &Desired,
    rule: &str,
    weight: Weight,
    message: String,
) -> Diagnostic {
    Diagnostic {
        weight,
        rule: rule.to_owned(),
        subject: schema.subject.clone(),
        message,
        path: schema.path.clone(),
        line: 1,
        column: 1,
        end_line: 1,
        end_column: 1,
        against: None,
        finding: None,
        suppressed: None,
    }
}

/// Checks a candidate. `before` is what it was under another subject.
pub(super) fn judge(
    project: &Project,
    base: &mut Base,
    schema: &Desired,
    before: Option<&Desired>,
    all: &[Desired],
) -> Result<Checked, Failure> {
    let own = Subject::parse(&schema.subject);
    let subject = before.map_or_else(|| own.clone(), |b| Subject::parse(&b.subject));
    base.configure(&subject, &project.settings)?;
    let candidate = Candidate {
        text: Some(schema.text.clone()),
        type_name: Some(schema.schema_type.as_str().to_owned()),
        references: schema
            .references
            .iter()
            .map(|r| ReferenceBody {
                name: Some(r.name.clone()),
                subject: Some(r.subject.clone()),
                version: Some(r.version.unwrap_or(-1)),
            })
            .collect(),
        ..Candidate::default()
    };
    let library = base.library();
    let mut checked = Checked {
        subject: schema.subject.clone(),
        path: schema.path.clone(),
        state: State::Compatible,
        diagnostics: Vec::new(),
        report: None,
    };
    let verdict = check::check(&library, &subject, None, &candidate, false, Detail::Report);
    let report = match verdict {
        Ok(verdict) => verdict.report,
        Err(Stop::Refused(refusal)) => {
            checked.state = State::Invalid;
            let told = at_start(
                schema,
                "check/invalid-schema",
                Weight::Error,
                refusal.to_string(),
            );
            checked.diagnostics.push(told);
            return Ok(checked);
        }
        Err(Stop::Need(_)) => {
            return Err(Failure::outside(format!(
                "{}: a schema that it is compared with is not at hand",
                schema.path
            )));
        }
    };
    if let Some(before) = before {
        checked.diagnostics.push(at_start(
            schema,
            "check/subject-renamed",
            Weight::Warning,
            format!(
                "the subject {} is called {} now: who uses the old one does not see this",
                before.subject, schema.subject
            ),
        ));
    }
    let Some(report) = report else {
        return Ok(checked);
    };
    if library.index.live(&subject).next().is_none() {
        checked.state = State::New;
    }
    for finding in &report.findings {
        let weight = if decides(finding, &report) {
            Weight::Error
        } else {
            Weight::Warning
        };
        let against = finding
            .against
            .map(|version| match base.file(&subject, version) {
                Some(file) => format!("version {version}, {file}"),
                None => format!("version {version}"),
            });
        checked
            .diagnostics
            .push(placed(schema, finding, weight, against, all));
    }
    let rating = project.settings.undecided(&schema.subject);
    let open = report.policy != VerdictPolicy::Confluent
        && report.verdicts.semantic == Truth::Undecided
        && rating != Rating::Ok;
    if open {
        let weight = if rating == Rating::Error {
            Weight::Error
        } else {
            Weight::Warning
        };
        for undecided in report.undecided.iter().take(OBSTACLES) {
            let message = format!(
                "cannot tell whether records are read as they were written: {} at {}",
                undecided.construct,
                if undecided.pointer.is_empty() {
                    "the root"
                } else {
                    &undecided.pointer
                }
            );
            checked
                .diagnostics
                .push(at_start(schema, "check/undecided", weight, message));
        }
        if report.undecided.is_empty() {
            let message = "cannot tell whether records are read as they were written".to_owned();
            checked
                .diagnostics
                .push(at_start(schema, "check/undecided", weight, message));
        }
    }
    let refused = report.findings.iter().any(|f| decides(f, &report));
    if refused {
        checked.state = State::Incompatible;
    } else if report.verdicts.semantic == Truth::Undecided
        && report.policy != VerdictPolicy::Confluent
    {
        checked.state = State::Undecided;
    } else if !report.compatible {
        checked.state = State::Incompatible;
        let message = "the schema may not join its history".to_owned();
        checked.diagnostics.push(at_start(
            schema,
            "check/incompatible",
            Weight::Error,
            message,
        ));
    }
    checked.report = Some(report);
    let today = today();
    for told in &mut checked.diagnostics {
        if let Some(known) = project
            .settings
            .suppression(&told.rule, &told.subject, today)
        {
            let (who, until) = (&known.owner, known.until);
            if known.counts(today) {
                told.weight = Weight::Note;
                told.suppressed = Some(format!("{who} until {until}: {}", known.reason));
            } else {
                told.suppressed = Some(format!("by {who}, ended on {until}: {}", known.reason));
            }
        }
    }
    Ok(checked)
}

/// Whether a finding is one for which the policy refuses the schema.
fn decides(finding: &Finding, report: &Report) -> bool {
    let broken = finding.severity == Severity::Broken && finding.mapping.is_none();
    match report.policy {
        VerdictPolicy::Confluent => finding.confluent,
        VerdictPolicy::Semantic if report.fell_back => finding.confluent,
        VerdictPolicy::Semantic => broken,
        VerdictPolicy::Strictest => broken || finding.confluent,
    }
}

/// A finding at its place in the candidate's files.
fn placed(
    schema: &Desired,
    finding: &Finding,
    weight: Weight,
    against: Option<String>,
    all: &[Desired],
) -> Diagnostic {
    let site = match finding.direction {
        Direction::Backward => &finding.reader,
        Direction::Forward => &finding.writer,
    };
    let path = match &site.reference {
        None => Some(schema.path.as_str()),
        Some(name) => referenced(schema, name, all),
    };
    let mut told = at_start(schema, &finding.rule, weight, finding.message.clone());
    told.against = against;
    told.finding = Some(finding.clone());
    if let (Some(path), Some(line), Some(column)) = (path, site.line, site.column) {
        told.path = path.to_owned();
        told.line = line;
        told.column = column;
        told.end_line = site.end_line.unwrap_or(line);
        told.end_column = site.end_column.unwrap_or(column);
    }
    told
}

/// The file of a reference, directly or not.
fn referenced<'a>(schema: &'a Desired, name: &str, all: &'a [Desired]) -> Option<&'a str> {
    let mut seen = std::collections::HashSet::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        for reference in &schema.references {
            let Some(path) = reference.path.as_deref() else {
                continue;
            };
            if reference.name == name {
                return Some(path);
            }
            if seen.insert(path) {
                open.extend(all.iter().find(|s| s.path == path));
            }
        }
    }
    None
}

/// What is said of a schema whose file is gone.
pub(super) fn deleted(project: &Project, schema: &Desired, base: &str) -> Option<Checked> {
    let weight = match project.settings.check.deleted {
        Some(Rating::Ok) => return None,
        None | Some(Rating::Warn) => Weight::Warning,
        Some(Rating::Error) => Weight::Error,
    };
    let message = format!("the schema of {} is gone: {base} has it", schema.subject);
    Some(Checked {
        subject: schema.subject.clone(),
        path: schema.path.clone(),
        state: State::Deleted,
        diagnostics: vec![at_start(schema, "check/schema-deleted", weight, message)],
        report: None,
    })
}
