//! The router as clients see it, on a real service over a store in memory.

use super::{Options, ROUTES, router};
use crate::registry::Settings;
use crate::service::Service;
use crate::store::memory::Memory;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

struct App(axum::Router);

/// An answer whose body was read.
struct Answer {
    head: axum::http::response::Parts,
    body: Vec<u8>,
}

impl App {
    async fn new(options: &Options) -> Self {
        let service = Service::start(Arc::new(Memory::new()), Settings::default())
            .await
            .unwrap();
        Self(router(service, options))
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response<Body> = self.0.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { head, body }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Checks the shape of an error and gives its status and code.
    fn error(&self) -> (u16, u64) {
        let body = self.json();
        assert!(
            body["message"].as_str().is_some_and(|m| !m.is_empty()),
            "{body}"
        );
        assert!(self.header("x-request-id").is_some());
        (self.status(), body["error_code"].as_u64().unwrap())
    }
}

#[test]
fn the_table_and_the_document_list_the_same_operations() {
    let document: Value = serde_saphyr::from_str(include_str!("../../openapi.yaml")).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if method != "parameters" {
                documented.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let served: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), route.template.to_owned()))
        .collect();
    assert_eq!(served, documented);
}

#[tokio::test]
async fn every_route_is_reached() {
    let app = App::new(&Options::default()).await;
    for route in ROUTES {
        let path = route
            .template
            .replace("{subject}", "s%2Ft")
            .replace("{version}", "1")
            .replace("{id}", "7")
            .replace("{guid}", "00000000000000000000000000000000")
            .replace("{context}", ".c");
        for spelling in [path.clone(), format!("{path}/"), format!("/{path}")] {
            // Hyper and http accept a doubled slash only behind an authority.
            let uri = format!("http://registry{spelling}");
            let answer = app.ask(route.method, &uri, "{}").await;
            assert!(
                !matches!(answer.status(), 400 | 405 | 406 | 415 | 500..),
                "{route:?} {spelling}: {} {}",
                answer.status(),
                String::from_utf8_lossy(&answer.body)
            );
            if !answer.head.status.is_success() {
                assert_ne!(answer.error().1, 404, "{route:?} {spelling}");
            }
        }
    }
}

#[tokio::test]
async fn generic_errors() {
    let app = App::new(&Options::default()).await;
    for path in [
        "/nothing",
        "/schemas/ids/abc",
        "/schemas/ids/2147483648",
        "/subjects?offset=x",
        "/schemas?lifecycle=SOMETIMES",
        "/associations/resources/-/topic",
        "/dek-registry/v1/keks",
        "/exporters",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.error(), (404, 404), "{path}");
        assert_eq!(answer.json()["message"], "HTTP 404 Not Found");
    }
    let answer = app.ask("PATCH", "/config", "").await;
    assert_eq!(answer.error(), (405, 405));
    assert_eq!(
        answer.header(header::ALLOW),
        Some("GET, PUT, DELETE, HEAD, OPTIONS")
    );
    assert_eq!(app.ask("GET", "/contexts/.c", "").await.error(), (405, 405));
    assert_eq!(
        app.get("/subjects/s/versions/0").await.error(),
        (422, 42202)
    );
    assert_eq!(
        app.ask("POST", "/subjects/s/versions", "{").await.error(),
        (400, 400)
    );
    assert_eq!(
        app.ask("POST", "/subjects/s/versions", "null")
            .await
            .error(),
        (422, 422)
    );
    assert_eq!(app.ask("PUT", "/mode", "{}").await.error(), (422, 42204));
    assert_eq!(
        app.ask("PUT", "/config", r#"{"compatibility":"odd"}"#)
            .await
            .error(),
        (422, 42203)
    );
    let answer = app.get("/contexts/foo:bar/subjects").await;
    assert_eq!(answer.error(), (400, 400));
    assert_eq!(
        answer.json()["message"],
        "Context name 'foo:bar' cannot contain a colon"
    );
}

