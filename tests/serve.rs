//! The program as operators and clients meet it: a process, its port, its signals, its exit codes.
//!
//! Requests are written byte by byte where the bytes matter.
#![cfg(all(feature = "cli", feature = "sqlite"))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; ends with the test.
struct Server {
    child: Child,
    address: String,
    log: Receiver<String>,
    /// What the log said, once it was waited for.
    lines: Vec<String>,
}

fn accord(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accord"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ACCORD_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command that is expected to end by itself.
fn ended(arguments: &[&str]) -> (i32, Output) {
    let output = accord(arguments).output().unwrap();
    (output.status.code().unwrap(), output)
}

/// The lines of a stream, read in the background so that the process never waits for us.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn start_with(mut command: Command) -> Server {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = lines(child.stdout.take().unwrap());
    let log = lines(child.stderr.take().unwrap());
    let Ok(first) = out.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        panic!("no first line; log: {:?}", log.iter().collect::<Vec<_>>());
    };
    let address = first
        .strip_prefix("listening on http://")
        .unwrap_or_else(|| panic!("{first}"))
        .to_owned();
    Server {
        child,
        address,
        log,
        lines: Vec::new(),
    }
}

fn start(arguments: &[&str]) -> Server {
    let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
    all.extend(arguments);
    start_with(accord(&all))
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

impl Server {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        rest(&mut stream)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        self.raw(
            format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        )
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end, which is when nobody holds the log's other end any more.
    fn wait(&mut self) -> ExitStatus {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => self.lines.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("the server does not end: {:?}", self.lines)
                }
            }
        }
    }

    fn terminate(&mut self) -> i32 {
        self.signal("TERM");
        self.wait().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is an end too.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// Reads one answer with a length from a connection that stays open.
fn one(reader: &mut BufReader<TcpStream>) -> (String, String) {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        assert!(
            reader.read_line(&mut line).unwrap() > 0,
            "closed after: {head}"
        );
        if line == "\r\n" {
            break;
        }
        head.push_str(&line.to_lowercase());
    }
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))
        .map_or(0, |n| n.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn it_starts_answers_and_stops() {
    for signal in ["TERM", "INT"] {
        let mut server = start(&["--database-url", "memory:"]);
        let answer = server.ask("GET", "/", "");
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("{}"),
            "{answer}"
        );
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal}");
        assert!(TcpStream::connect(&server.address).is_err());
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let database = url(&directory.path().join("registry.db"));
    let mut server = start(&["--database-url", &database]);
    let answer = server.ask("PUT", "/config/s", r#"{"compatibility":"FULL"}"#);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.signal("KILL");
    server.wait();
    let server = start(&["--database-url", &database]);
    assert!(
        server
            .ask("GET", "/config/s", "")
            .ends_with(r#"{"compatibilityLevel":"FULL"}"#)
    );
}

#[test]
fn one_process_per_file() {
    let directory = tempfile::tempdir().unwrap();
    let database = url(&directory.path().join("registry.db"));
    let _first = start(&["--database-url", &database]);
    let (code, output) = ended(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        &database,
    ]);
    assert_eq!(code, 3);
    assert!(!output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn exit_codes() {
    let server = start(&["--database-url", "memory:"]);
    for (arguments, code) in [
        (
            &[
                "serve",
                "--listen",
                &server.address,
                "--database-url",
                "memory:",
            ][..],
            3,
        ),
        (&["serve", "--database-url", "ftp://x"], 2),
        (
            &[
                "serve",
                "--database-url",
                "sqlite:///no/such/directory/x.db",
                "--listen",
                "127.0.0.1:0",
            ],
            3,
        ),
        (&["serve", "--compatibility-level", "sometimes"], 2),
        (&["serve", "--incompatible-code", "400"], 2),
        (&["serve", "--request-timeout", "-1"], 2),
        (&["serve", "--log-level", "a=b=c"], 2),
        (&["serve", "--no-such-option"], 2),
        (&["frobnicate"], 2),
        (&[], 2),
        (&["database", "upgrade"], 2),
        (&["--help"], 0),
        (&["serve", "--help"], 0),
        (&["--version"], 0),
    ] {
        let (got, output) = ended(arguments);
        assert_eq!(
            got,
            code,
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let silent = if code == 0 {
            &output.stderr
        } else {
            &output.stdout
        };
        assert!(silent.is_empty(), "{arguments:?}");
    }
}

#[test]
fn every_option_has_a_variable() {
    let mut command = accord(&["serve"]);
    command
        .env("ACCORD_LISTEN", "127.0.0.1:0")
        .env("ACCORD_DATABASE_URL", "memory:")
        .env("ACCORD_COMPATIBILITY_LEVEL", "full_transitive")
        .env("ACCORD_MODE_MUTABILITY", "no")
        .env("ACCORD_BASE_PATH", "/api/registry")
        .env("ACCORD_CLUSTER_ID", "here");
    let server = start_with(command);
    let answer = server.ask("GET", "/api/registry/config", "");
    assert!(
        answer.ends_with(r#"{"compatibilityLevel":"FULL_TRANSITIVE"}"#),
        "{answer}"
    );
    assert!(
        server
            .ask("PUT", "/mode", r#"{"mode":"READONLY"}"#)
            .contains("42205")
    );
    assert!(
        server
            .ask("GET", "/v1/metadata/id", "")
            .contains(r#""schema-registry-cluster":"here""#)
    );
    // And the secret in one of them is not shown.
    let help = accord(&["serve", "--help"])
        .env("ACCORD_DATABASE_URL", "postgres://u:hunter2@h/d")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("ACCORD_DATABASE_URL") && !help.contains("hunter2"),
        "{help}"
    );
    let options = help
        .lines()
        .filter(|l| l.trim_start().starts_with("--") || l.trim_start().starts_with("-h"));
    let variables = help.matches("[env: ACCORD_").count();
    assert_eq!(
        options.count(),
        variables + 1,
        "each option but --help: {help}"
    );
}

#[test]
fn logs_are_for_machines_if_asked() {
    let mut server = start(&[
        "--database-url",
        "memory:",
        "--log-format",
        "json",
        "--log-level",
        "debug",
    ]);
    server.ask("GET", "/subjects", "");
    assert_eq!(server.terminate(), 0);
    let lines: Vec<serde_json::Value> = server
        .lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let requests: Vec<_> = lines
        .iter()
        .filter(|line| line["path"] == "/subjects")
        .collect();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (&requests[0]["status"], &requests[0]["method"]),
        (&200.into(), &"GET".into())
    );
}

#[test]
fn tables_are_made_apart() {
    let directory = tempfile::tempdir().unwrap();
    let database = url(&directory.path().join("registry.db"));
    let (code, first) = ended(&["database", "upgrade", "--database-url", &database]);
    assert_eq!(code, 0, "{}", String::from_utf8_lossy(&first.stderr));
    let first = String::from_utf8(first.stdout).unwrap();
    assert!(
        first.ends_with(" applied\n") && !first.starts_with('0'),
        "{first}"
    );
    let (_, again) = ended(&["database", "upgrade", "--database-url", &database]);
    assert!(again.stdout.starts_with(b"0 "));
}

#[test]
fn raw_paths() {
    let server = start(&["--database-url", "memory:"]);
    for (path, subject) in [
        ("/subjects/a%2Fb/versions", "a/b"),
        ("/subjects/a+b/versions/", "a+b"),
        ("/subjects/%3A.c%3As//versions", ":.c:s"),
        ("//subjects/:.c:s/versions", ":.c:s"),
        ("/contexts/.c/subjects/s/versions", ":.c:s"),
        ("/subjects/a%20b@,~/versions", "a b@,~"),
    ] {
        let answer = server.ask("GET", path, "");
        assert!(
            answer.contains(&format!("Subject '{subject}' not found.")),
            "{path}: {answer}"
        );
    }
}

#[test]
fn connections_are_kept() {
    let server = start(&["--database-url", "memory:"]);
    let stream = server.connect();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    for _ in 0..3 {
        writer
            .write_all(b"GET /subjects HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let (head, body) = one(&mut reader);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(body, "[]");
    }
    // An answer to HEAD has a length and no body, or the next answer would be misread.
    writer
        .write_all(b"HEAD /subjects HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    writer
        .write_all(b"GET /subjects HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(one(&mut reader).1, "[]");
}

#[test]
fn bodies_in_chunks_and_after_a_continue() {
    let server = start(&["--database-url", "memory:"]);
    let answer = server.raw(
        b"PUT /config HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
          10\r\n{\"compatibility\"\r\n8\r\n:\"NONE\"}\r\n0\r\n\r\n",
    );
    assert!(answer.ends_with(r#"{"compatibility":"NONE"}"#), "{answer}");

    let stream = server.connect();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    writer
        .write_all(b"PUT /config HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 24\r\n\r\n")
        .unwrap();
    let (head, _) = one(&mut reader);
    assert!(head.starts_with("http/1.1 100"), "{head}");
    writer.write_all(br#"{"compatibility":"FULL"}"#).unwrap();
    let (head, body) = one(&mut reader);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, r#"{"compatibility":"FULL"}"#);
}

#[test]
fn a_body_that_is_too_large_is_refused_unsent() {
    let server = start(&["--database-url", "memory:", "--max-body-bytes", "100"]);
    let answer = server.raw(
        b"PUT /config HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""error_code":413"#), "{answer}");
}

#[test]
fn slow_clients_are_cut_off() {
    let server = start(&[
        "--database-url",
        "memory:",
        "--body-read-timeout",
        "0.3",
        "--header-read-timeout",
        "0.3",
    ]);
    let answer = server.raw(b"PUT /config HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\n{");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""error_code":408"#), "{answer}");
    // Half a head, and a connection that says nothing: closed without an answer.
    assert_eq!(server.raw(b"GET /subj"), "");
    assert_eq!(server.raw(b""), "");
    assert!(server.ask("GET", "/subjects", "").ends_with("[]"));
}

#[test]
fn requests_in_flight_are_finished() {
    let mut server = start(&["--database-url", "memory:"]);
    let stream = server.connect();
    let mut idle = server.connect();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    writer
        .write_all(b"PUT /config HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 24\r\n\r\n")
        .unwrap();
    // The handler waits for the body now.
    one(&mut reader);
    server.signal("TERM");
    // An idle connection is closed when the signal has arrived.
    assert_eq!(rest(&mut idle), "");
    writer.write_all(br#"{"compatibility":"FULL"}"#).unwrap();
    let (head, body) = one(&mut reader);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert_eq!(body, r#"{"compatibility":"FULL"}"#);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let mut server = start(&["--database-url", "memory:", "--shutdown-timeout", "0.3"]);
    let stream = server.connect();
    let mut writer = stream.try_clone().unwrap();
    writer
        .write_all(b"PUT /config HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 24\r\n\r\n")
        .unwrap();
    one(&mut BufReader::new(stream));
    assert_eq!(server.terminate(), 0);
}

#[test]
fn operators_tools() {
    let server = start(&["--database-url", "memory:"]);
    for path in ["/livez", "/readyz"] {
        let answer = server.ask("GET", path, "");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("UP"),
            "{answer}"
        );
    }
    let metrics = server.ask("GET", "/metrics", "");
    assert!(
        metrics.contains("\nkafka_schema_registry_jetty_metrics_connections_accepted_total 3\n"),
        "{metrics}"
    );
    assert!(metrics.ends_with("# EOF\n"));
    assert!(
        server
            .ask("GET", "/openapi.yaml", "")
            .contains("openapi: 3.1")
    );
}
