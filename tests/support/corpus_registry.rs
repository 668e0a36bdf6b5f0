//! A registry behind its router, and a memory of what it acknowledged, to compare later answers with.

use accord::registry::Settings;
use accord::server::{Options, router};
use accord::service::Service;
use axum::Router;
use axum::body::{Body, to_bytes};
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tower::ServiceExt;

const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
/// What clients leave as it is in a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// Longer than any answer.
const BYTES: usize = 64 << 20;

/// A version as it was acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The id.
    pub id: i64,
    /// The GUID.
    pub guid: String,
    /// Every request that was answered with this version.
    pub requests: Vec<Value>,
}

/// What the registry acknowledged.
#[derive(Debug, Default)]
pub struct Known {
    /// Subject, version.
    pub subjects: BTreeMap<String, BTreeMap<i64, Acknowledged>>,
}

/// A running registry.
pub struct Registry {
    router: Router,
    service: Arc<Service>,
    known: Known,
}

impl Registry {
    /// Opens a new one.
    pub async fn open(url: &str) -> Self {
        Self::reopen(url, Known::default()).await
    }

    /// Opens one that has acknowledged something before.
    pub async fn reopen(url: &str, known: Known) -> Self {
        let store = accord::store::open(url).await.expect("the store opens");
        let service = Service::start(store, Settings::default())
            .await
            .expect("the service starts");
        let router = router(service.clone(), &Options::default());
        Self {
            router,
            service,
            known,
        }
    }

    /// Ends it.
    pub async fn close(self) -> Known {
        self.service.stop().await;
        self.known
    }

    /// What it acknowledged.
    pub fn known(&self) -> &Known {
        &self.known
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        let body = match body {
            Some(body) => {
                request = request.header("content-type", MEDIA_TYPE);
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await;
        let response = response.expect("the router always answers");
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), BYTES).await.expect("a body");
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let value = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        (status, value)
    }

    /// `PUT`
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("PUT", path, Some(body)).await
    }

    /// Registers, and remembers the answer. Returns the version.
    pub async fn register(&mut self, subject: &str, body: Value) -> Result<i64, String> {
        let path = format!("/subjects/{}/versions", encode(subject));
        let (status, answer) = self.call("POST", &path, Some(&body)).await;
        if status != 200 {
            let code = &answer["error_code"];
            let message = answer["message"].as_str().unwrap_or_default();
            return Err(format!("{status}/{code}: {}", details(message)));
        }
        let number = |name: &str| answer[name].as_i64().ok_or(format!("no {name}: {answer}"));
        let (id, version) = (number("id")?, number("version")?);
        let guid = answer["guid"].as_str().unwrap_or_default().to_owned();
        let versions = self.known.subjects.entry(subject.to_owned()).or_default();
        let next = versions.keys().next_back().map_or(1, |last| last + 1);
        match versions.get_mut(&version) {
            Some(before) if (before.id, &before.guid) == (id, &guid) => {
                if !before.requests.contains(&body) {
                    before.requests.push(body);
                }
            }
            None if version == next => {
                let requests = vec![body];
                versions.insert(version, Acknowledged { id, guid, requests });
            }
            before => {
                return Err(format!(
                    "answered version {version}, id {id}, when the next one is {next} and the version was {before:?}"
                ));
            }
        }
        Ok(version)
    }

    /// Reads everything back that was acknowledged; returns how many requests that took.
    pub async fn read_back(&self, wrong: &mut Vec<String>) -> usize {
        let mut check = Check {
            registry: self,
            wrong,
            requests: 0,
            contents: HashMap::new(),
            ids: HashMap::new(),
        };
        let names: Vec<&String> = self.known.subjects.keys().collect();
        check.same("/subjects", &serde_json::json!(names)).await;
        for (subject, versions) in &self.known.subjects {
            check.subject(subject, versions).await;
        }
        check.requests
    }
}

/// One comparison of the registry with what it acknowledged.
struct Check<'a> {
    registry: &'a Registry,
    wrong: &'a mut Vec<String>,
    requests: usize,
    /// Text and references, with their id.
    contents: HashMap<(String, String), i64>,
    /// The other way round.
    ids: HashMap<i64, (String, String)>,
}

