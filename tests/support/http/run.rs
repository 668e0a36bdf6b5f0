//! Runs one scenario against one target.

use super::contract::Contract;
use super::coverage::Coverage;
use super::pattern::{Members, Mismatch, compare};
use super::scenario::{Content, Expect, Scenario, Step};
use super::target::{Outgoing, Target};
use super::vars::Vars;
use super::wire::Answer;
use serde_json::{Value, json};
use std::fmt::Write as _;

const V1: &str = "application/vnd.schemaregistry.v1+json";

/// What scenarios share.
pub struct Judges {
    /// The document that every answer is held against.
    pub contract: Contract,
    /// What was exercised.
    pub coverage: Coverage,
}

/// Plays a scenario; the error is what a person needs to see.
pub async fn play(scenario: &Scenario, target: &Target, judges: &Judges) -> Result<(), String> {
    let result = steps(scenario, target, judges).await;
    match (&scenario.fails, result) {
        (None, result) => result,
        (Some(_), Err(_)) => Ok(()),
        (Some(reason), Ok(())) => Err(format!(
            "{} passes, although it was known to fail ({reason}): take the mark away",
            scenario.name
        )),
    }
}

async fn steps(scenario: &Scenario, target: &Target, judges: &Judges) -> Result<(), String> {
    let mut vars = scenario.vars.clone();
    for (number, step) in scenario.steps.iter().enumerate() {
        for turn in 1..=step.times {
            vars.set("i", json!(turn));
            perform(step, target, judges, &mut vars)
                .await
                .map_err(|problem| {
                    let again = if step.times > 1 {
                        format!(" (time {turn})")
                    } else {
                        String::new()
                    };
                    format!(
                        "{}\n{}, step {}{again}\n{problem}",
                        scenario.title,
                        scenario.name,
                        number + 1
                    )
                })?;
        }
    }
    Ok(())
}

async fn perform(
    step: &Step,
    target: &Target,
    judges: &Judges,
    vars: &mut Vars,
) -> Result<(), String> {
    let mut tasks = Vec::new();
    for n in 1..=step.parallel {
        vars.set("n", json!(n));
        let (outgoing, sent) = prepare(step, vars)?;
        let task = tokio::spawn(target.clone().send(outgoing.clone()));
        tasks.push((n, outgoing, sent, task));
    }
    for (n, outgoing, sent, task) in tasks {
        vars.set("n", json!(n));
        let answer = task.await.map_err(|e| e.to_string())??;
        let mut problems = check(&step.expect, &answer, vars)?;
        if let Err(problem) = hold_against_contract(&outgoing, sent.as_ref(), &answer, judges) {
            problems.push(problem);
        }
        if !problems.is_empty() {
            return Err(describe(&outgoing, &answer, &problems));
        }
    }
    Ok(())
}

/// The request, and its body if that is JSON.
fn prepare(step: &Step, vars: &Vars) -> Result<(Outgoing, Option<Value>), String> {
    let line = vars.fill_text(&step.request)?;
    let (method, path) = line
        .split_once(' ')
        .ok_or_else(|| format!("'{line}' is not METHOD /path"))?;
    let (body, sent) = match &step.content {
        Content::Nothing => (None, None),
        Content::Json(value) => {
            let value = vars.fill(value)?;
            (Some(value.to_string().into_bytes()), Some(value))
        }
        Content::Registration(value) => {
            let value = match vars.fill(value)? {
                Value::String(schema) => json!({ "schema": schema }),
                other => other,
            };
            (Some(value.to_string().into_bytes()), Some(value))
        }
        Content::Text(text) => match vars.fill(text)? {
            Value::String(text) => (Some(text.into_bytes()), None),
            other => return Err(format!("text is {other}")),
        },
    };
    let mut headers = Vec::new();
    let named = |wanted: &str| {
        step.headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case(wanted))
    };
    if body.is_some() && !named("content-type") {
        headers.push(("Content-Type".to_owned(), V1.to_owned()));
    }
    for (name, value) in &step.headers {
        let values = match vars.fill(value)? {
            Value::Null => Vec::new(),
            Value::Array(values) => values,
            one => vec![one],
        };
        for value in values {
            let value = value.as_str().map_or(value.to_string(), str::to_owned);
            headers.push((name.clone(), value));
        }
    }
    let outgoing = Outgoing {
        method: method.to_owned(),
        path: path.trim().to_owned(),
        headers,
        body,
    };
    Ok((outgoing, sent))
}

