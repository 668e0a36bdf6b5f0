//! Whole registries from one server to another, as an operator moves them: SQLite to Postgres where there is one.
//!
//! Every 40th subject of the corpus by default, all of it with `ACCORD_CORPUS=all` (`scripts/migrate` does that, in
//! release). Without the corpus, and beside it, a small registry that has everything once.

#[path = "support/corpus.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus;
#[path = "support/corpus_load.rs"]
mod corpus_load;
#[path = "support/corpus_registry.rs"]
#[expect(dead_code, reason = "each test uses its part")]
mod corpus_registry;
#[path = "support/movers.rs"]
mod movers;
#[path = "support/postgres.rs"]
mod postgres;

use movers::{Run, Server, Until, accord, seed};
use serde_json::{Value, json};
use std::path::Path;

/// Of so many subjects, one is in the sample.
const STEP: usize = 40;
/// Schemas nest deeply and the engine recurses.
const STACK: usize = 64 << 20;

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
        .unwrap()
        .block_on(test);
}

fn sqlite(folder: &Path, name: &str) -> String {
    format!("sqlite://{}", folder.join(name).display())
}

fn step() -> usize {
    match std::env::var("ACCORD_CORPUS") {
        Ok(part) if part == "all" => 1,
        _ => STEP,
    }
}

/// The source: the corpus, with some of it soft-deleted and with settings, and the small registry.
async fn source(database: &str) -> Server {
    if let Some(folder) = corpus::folder() {
        let mut registry = corpus_registry::Registry::open(database).await;
        let (status, _) = registry
            .put("/config", &json!({"compatibility": "NONE"}))
            .await;
        assert_eq!(status, 200);
        for file in corpus::FILES {
            let outcome = corpus_load::load(&mut registry, &folder, file, step()).await;
            println!(
                "{file}: {} of {} versions registered, and {} that they refer to",
                outcome.registered, outcome.versions, outcome.references
            );
        }
        registry.close().await;
    }
    let server = Server::start(database).await;
    let subjects = server.get("/subjects").await;
    for (at, subject) in subjects.as_array().unwrap().iter().enumerate() {
        let subject = movers::encoded(subject.as_str().unwrap());
        if at % 5 == 0 {
            // What others refer to is refused, which is as good.
            let path = format!("/subjects/{subject}/versions/1");
            let (status, answer) = server.call("DELETE", &path, None).await;
            assert!(matches!(status, 200 | 422), "{path}: {status} {answer}");
        }
        if at % 7 == 0 {
            let level = json!({"compatibility": "FULL", "normalize": true});
            server
                .ok("PUT", &format!("/config/{subject}"), &level)
                .await;
        }
        if at % 11 == 0 {
            let mode = json!({"mode": "READONLY"});
            server.ok("PUT", &format!("/mode/{subject}"), &mode).await;
        }
    }
    seed(&server).await;
    server
}

/// How many versions a server has.
async fn versions(server: &Server) -> usize {
    let mut count = 0;
    loop {
        let path = format!("/schemas?subjectPrefix=:*:&deleted=true&limit=1000&offset={count}");
        match server.get(&path).await.as_array().unwrap().len() {
            0 => return count,
            more => count += more,
        }
    }
}

#[test]
fn all_of_it_though_killed_twice() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let source = source(&sqlite(folder.path(), "source.db")).await;
        let total = versions(&source).await;
        let database = postgres::database().await;
        let url = match &database {
            Some(database) => database.url(),
            None => {
                println!("no Postgres: the target is SQLite, too");
                sqlite(folder.path(), "target.db")
            }
        };
        let target = Server::start(&url).await;

        let begun = target.revision().await;
        let mut written = 0;
        for part in [3, 2] {
            let mut child = accord(&["migrate", &source.url, &target.url, "--jobs", "4"]).spawn();
            // Every version is one entry of the log, at least.
            let enough = begun + i64::try_from(total / part).unwrap();
            let until = Until::seconds(1_800);
            while target.revision().await < enough && child.is_running() {
                until.or_fail("the move does not get on").await;
            }
            child.kill().await;
            let now = versions(&target).await;
            println!("killed when {now} of {total} versions were there");
            assert!(now > written && now < total, "{written} {now} {total}");
            written = now;
        }

        let moved = accord(&["migrate", &source.url, &target.url, "--verify", "--json"])
            .output()
            .await;
        let report = moved.json(0);
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
        let count = |name: &str| usize::try_from(report["moved"][name].as_u64().unwrap()).unwrap();
        assert_eq!(count("written") + count("equal"), total, "{report}");
        assert!(
            count("written") < total - written + 20,
            "it began anew: {report}"
        );
        assert_eq!(report["compared"]["differences"], json!([]));
        for class in ["lists", "versions", "ids", "guids", "settings"] {
            let answers = &report["compared"]["answers"][class];
            assert!(answers["equal"].as_u64().unwrap() > 0, "{class}: {report}");
            assert_eq!(answers["different"], 0, "{class}: {report}");
            assert_eq!(answers["alike"], 0, "{class}: {report}");
        }

        // The same with other eyes than the program's own.
        movers::same(&source, &target).await;
        movers::nothing_is_open(&source, &target).await;
        let again = accord(&["migrate", &source.url, &target.url, "--json"])
            .output()
            .await
            .json(0);
        assert_eq!(again["moved"]["written"], 0, "{again}");
        assert_eq!(again["moved"]["settings"], 0, "{again}");
        println!(
            "the last run and its comparison took {} s",
            report["seconds"]
        );
    });
}