#[tokio::test]
async fn media_types() {
    let app = App::new(&Options::default()).await;
    let accepting = |accept: &'static str| {
        Request::get("/subjects")
            .header(header::ACCEPT, accept)
            .body(Body::empty())
            .unwrap()
    };
    let java = app
        .send(accepting(
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
        ))
        .await;
    assert_eq!(java.status(), 200);
    assert_eq!(
        java.header(header::CONTENT_TYPE),
        Some("application/vnd.schemaregistry.v1+json")
    );
    let plain = app.send(accepting("application/json")).await;
    assert_eq!(plain.header(header::CONTENT_TYPE), Some("application/json"));
    let none = app.send(accepting("text/plain")).await;
    assert_eq!(none.error(), (406, 406));
    assert_eq!(
        none.header(header::CONTENT_TYPE),
        Some("application/vnd.schemaregistry.v1+json")
    );
    let form = Request::put("/config")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("a=b"))
        .unwrap();
    assert_eq!(app.send(form).await.error(), (415, 415));
    let untyped = Request::put("/config")
        .body(Body::from(r#"{"compatibility":"none"}"#))
        .unwrap();
    let answer = app.send(untyped).await;
    assert_eq!(
        (answer.status(), answer.json()),
        (200, json!({"compatibility": "NONE"}))
    );
    // Operators' tools ask as they like.
    let metrics = Request::get("/metrics")
        .header(header::ACCEPT, "text/plain")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(metrics).await.status(), 200);
}

#[tokio::test]
async fn head_and_options() {
    let app = App::new(&Options::default()).await;
    let head = app.ask("HEAD", "/subjects", "").await;
    assert_eq!((head.status(), head.body.len()), (200, 0));
    assert_eq!(head.header(header::CONTENT_LENGTH), Some("2"));
    let missing = app.ask("HEAD", "/nothing", "").await;
    assert_eq!((missing.status(), missing.body.len()), (404, 0));
    let options = app.ask("OPTIONS", "/subjects/s/versions/1", "").await;
    assert_eq!(options.status(), 200);
    assert_eq!(
        options.header(header::ALLOW),
        Some("GET, DELETE, HEAD, OPTIONS")
    );
}

#[tokio::test]
async fn request_ids() {
    let app = App::new(&Options::default()).await;
    let with = |value: &'static str| {
        Request::get("/nothing")
            .header("X-Request-ID", value)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        app.send(with("abc")).await.header("x-request-id"),
        Some("abc")
    );
    let random = app.send(with(" ")).await;
    assert!(
        random
            .header("x-request-id")
            .is_some_and(|id| id.len() == 36)
    );
}