fn check(expect: &Expect, answer: &Answer, vars: &mut Vars) -> Result<Vec<String>, String> {
    let mut problems = Vec::new();
    let code = match &expect.error_code {
        Some(code) => Some(vars.fill(code)?),
        None => None,
    };
    // The status is the first three digits of a code.
    let implied = code.as_ref().and_then(Value::as_u64).map(|code| {
        let mut status = code;
        while status > 999 {
            status /= 10;
        }
        status
    });
    let status = match &expect.status {
        Some(status) => status.clone(),
        None => json!(implied.unwrap_or(200)),
    };
    let found = compare(&status, Some(&json!(answer.status)), Members::Exactly, vars)?;
    problems.extend(found.into_iter().map(|m| format!("status: {}", line(m))));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let body: Option<Value> = serde_json::from_str(&text).ok();
    let mut patterns = Vec::new();
    if let Some(code) = code {
        patterns.push((json!({ "error_code": code }), Members::AtLeast));
    }
    if let Some(message) = &expect.message {
        patterns.push((json!({ "message": message }), Members::AtLeast));
    }
    if let Some(pattern) = &expect.body {
        patterns.push((pattern.clone(), Members::Exactly));
    }
    if let Some(pattern) = &expect.has {
        patterns.push((pattern.clone(), Members::AtLeast));
    }
    for (pattern, members) in patterns {
        let found = compare(&pattern, body.as_ref(), members, vars)?;
        problems.extend(found.into_iter().map(line));
    }
    if let Some(pattern) = &expect.text {
        let found = compare(pattern, Some(&Value::String(text)), Members::Exactly, vars)?;
        problems.extend(found.into_iter().map(line));
    }
    for (name, pattern) in &expect.headers {
        let value = answer.header(name).map(|v| Value::String(v.to_owned()));
        let absent = json!({ "$absent": true });
        let pattern = if pattern.is_null() { &absent } else { pattern };
        let found = compare(pattern, value.as_ref(), Members::Exactly, vars)?;
        problems.extend(
            found
                .into_iter()
                .map(|m| format!("header {name}: {}", line(m))),
        );
    }
    Ok(problems)
}

fn line(mismatch: Mismatch) -> String {
    format!(
        "{}: expected {}, got {}",
        mismatch.at, mismatch.wanted, mismatch.got
    )
}

fn hold_against_contract(
    outgoing: &Outgoing,
    sent: Option<&Value>,
    answer: &Answer,
    judges: &Judges,
) -> Result<(), String> {
    if matches!(outgoing.method.as_str(), "HEAD" | "OPTIONS") {
        return Ok(());
    }
    let known = judges.contract.find(&outgoing.method, &outgoing.path);
    let Some(Some(operation)) = known else {
        let wanted = if known.is_some() { 405 } else { 404 };
        // A path that a context prefix makes impossible is refused before it is looked for.
        if answer.status != wanted && answer.status != 400 {
            return Err(format!(
                "openapi.yaml does not know the request, but the status is {}",
                answer.status
            ));
        }
        return judges.contract.judge_error(answer);
    };
    judges.contract.judge(operation, answer)?;
    // A verbose check answers 200 about what is not valid.
    if answer.status == 200
        && !outgoing.path.contains("verbose=true")
        && let Some(sent) = sent
    {
        judges.contract.judge_request(operation, sent)?;
    }
    judges
        .coverage
        .note(&operation.id, answer.status, &outgoing.path);
    Ok(())
}

fn describe(outgoing: &Outgoing, answer: &Answer, problems: &[String]) -> String {
    let mut out = format!("  {} {}\n", outgoing.method, outgoing.path);
    if let Some(body) = &outgoing.body {
        let _ = writeln!(out, "  sent: {}", shortened(body));
    }
    for problem in problems {
        let _ = writeln!(out, "  - {problem}");
    }
    let _ = write!(out, "  got: {} {}", answer.status, shortened(&answer.body));
    out
}

fn shortened(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut short: String = text.chars().take(2_000).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
