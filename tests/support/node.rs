//! An `accord serve` process, and what is asked of it over HTTP.

use reqwest::Method;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(30);
const ANSWER: Duration = Duration::from_secs(60);
/// How long to wait before something is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// A deadline for a condition that is asked again and again.
pub struct Until(Instant);

impl Until {
    /// So many seconds from now.
    pub fn seconds(seconds: u64) -> Self {
        Self(Instant::now() + Duration::from_secs(seconds))
    }

    /// Time to ask again; fails with `what` at the deadline.
    pub async fn or_fail(&self, what: &str) {
        assert!(Instant::now() < self.0, "{what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// A running server. Killed when dropped.
pub struct Node {
    child: Child,
    client: Client,
    errors: tokio::task::JoinHandle<String>,
}

impl Node {
    /// Starts one on a port of its own, and waits until it says which.
    pub async fn start(database: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_accord"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--database-url",
                database,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut stderr = child.stderr.take().expect("a pipe");
        let errors = tokio::spawn(async move {
            let mut text = Vec::new();
            // A process that was killed leaves half a line behind.
            let _ = stderr.read_to_end(&mut text).await;
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = tokio::time::timeout(START, lines.next_line()).await;
        let Ok(Ok(Some(line))) = first else {
            let _ = child.start_kill();
            panic!(
                "no first line: {first:?}; it said: {}",
                errors.await.unwrap_or_default()
            );
        };
        let url = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("{line}"));
        // The HTTP client asks for a TLS provider even where it needs none; another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(ANSWER)
            .build()
            .expect("a client");
        Self {
            client: Client {
                http,
                url: url.to_owned(),
            },
            child,
            errors,
        }
    }

    /// Something to ask it with.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Something to kill it with, from elsewhere.
    pub fn killer(&self) -> Killer {
        Killer(self.child.id().expect("the process runs"))
    }

    /// Waits for the end of a process that was killed.
    pub async fn is_dead(&mut self) -> bool {
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        ended.is_ok_and(|status| status.is_ok_and(|status| status.code().is_none()))
    }

    /// Ends it as an operator does, and wants that to go well.
    pub async fn stop(mut self) {
        signal("-TERM", self.child.id().expect("the process runs"));
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        let code = ended
            .ok()
            .and_then(Result::ok)
            .and_then(|status| status.code());
        if code != Some(0) {
            let _ = self.child.start_kill();
            panic!(
                "it ended with {code:?}; it said: {}",
                self.errors.await.unwrap_or_default()
            );
        }
    }
}

/// Kills a process with `kill -9`.
pub struct Killer(u32);

impl Killer {
    /// Does it.
    pub fn kill(&self) {
        signal("-KILL", self.0);
    }
}

fn signal(name: &str, process: u32) {
    let sent = std::process::Command::new("kill")
        .args([name, &process.to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "kill {name} {process}"
    );
}

/// Asks one node.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    /// Asks; an error if there was no answer.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), reqwest::Error> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/vnd.schemaregistry.v1+json")
                .body(body.to_string());
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((status, response.json().await?))
    }

    /// Asks for something that is no JSON.
    pub async fn text(&self, path: &str) -> String {
        let response = self.http.get(format!("{}{path}", self.url)).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "GET {path}");
        response.text().await.expect("a text")
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, None).await.expect("an answer");
        assert_eq!(status, 200, "GET {path}: {answer}");
        answer
    }

    /// Registers, and again when the node is too busy. Id and version; no text if there was no answer.
    pub async fn register(
        &self,
        subject: &str,
        body: &Value,
    ) -> Result<(i64, i64), Option<String>> {
        let path = format!("/subjects/{subject}/versions");
        let until = Until::seconds(60);
        loop {
            let (status, answer) = self
                .call("POST", &path, Some(body))
                .await
                .map_err(|_| None)?;
            match (status, answer["id"].as_i64(), answer["version"].as_i64()) {
                (200, Some(id), Some(version)) => return Ok((id, version)),
                (503, ..) => {
                    until
                        .or_fail(&format!("too busy for too long: {answer}"))
                        .await
                }
                _ => return Err(Some(format!("{status} {answer}"))),
            }
        }
    }
}

/// A write that was answered.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The subject.
    pub subject: String,
    /// The request.
    pub schema: Value,
    /// The id that was answered.
    pub id: i64,
    /// The version that was answered.
    pub version: i64,
}

/// Reads every acknowledged write by version and by id, once each.
pub async fn verify(node: &Node, acknowledged: &[Acknowledged]) {
    let client = node.client();
    let mut seen = BTreeSet::new();
    for a in acknowledged {
        if !seen.insert((&a.subject, a.version, a.id)) {
            continue;
        }
        let version = client
            .get(&format!("/subjects/{}/versions/{}", a.subject, a.version))
            .await;
        assert_eq!(version["id"], a.id, "{a:?}");
        let by_id = client.get(&format!("/schemas/ids/{}", a.id)).await;
        for read in [&version, &by_id] {
            assert_eq!(
                parsed(&read["schema"]),
                parsed(&a.schema["schema"]),
                "{a:?}"
            );
        }
    }
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().expect("a text")).expect("a schema is JSON")
}

/// All a node says: per subject and version, what it holds.
#[derive(Debug, PartialEq)]
pub struct Snapshot(BTreeMap<String, BTreeMap<i64, Value>>);

/// Asks a node for everything.
pub async fn snapshot(node: &Node) -> Snapshot {
    let client = node.client();
    let mut all = BTreeMap::new();
    for subject in client.get("/subjects").await.as_array().expect("a list") {
        let subject = subject.as_str().expect("a name").to_owned();
        let mut versions = BTreeMap::new();
        let numbers = client.get(&format!("/subjects/{subject}/versions")).await;
        for number in numbers.as_array().expect("a list") {
            let read = client
                .get(&format!("/subjects/{subject}/versions/{number}"))
                .await;
            let twice = versions.insert(number.as_i64().expect("a number"), read);
            assert!(twice.is_none(), "{subject} lists version {number} twice");
        }
        all.insert(subject, versions);
    }
    Snapshot(all)
}

impl Snapshot {
    /// Every subject and version.
    pub fn places(&self) -> Vec<(String, i64)> {
        let of = |(subject, versions): (&String, &BTreeMap<i64, Value>)| {
            versions
                .keys()
                .map(|&v| (subject.clone(), v))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// Versions count from 1; an id stands for one content.
    pub fn is_without_gaps(&self) {
        let mut contents: BTreeMap<i64, &Value> = BTreeMap::new();
        let mut ids: BTreeMap<&str, i64> = BTreeMap::new();
        for (subject, versions) in &self.0 {
            let expected: Vec<i64> = (1..).take(versions.len()).collect();
            let numbers: Vec<i64> = versions.keys().copied().collect();
            assert_eq!(numbers, expected, "{subject}");
            for read in versions.values() {
                let id = read["id"].as_i64().expect("an id");
                let text = &read["schema"];
                assert_eq!(
                    *contents.entry(id).or_insert(text),
                    text,
                    "id {id} stands for two"
                );
                let text = text.as_str().expect("a text");
                assert_eq!(*ids.entry(text).or_insert(id), id, "{text} has two ids");
            }
        }
    }
}
