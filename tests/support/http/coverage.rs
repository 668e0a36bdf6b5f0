//! What the scenarios have exercised, and what they should have.

use super::contract::Contract;
use super::scenario::{Scenario, read_yaml};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

/// Section 9 of the contract, as far as the server implements it; 75 to 79 belong to later parts.
const SURPRISES: std::ops::RangeInclusive<u64> = 1..=74;

/// Collects from all scenarios at once.
#[derive(Default)]
pub struct Coverage {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    statuses: BTreeSet<(String, String)>,
    parameters: BTreeSet<(String, String)>,
}

impl Coverage {
    /// Notes an answer, and the query parameters that were sent.
    pub fn note(&self, operation: &str, status: u16, raw_path: &str) {
        let Ok(mut seen) = self.seen.lock() else {
            return;
        };
        seen.statuses
            .insert((operation.to_owned(), status.to_string()));
        let query = raw_path.split_once('?').map_or("", |(_, query)| query);
        for pair in query.split('&') {
            let name = pair.split('=').next().unwrap_or_default();
            seen.parameters
                .insert((operation.to_owned(), name.to_owned()));
        }
    }

    /// What is missing, or listed as missing without being so.
    pub fn verdict(
        &self,
        contract: &Contract,
        scenarios: &[Scenario],
        list: &Path,
    ) -> Result<Vec<String>, String> {
        let list = read_yaml(list)?;
        let seen = self.seen.lock().map_err(|e| e.to_string())?;
        let mut statuses = BTreeSet::new();
        let mut parameters = BTreeSet::new();
        for operation in contract.operations() {
            for status in operation.statuses.iter().filter(|s| *s != "default") {
                statuses.insert((operation.id.clone(), status.clone()));
            }
            for name in &operation.query {
                parameters.insert((operation.id.clone(), name.clone()));
            }
        }
        let pinned: BTreeSet<u64> = scenarios
            .iter()
            .flat_map(|s| s.surprises.iter().copied())
            .collect();
        let mut complaints = Vec::new();
        complain(
            "answer",
            &statuses,
            &seen.statuses,
            &reasons(&list, "answers")?,
            &mut complaints,
        );
        complain(
            "parameter",
            &parameters,
            &seen.parameters,
            &reasons(&list, "parameters")?,
            &mut complaints,
        );
        let number = |n: u64| ("surprise".to_owned(), n.to_string());
        complain(
            "surprise",
            &SURPRISES.map(number).collect(),
            &pinned.into_iter().map(number).collect(),
            &reasons(&list, "surprises")?,
            &mut complaints,
        );
        Ok(complaints)
    }
}

type Pair = (String, String);

fn complain(
    what: &str,
    wanted: &BTreeSet<Pair>,
    seen: &BTreeSet<Pair>,
    reasons: &BTreeMap<Pair, String>,
    complaints: &mut Vec<String>,
) {
    for pair in wanted {
        match (seen.contains(pair), reasons.contains_key(pair)) {
            (false, false) => complaints.push(format!(
                "{what} without a scenario or a reason: {} {}",
                pair.0, pair.1
            )),
            (true, true) => complaints.push(format!(
                "{what} that has a scenario is listed as unexercised: {} {}",
                pair.0, pair.1
            )),
            _ => {}
        }
    }
    for pair in reasons.keys().filter(|p| !wanted.contains(*p)) {
        complaints.push(format!(
            "unexercised.yaml lists what does not exist: {what} {} {}",
            pair.0, pair.1
        ));
    }
}

/// Reads `{reason, of: [operation name, …]}` entries.
fn reasons(list: &Value, section: &str) -> Result<BTreeMap<Pair, String>, String> {
    let wrong = |entry: &Value| format!("unexercised.yaml: {section}: not an entry: {entry}");
    let mut reasons = BTreeMap::new();
    for entry in list[section].as_array().into_iter().flatten() {
        let reason = entry["reason"].as_str().ok_or_else(|| wrong(entry))?;
        for item in entry["of"].as_array().ok_or_else(|| wrong(entry))? {
            let pair = match item {
                Value::Number(n) => ("surprise".to_owned(), n.to_string()),
                Value::String(text) => {
                    let (a, b) = text.split_once(' ').ok_or_else(|| wrong(entry))?;
                    (a.to_owned(), b.to_owned())
                }
                _ => return Err(wrong(entry)),
            };
            reasons.insert(pair, reason.to_owned());
        }
    }
    Ok(reasons)
}