impl Check<'_> {
    async fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Option<Value> {
        self.requests += 1;
        let (status, answer) = self.registry.call(method, path, body).await;
        if status == 200 {
            return Some(answer);
        }
        self.say(format!("{method} {path}: {status} {answer}"));
        None
    }

    async fn same(&mut self, path: &str, expected: &Value) {
        if let Some(answer) = self.call("GET", path, None).await
            && answer != *expected
        {
            self.say(format!("GET {path}: {answer}, expected {expected}"));
        }
    }

    fn say(&mut self, what: String) {
        self.wrong.push(what.chars().take(1_000).collect());
    }

    async fn subject(&mut self, subject: &str, versions: &BTreeMap<i64, Acknowledged>) {
        let path = format!("/subjects/{}", encode(subject));
        let numbers: Vec<i64> = versions.keys().copied().collect();
        self.same(&format!("{path}/versions"), &serde_json::json!(numbers))
            .await;
        for (&version, acknowledged) in versions {
            let at = format!("{path}/versions/{version}");
            let Some(read) = self.call("GET", &at, None).await else {
                continue;
            };
            self.version(subject, version, acknowledged, &read);
            self.by_id(subject, version, acknowledged.id, &read).await;
            for request in &acknowledged.requests {
                self.finds(&path, version, acknowledged, request).await;
            }
            // The text as it is stored is the same schema, and stays so.
            let mut stored = acknowledged.requests[0].clone();
            stored["schema"] = read["schema"].clone();
            self.finds(&path, version, acknowledged, &stored).await;
            let again = self
                .call("POST", &format!("{path}/versions"), Some(&stored))
                .await;
            self.is(
                &format!("{at} registered again"),
                version,
                acknowledged,
                again,
            );
        }
        let latest = self
            .call("GET", &format!("{path}/versions/latest"), None)
            .await;
        if let Some((&version, acknowledged)) = versions.last_key_value() {
            self.is(&format!("{path} latest"), version, acknowledged, latest);
        }
    }

    /// The members of a version.
    fn version(&mut self, subject: &str, version: i64, known: &Acknowledged, read: &Value) {
        let place = format!("{subject} version {version}");
        let asked = &known.requests[0];
        let text = read["schema"].as_str().unwrap_or_default();
        let expected = [
            ("subject", Value::from(subject)),
            ("version", Value::from(version)),
            ("id", Value::from(known.id)),
            ("guid", Value::from(known.guid.as_str())),
            ("guid", Value::from(guid(text, &asked["references"]))),
            ("schemaType", asked["schemaType"].clone()),
            ("deleted", Value::from(false)),
        ];
        for (name, value) in expected {
            if read[name] != value {
                self.say(format!(
                    "{place}: {name} is {}, expected {value}",
                    read[name]
                ));
            }
        }
        let references = match &asked["references"] {
            Value::Array(list) if list.is_empty() => Value::Null,
            list => list.clone(),
        };
        if read["references"] != references {
            let got = &read["references"];
            self.say(format!(
                "{place}: references are {got}, expected {references}"
            ));
        }
        let content = (text.to_owned(), references.to_string());
        let id = *self.contents.entry(content.clone()).or_insert(known.id);
        if id != known.id {
            self.say(format!(
                "{place}: id {}, but the same content has id {id}",
                known.id
            ));
        }
        if *self.ids.entry(known.id).or_insert_with(|| content.clone()) != content {
            self.say(format!(
                "{place}: id {} has other content elsewhere",
                known.id
            ));
        }
    }

    async fn by_id(&mut self, subject: &str, version: i64, id: i64, read: &Value) {
        let path = format!("/schemas/ids/{id}");
        if let Some(answer) = self.call("GET", &path, None).await {
            for name in ["id", "guid", "schema", "schemaType", "references"] {
                if answer[name] != read[name] {
                    self.say(format!(
                        "{path}: {name} differs from {subject} version {version}"
                    ));
                }
            }
        }
        if let Some(answer) = self.call("GET", &format!("{path}/versions"), None).await {
            let here = serde_json::json!({"subject": subject, "version": version});
            if !answer.as_array().is_some_and(|list| list.contains(&here)) {
                self.say(format!("{path}/versions lacks {here}: {answer}"));
            }
        }
    }

    async fn finds(&mut self, path: &str, version: i64, known: &Acknowledged, request: &Value) {
        let found = self.call("POST", path, Some(request)).await;
        self.is(&format!("{path} looked up"), version, known, found);
    }

    fn is(&mut self, place: &str, version: i64, known: &Acknowledged, answer: Option<Value>) {
        let Some(answer) = answer else { return };
        let got = (answer["version"].as_i64(), answer["id"].as_i64());
        if got != (Some(version), Some(known.id)) {
            self.say(format!(
                "{place}: version and id are {got:?}, expected {version}, {}",
                known.id
            ));
        }
    }
}

/// The GUID of a content without metadata and rules, by the contract's section 3.4.
fn guid(text: &str, references: &Value) -> String {
    let mut hash = Md5::new();
    hash.update(text);
    for reference in references.as_array().into_iter().flatten() {
        hash.update(reference["name"].as_str().unwrap_or_default());
        hash.update(reference["subject"].as_str().unwrap_or_default());
        let version = reference["version"].as_i64().unwrap_or_default();
        hash.update(i32::try_from(version).unwrap_or_default().to_be_bytes());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let part = |range| hex.get(range).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

/// The part of a message that says what is wrong: before it, there may be the whole schema.
fn details(message: &str) -> &str {
    message
        .rsplit_once("details: ")
        .map_or(message, |(_, details)| details)
}

fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}
