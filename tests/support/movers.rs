//! Servers and commands for tests that move registries, and a registry that has everything once.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// What clients leave as it is in a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// How long to wait before something is asked again.
const PAUSE: Duration = Duration::from_millis(10);

/// A subject as a segment of a path.
pub fn encoded(subject: &str) -> String {
    utf8_percent_encode(subject, SEGMENT).to_string()
}

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

/// The program, called with these arguments and nothing of the caller's settings.
pub fn accord(arguments: &[&str]) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accord"));
    command
        .args(arguments)
        .env_remove("ACCORD_REGISTRY")
        .env_remove("ACCORD_CONTEXT")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    Call(command)
}

/// A command to be run.
pub struct Call(Command);

/// What a command came to.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; -1 if it was killed.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
}

impl Run {
    /// What it printed, which is JSON, if it ended with this code.
    pub fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Call {
    /// Runs it.
    pub async fn output(self) -> Run {
        self.spawn().output().await
    }

    /// Begins it.
    pub fn spawn(mut self) -> Running {
        Running(self.0.spawn().expect("the program starts"))
    }
}

/// A command that runs.
pub struct Running(Child);

impl Running {
    /// Whether it does.
    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Kills it without a warning.
    pub async fn kill(&mut self) {
        self.0.kill().await.expect("it is killed");
    }

    /// Sends it a signal.
    pub fn signal(&mut self, name: &str) {
        let process = self.0.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &process])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {name}");
    }

    /// Waits for its end.
    pub async fn output(self) -> Run {
        let done = self.0.wait_with_output().await.expect("it ends");
        Run {
            code: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8(done.stdout).expect("text"),
            stderr: String::from_utf8(done.stderr).expect("text"),
        }
    }
}

/// A running server. Killed when dropped.
pub struct Server {
    /// Where it is.
    pub url: String,
    http: reqwest::Client,
    _child: Child,
}

impl Server {
    /// Starts one on a port of its own.
    pub async fn start(database: &str) -> Self {
        let listen = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            database,
        ];
        let mut child = Command::new(env!("CARGO_BIN_EXE_accord"))
            .args(listen)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
        let line = line.expect("in time").expect("a line").expect("a line");
        let url = line.strip_prefix("listening on ").expect("an address");
        // The HTTP client asks for a TLS provider even where it needs none; another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            url: url.to_owned(),
            http: reqwest::Client::new(),
            _child: child,
        }
    }

    /// Asks.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(body) = body.filter(|body| !body.is_null()) {
            request = request
                .header("content-type", "application/vnd.schemaregistry.v1+json")
                .body(body.to_string());
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        (status, response.json().await.expect("JSON"))
    }

    /// Reads what is there.
    pub async fn get(&self, path: &str) -> Value {
        self.ok("GET", path, &Value::Null).await
    }

    /// Asks for what has to succeed.
    pub async fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.call(method, path, Some(body)).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// How many entries its log has.
    pub async fn revision(&self) -> i64 {
        let answer = self.get("/accord/v1/revision").await;
        answer["revision"].as_i64().expect("a number")
    }
}

/// Registers, and returns the id.
async fn register(server: &Server, subject: &str, body: Value) {
    let path = format!("/subjects/{}/versions", encoded(subject));
    server.ok("POST", &path, &body).await;
}