async fn two(folder: &Path) -> (Server, Server) {
    let source = Server::start(&sqlite(folder, "a.db")).await;
    seed(&source).await;
    (source, Server::start("memory:").await)
}

#[test]
fn a_file_in_between() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        let [first, second] = ["first", "second"].map(|name| {
            let file = folder.path().join(name);
            file.display().to_string()
        });
        let export = async |server: &Server, file: &str| {
            let done = accord(&["export", file, "--registry", &server.url])
                .output()
                .await;
            assert_eq!(done.code, 0, "{done:?}");
        };
        export(&source, &first).await;
        let tried = accord(&[
            "import",
            &first,
            "--registry",
            &target.url,
            "--dry-run",
            "--json",
        ])
        .output()
        .await
        .json(0);
        assert_eq!(
            versions(&target).await,
            0,
            "a trial writes nothing: {tried}"
        );
        let done = accord(&["import", &first, "--registry", &target.url, "--json"])
            .output()
            .await
            .json(0);
        assert_eq!(done["written"], tried["written"]);
        assert_eq!(done["settings"], tried["settings"]);
        export(&target, &second).await;
        let read = |file: &str| std::fs::read_to_string(file).unwrap();
        assert_eq!(read(&first), read(&second));
        movers::same(&source, &target).await;
        movers::nothing_is_open(&source, &target).await;
    });
}

/// A part comes with what it refers to, and without anybody else's settings.
#[test]
fn a_part() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        let arguments = ["migrate", &source.url, &target.url, "--prefix", "orders"];
        let done = accord(&arguments).output().await;
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(
            target.get("/subjects?subjectPrefix=:*:").await,
            json!(["money", "orders-value"])
        );
        assert_eq!(
            target.get("/config").await,
            json!({"compatibilityLevel": "BACKWARD"})
        );
        let arguments = [
            "migrate",
            &source.url,
            &target.url,
            "--verify-only",
            "--prefix",
            "orders",
        ];
        let same = accord(&arguments).output().await;
        assert_eq!(same.code, 0, "{same:?}");
    });
}

#[test]
fn what_differs_is_told_and_nothing_is_written() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        // Another schema under an id that the source uses, another one in a version, another setting.
        let other = json!({"schema": "\"boolean\""});
        target.ok("POST", "/subjects/dup/versions", &other).await;
        let level = json!({"compatibility": "FORWARD"});
        target.ok("PUT", "/config/orders-value", &level).await;
        let before = target.get("/schemas?subjectPrefix=:*:").await;

        let done = accord(&["migrate", &source.url, &target.url])
            .output()
            .await;
        assert_eq!(done.code, 1, "{done:?}");
        for conflict in [
            "dup version 1: it has id 4 here and 1 at the target",
            "money version 1: the target has another schema under id 1",
            "orders-value: the settings differ",
        ] {
            assert!(
                done.stdout.contains(conflict),
                "{conflict}: {}",
                done.stdout
            );
        }
        assert_eq!(target.get("/schemas?subjectPrefix=:*:").await, before);
        assert_eq!(target.get("/mode").await, json!({"mode": "READWRITE"}));
    });
}