#[tokio::test]
async fn shapes_of_settings() {
    let app = App::new(&Options::default()).await;
    assert_eq!(app.get("/").await.json(), json!({}));
    assert_eq!(app.ask("POST", "/", r#"{"a":"b"}"#).await.json(), json!({}));
    assert_eq!(app.ask("POST", "/", "null").await.error(), (422, 422));
    assert_eq!(
        app.get("/config").await.json(),
        json!({"compatibilityLevel": "BACKWARD"})
    );
    let put = app
        .ask("PUT", "/config/s", r#"{"compatibility":"full"}"#)
        .await;
    assert_eq!(put.json(), json!({"compatibility": "FULL"}));
    assert_eq!(
        app.get("/config/s").await.json(),
        json!({"compatibilityLevel": "FULL"})
    );
    assert_eq!(
        app.ask("DELETE", "/config/s", "").await.json(),
        json!({"compatibilityLevel": "FULL"})
    );
    assert_eq!(app.get("/config/s").await.error(), (404, 40408));
    let put = app.ask("PUT", "/mode/s", r#"{"mode":"readOnly"}"#).await;
    assert_eq!(put.json(), json!({"mode": "readOnly"}));
    assert_eq!(app.get("/mode/s").await.json(), json!({"mode": "READONLY"}));
    assert_eq!(
        app.ask("PUT", "/mode/s", r#"{"mode":null}"#).await.json(),
        json!({})
    );
    assert_eq!(app.get("/mode/s").await.error(), (404, 40409));
    // The default context under its own name is the global scope.
    app.ask("PUT", "/config/:.:", r#"{"compatibility":"none"}"#)
        .await;
    assert_eq!(
        app.get("/config").await.json(),
        json!({"compatibilityLevel": "NONE"})
    );
    assert_eq!(app.ask("DELETE", "/contexts/.c", "").await.status(), 204);
    assert_eq!(app.get("/contexts").await.json(), json!(["."]));
}

#[tokio::test]
async fn contexts_and_aliases_before_routing() {
    let app = App::new(&Options::default()).await;
    app.ask(
        "PUT",
        "/contexts/.c/config/s",
        r#"{"compatibility":"none"}"#,
    )
    .await;
    assert_eq!(
        app.get("/config/:.c:s").await.json(),
        json!({"compatibilityLevel": "NONE"})
    );
    assert_eq!(app.get("/config/s").await.error(), (404, 40408));
    app.ask("PUT", "/config/a%2Fb", r#"{"alias":"target"}"#)
        .await;
    let answer = app.get("/subjects/a%2Fb/versions").await;
    assert_eq!(answer.error(), (404, 40401));
    assert_eq!(answer.json()["message"], "Subject 'target' not found.");
    assert_eq!(app.get("/config/a%2Fb").await.json()["alias"], "target");
}

#[tokio::test]
async fn a_base_path() {
    let options = Options {
        base_path: "/api/registry".into(),
        ..Options::default()
    };
    let app = App::new(&options).await;
    for path in [
        "/api/registry/subjects",
        "/subjects",
        "/api/registry/contexts/.c/subjects",
    ] {
        assert_eq!(app.get(path).await.json(), json!([]), "{path}");
    }
    assert_eq!(app.get("/api/registry").await.json(), json!({}));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let options = Options {
        max_body_bytes: 64,
        ..Options::default()
    };
    let app = App::new(&options).await;
    let long = format!(r#"{{"unknown":"{}"}}"#, "x".repeat(64));
    let answer = app.ask("PUT", "/config", &long).await;
    assert_eq!(answer.error(), (413, 413));
    assert_eq!(answer.header(header::CONNECTION), Some("close"));
    // Without a declared length, as in chunks.
    let pieces = [Ok::<_, std::io::Error>(long.clone()), Ok(long)];
    let chunked = Request::put("/config")
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap();
    assert_eq!(app.send(chunked).await.error(), (413, 413));
}

#[tokio::test(start_paused = true)]
async fn bodies_together_are_bounded() {
    let options = Options {
        max_body_bytes: 4096,
        max_buffered_bytes: 5000,
        ..Options::default()
    };
    let app = App::new(&options).await;
    let body = format!(r#"{{"unknown":"{}"}}"#, "x".repeat(3000));
    // Begun and not ended: it holds its room until it is given up.
    let begun = futures_util::StreamExt::chain(
        futures_util::stream::iter([Ok::<_, std::io::Error>(body.clone())]),
        futures_util::stream::pending(),
    );
    let begun = Request::put("/config")
        .body(Body::from_stream(begun))
        .unwrap();
    let other = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.ask("PUT", "/config", &body).await.error()
    };
    let (begun, other) = tokio::join!(app.send(begun), other);
    assert_eq!(other, (503, 503));
    assert_eq!(begun.error(), (408, 408));
    assert_eq!(app.ask("PUT", "/config", &body).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_and_long_work_end() {
    let never = || {
        let body = Body::from_stream(futures_util::stream::pending::<
            Result<String, std::io::Error>,
        >());
        Request::put("/config").body(body).unwrap()
    };
    let app = App::new(&Options::default()).await;
    let answer = app.send(never()).await;
    assert_eq!(answer.error(), (408, 408));
    assert_eq!(answer.header(header::CONNECTION), Some("close"));
    let options = Options {
        request_timeout: Duration::from_secs(1),
        ..Options::default()
    };
    let app = App::new(&options).await;
    let answer = app.send(never()).await;
    assert_eq!(answer.error(), (504, 504));
    assert_eq!(answer.json()["message"], "Request timed out");
}

#[tokio::test]
async fn a_full_server_says_so() {
    let options = Options {
        max_concurrent_requests: 0,
        ..Options::default()
    };
    let app = App::new(&options).await;
    let answer = app.get("/subjects").await;
    assert_eq!(answer.error(), (503, 503));
    assert_eq!(answer.header(header::RETRY_AFTER), Some("1"));
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(app.get(path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn measures() {
    let app = App::new(&Options::default()).await;
    app.get("/subjects").await;
    app.get("/nothing").await;
    let page = app.get("/metrics").await;
    let text = String::from_utf8(page.body).unwrap();
    for line in [
        r#"kafka_schema_registry_jersey_metrics_request_total{path="subjects.list",http_status_code="200"} 1"#,
        r#"kafka_schema_registry_jersey_metrics_request_total{path="unmatched",http_status_code="404"} 1"#,
        "kafka_schema_registry_api_success_count 1",
        "kafka_schema_registry_api_failure_count 1",
        "kafka_schema_registry_master_slave_role 1",
        "kafka_schema_registry_registered_count 0",
        "kafka_schema_registry_deleted_count 0",
        "kafka_schema_registry_avro_schemas_created 0",
        "accord_subjects 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

#[tokio::test]
async fn long_answers_are_compressed_when_asked() {
    let app = App::new(&Options::default()).await;
    let request = Request::builder()
        .method(Method::GET)
        .uri("/openapi.yaml")
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty())
        .unwrap();
    let answer = app.send(request).await;
    assert_eq!(answer.head.status, StatusCode::OK);
    assert_eq!(answer.header(header::CONTENT_ENCODING), Some("gzip"));
    assert_eq!(
        app.get("/openapi.yaml")
            .await
            .header(header::CONTENT_ENCODING),
        None
    );
}