/// Everything that has to be kept, once: contexts, references within and between, soft deletes, a live version that
/// refers to a soft-deleted one, one id in several versions and subjects, metadata, rules, names that are no plain
/// words, settings of every scope, an alias, and a read-only subject.
pub async fn seed(server: &Server) {
    let money = json!({"schema": r#"{"type":"record","name":"Money","namespace":"a","fields":[{"name":"m","type":"long"}]}"#});
    let of_money = json!([{"name": "a.Money", "subject": "money", "version": 1}]);
    let order = |more: &str| {
        format!(
            r#"{{"type":"record","name":"Order","fields":[{{"name":"p","type":"a.Money"}}{more}]}}"#
        )
    };
    let none = json!({"compatibility": "NONE"});
    server.ok("PUT", "/config", &none).await;
    register(server, "money", money.clone()).await;
    register(
        server,
        "orders-value",
        json!({"schema": order(""), "references": of_money}),
    )
    .await;
    let more = order(r#",{"name":"q","type":"int","default":1}"#);
    let metadata =
        json!({"properties": {"owner": "x"}, "tags": {"**.p": ["PII"]}, "sensitive": ["owner"]});
    register(
        server,
        "orders-value",
        json!({"schema": more, "references": of_money, "metadata": metadata}),
    )
    .await;
    register(server, "a/b?c %d ü", json!({"schema": "\"string\""})).await;
    register(server, "dup", json!({"schema": "\"string\""})).await;
    register(server, ":.stg:money", money).await;
    register(
        server,
        ":.stg:o",
        json!({"schema": order(""), "references": of_money}),
    )
    .await;
    let across = json!([{"name": "a.Money", "subject": ":.stg:money", "version": 1}]);
    register(
        server,
        "across",
        json!({"schema": order(""), "references": across}),
    )
    .await;

    let delete = async |path: &str| server.ok("DELETE", path, &Value::Null).await;
    // Registered again after it was deleted: the old version is gone, its id is not.
    register(server, "s", json!({"schema": "\"int\""})).await;
    register(server, "s", json!({"schema": "\"long\""})).await;
    delete("/subjects/s/versions/1").await;
    register(server, "s", json!({"schema": "\"int\""})).await;
    // A live version refers to a soft-deleted one, which shares its id with a live one.
    let t =
        json!({"schema": r#"{"type":"record","name":"T","fields":[{"name":"x","type":"int"}]}"#});
    let u = json!({
        "schema": r#"{"type":"record","name":"U","fields":[{"name":"x","type":"T"}]}"#,
        "references": [{"name": "T", "subject": "t", "version": 1}],
    });
    register(server, "t", t.clone()).await;
    register(server, "u", u.clone()).await;
    delete("/subjects/u/versions/1").await;
    delete("/subjects/t/versions/1").await;
    register(server, "u", u).await;
    register(server, "t", t).await;
    register(server, "gone", json!({"schema": "\"bytes\""})).await;
    delete("/subjects/gone").await;
    register(server, "p", json!({"schemaType": "PROTOBUF", "schema": "syntax = \"proto3\";\nmessage A { string x = 1; }"})).await;
    let rules = json!({"domainRules": [{"name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "true"}]});
    register(
        server,
        "j",
        json!({"schemaType": "JSON", "schema": "{\"type\":\"object\"}", "ruleSet": rules}),
    )
    .await;

    let put = async |path: &str, body: Value| server.ok("PUT", path, &body).await;
    register(server, "al", json!({"schema": "\"double\""})).await;
    put("/config/al", json!({"alias": "orders-value"})).await;
    put(
        "/config/orders-value",
        json!({"compatibility": "FULL", "normalize": true}),
    )
    .await;
    put("/config/:.stg:", json!({"compatibility": "FORWARD"})).await;
    put("/config/:.__GLOBAL:", json!({"compatibility": "FULL"})).await;
    register(server, "ro", json!({"schema": "\"float\""})).await;
    put("/config/ro", json!({"compatibility": "NONE"})).await;
    put("/mode/ro", json!({"mode": "READONLY"})).await;
    put("/mode/:.stg:", json!({"mode": "READONLY"})).await;
}

/// An answer without the times of registration, which no API carries over.
fn timeless(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(members) => drop(members.remove("ts")),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = timeless(item.take())),
        _ => {}
    }
    answer
}

/// Both servers say the same of every subject, version and id.
pub async fn same(source: &Server, target: &Server) {
    let mut paths: Vec<String> = ["", "&deleted=true", "&deletedOnly=true"]
        .map(|more| format!("/subjects?subjectPrefix=:*:{more}"))
        .to_vec();
    paths.push("/contexts".to_owned());
    let subjects = source.get("/subjects?subjectPrefix=:*:&deleted=true").await;
    for subject in subjects.as_array().expect("a list") {
        let subject = encoded(subject.as_str().expect("a name"));
        let at = format!("/subjects/{subject}/versions");
        paths.push(at.clone());
        let (_, numbers) = source
            .call("GET", &format!("{at}?deleted=true"), None)
            .await;
        for number in numbers.as_array().into_iter().flatten() {
            paths.push(format!("{at}/{number}?deleted=true"));
            paths.push(format!("{at}/{number}"));
            let one = source.get(&format!("{at}/{number}?deleted=true")).await;
            let id = &one["id"];
            for more in ["", "/subjects", "/versions"] {
                paths.push(format!(
                    "/schemas/ids/{id}{more}?subject={subject}&deleted=true"
                ));
            }
        }
        for settings in ["config", "mode"] {
            paths.push(format!("/{settings}/{subject}"));
        }
    }
    paths.sort();
    paths.dedup();
    for path in &paths {
        let (a, b) = tokio::join!(
            source.call("GET", path, None),
            target.call("GET", path, None)
        );
        assert_eq!((a.0, timeless(a.1)), (b.0, timeless(b.1)), "GET {path}");
    }
    println!("{} answers are the same", paths.len());
}

/// Modes at the target are the source's.
pub async fn nothing_is_open(source: &Server, target: &Server) {
    let subjects = source.get("/subjects?subjectPrefix=:*:&deleted=true").await;
    let names = subjects.as_array().expect("a list").iter();
    let names = names.map(|name| format!("/mode/{}", encoded(name.as_str().expect("a name"))));
    for path in names.chain(["/mode".to_owned(), "/mode/:.stg:".to_owned()]) {
        let (a, b) = tokio::join!(
            source.call("GET", &path, None),
            target.call("GET", &path, None)
        );
        assert_eq!(a, b, "{path}");
        assert_ne!(b.1["mode"], "IMPORT", "{path}");
    }
}