/// Whoever stops a move finds nothing open, and goes on with the same command.
#[cfg(unix)]
#[test]
fn an_interrupted_move_closes_what_it_opened() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        for n in 0..400 {
            let body =
                json!({"schema": format!(r#"{{"type":"enum","name":"E{n}","symbols":["A"]}}"#)});
            let path = format!("/subjects/many-{n}/versions");
            source.ok("POST", &path, &body).await;
        }
        let mut child = accord(&["migrate", &source.url, &target.url, "--jobs", "2"]).spawn();
        let until = Until::seconds(60);
        while versions(&target).await < 20 {
            until.or_fail("nothing is written").await;
        }
        child.signal("-INT");
        let ended = child.output().await;
        assert_eq!(ended.code, 3, "{ended:?}");
        assert!(ended.stderr.contains("interrupted"), "{}", ended.stderr);
        let subjects = target.get("/subjects?subjectPrefix=:*:&deleted=true").await;
        for subject in subjects.as_array().unwrap() {
            let path = format!("/mode/{}", movers::encoded(subject.as_str().unwrap()));
            let (status, mode) = target.call("GET", &path, None).await;
            assert_eq!(status, 404, "{subject}: {mode}");
        }
        let done = accord(&["migrate", &source.url, &target.url, "--verify"])
            .output()
            .await;
        assert_eq!(done.code, 0, "{done:?}");
        movers::same(&source, &target).await;
    });
}

#[cfg(unix)]
#[test]
fn what_is_new_follows() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        let arguments = [
            "migrate",
            &source.url,
            &target.url,
            "--follow",
            "--interval",
            "1",
        ];
        let mut child = accord(&arguments).spawn();
        let arrives = async |path: &str, is_there: fn(&Value) -> bool| {
            let until = Until::seconds(60);
            loop {
                let (_, answer) = target.call("GET", path, None).await;
                if is_there(&answer) {
                    return;
                }
                until.or_fail(&format!("{path} says {answer}")).await;
            }
        };
        arrives("/subjects/orders-value/versions/2", |a| a["id"] == 3).await;
        // A version, a deletion, a setting and a mode, each after the first copy.
        let body = json!({"schema": "\"boolean\""});
        source.ok("POST", "/subjects/later/versions", &body).await;
        arrives("/subjects/later/versions/1", |a| {
            a["schema"] == "\"boolean\""
        })
        .await;
        source.ok("DELETE", "/subjects/dup", &Value::Null).await;
        arrives("/subjects/dup/versions", |a| a["error_code"] == 40401).await;
        let level = json!({"compatibility": "FORWARD"});
        source.ok("PUT", "/config/orders-value", &level).await;
        arrives("/config/orders-value", |a| {
            a["compatibilityLevel"] == "FORWARD"
        })
        .await;
        source
            .ok("DELETE", "/config/orders-value", &Value::Null)
            .await;
        arrives("/config/orders-value", |a| a["error_code"] == 40408).await;
        let mode = json!({"mode": "READONLY"});
        source.ok("PUT", "/mode/later", &mode).await;
        arrives("/mode/later", |a| a["mode"] == "READONLY").await;
        child.signal("-TERM");
        let ended = child.output().await;
        assert_eq!(ended.code, 0, "{ended:?}");
        let same = accord(&["migrate", &source.url, &target.url, "--verify-only"])
            .output()
            .await;
        assert_eq!(same.code, 0, "{same:?}");
    });
}

/// Comparing finds what differs, wherever it does.
#[test]
fn every_difference_is_found() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = two(folder.path()).await;
        let compare = async || {
            accord(&[
                "migrate",
                &source.url,
                &target.url,
                "--verify-only",
                "--json",
            ])
            .output()
            .await
        };
        let done = accord(&["migrate", &source.url, &target.url])
            .output()
            .await;
        assert_eq!(done.code, 0, "{done:?}");
        compare().await.json(0);
        let level = json!({"compatibility": "FORWARD"});
        let steps: [(&str, &str, &Value, &str); 3] = [
            ("PUT", "/config/money", &level, "/config/money"),
            (
                "DELETE",
                "/subjects/p/versions/1",
                &Value::Null,
                "/subjects/p/versions",
            ),
            (
                "POST",
                "/subjects/p/versions",
                &json!({"schema": "\"int\""}),
                "/subjects/p/versions/2",
            ),
        ];
        for (method, path, body, place) in steps {
            target.ok(method, path, body).await;
            let report = compare().await.json(1);
            let differences = report["compared"]["differences"]
                .as_array()
                .unwrap()
                .clone();
            let found = differences
                .iter()
                .any(|d| d["request"].as_str().unwrap_or_default().starts_with(place));
            assert!(found, "{method} {path}: {report}");
        }
    });
}

#[test]
fn both_urls_must_differ() {
    run(async {
        let server = Server::start("memory:").await;
        let slash = format!("{}/", server.url);
        let done: Run = accord(&["migrate", &server.url, &slash]).output().await;
        assert_eq!(done.code, 2, "{done:?}");
    });
}
