//! The registry's validation of records and the client's say the same of the same record, in the same words.

use accord::client::serde::{Limits, Mismatch, SerdeError, Validator};
use accord::client::{Method, Normalize, RegistryClient, Request, Schema};
use accord::model::{Guid, Reference, SchemaId, Subject, VersionSpec};
use accord::testing::TestRegistry;
use accord::wire::{ValidateResponse, frame};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

struct Both {
    registry: TestRegistry,
    client: RegistryClient,
    validator: Validator,
}

impl Both {
    async fn start() -> Self {
        let registry = TestRegistry::start().await.expect("a registry");
        let client = registry.client().expect("a client");
        Self {
            validator: Validator::new(client.clone(), Limits::default()),
            registry,
            client,
        }
    }

    async fn register(&self, subject: &str, schema: &Schema) -> (SchemaId, Guid) {
        let registered = self
            .client
            .register(&Subject::parse(subject), schema, Normalize::default())
            .await
            .expect("registered");
        let id = registered.id.expect("an id");
        (id, registered.guid.expect("a GUID"))
    }

    async fn ask(&self, subject: &str, body: &Value) -> ValidateResponse {
        let request = Request {
            method: Method::Post,
            target: format!("/subjects/{subject}/versions/latest/validate"),
            body: Some(body.to_string().into()),
        };
        let transport = self.registry.transport();
        let answer = transport.send(&request, 1 << 20).await.expect("an answer");
        assert_eq!(answer.status, 200, "{body}: {:?}", answer.body);
        serde_json::from_slice(&answer.body).expect("a verdict")
    }

    /// Asks both about a JSON value, and checks where it is found not to fit.
    async fn json(&self, subject: &str, record: &Value, paths: &[&str]) {
        let online = self.ask(subject, &json!({ "record": record })).await;
        let of = Subject::parse(subject);
        let offline = self.validator.json(record, &of, VersionSpec::Latest).await;
        assert_alike(&online, offline, paths, &record.to_string());
    }

    async fn payload(&self, subject: &str, bytes: &[u8], paths: &[&str]) {
        let body = json!({ "payload": STANDARD.encode(bytes) });
        let online = self.ask(subject, &body).await;
        let of = Subject::parse(subject);
        let offline = self.validator.payload(bytes, &of, VersionSpec::Latest);
        assert_alike(&online, offline.await, paths, &format!("{bytes:?}"));
    }

    async fn framed(&self, subject: &str, bytes: &[u8], paths: &[&str]) {
        let body = json!({ "framed": STANDARD.encode(bytes) });
        let online = self.ask(subject, &body).await;
        let offline = self.validator.framed(bytes).await;
        assert_alike(&online, offline, paths, &format!("{bytes:?}"));
    }
}

fn assert_alike(
    online: &ValidateResponse,
    offline: Result<(), SerdeError>,
    paths: &[&str],
    what: &str,
) {
    let told: Vec<&str> = online.errors.iter().map(|e| e.path.as_str()).collect();
    let (mut told, mut paths) = (told, paths.to_vec());
    told.sort_unstable();
    paths.sort_unstable();
    assert_eq!(told, paths, "{what}");
    assert_eq!(online.valid, paths.is_empty(), "{what}");
    let mismatch = match offline {
        Ok(()) => {
            assert!(online.valid, "{what}: the client accepts it");
            return;
        }
        Err(SerdeError::Record { mismatch, .. } | SerdeError::Bytes { mismatch, .. }) => mismatch,
        Err(other) => panic!("{what}: {other}"),
    };
    let Mismatch { problems } = mismatch;
    assert_eq!(problems.len(), online.errors.len(), "{what}: {problems:?}");
    for (here, there) in problems.iter().zip(&online.errors) {
        let pointer = there.path.trim_start_matches('/').replace('/', ".");
        assert_eq!(here.path, pointer, "{what}");
        assert_eq!(here.found, there.found, "{what}");
        assert!(
            here.expected.starts_with(&there.expected),
            "{what}: {here:?}"
        );
    }
}

#[tokio::test]
async fn avro() {
    let both = Both::start().await;
    let money = r#"{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}"#;
    both.register("money", &Schema::avro(money)).await;
    let mut order = Schema::avro(
        r#"{"type":"record","name":"Order","namespace":"shop","fields":[
            {"name":"id","type":"int"},
            {"name":"prices","type":{"type":"array","items":"Money"}},
            {"name":"note","type":["null","string"],"default":null}]}"#,
    );
    order.references.push(Reference {
        name: "shop.Money".to_owned(),
        subject: "money".to_owned(),
        version: 1,
    });
    let (id, guid) = both.register("s", &order).await;
    for (record, paths) in [
        (json!({"id": 1, "prices": [{"cents": 2}]}), &[][..]),
        (
            json!({"id": 1, "prices": [{"cents": 2}, {"cents": "x"}]}),
            &["/prices/1/cents"],
        ),
        (
            json!({"id": 1.5, "prices": 1, "note": 2, "more": 3}),
            &["/id", "/prices", "/note", "/more"],
        ),
        (json!({"id": 3_000_000_000_u64, "prices": []}), &["/id"]),
        (json!([]), &[""]),
    ] {
        both.json("s", &record, paths).await;
    }
    // The int 1, a block of one price of 2 cents, the end of blocks, the branch null: by "Binary Encoding".
    let good = [2, 2, 4, 0, 0];
    both.payload("s", &good, &[]).await;
    both.payload("s", &good[..2], &["/prices/0/cents"]).await;
    both.payload("s", &[2, 2, 4, 0, 4], &["/note"]).await;
    let framed = [&frame::prefix(id)[..], &good].concat();
    both.framed("s", &framed, &[]).await;
    both.framed("s", &[&frame::header(guid)[..], &good].concat(), &[])
        .await;
    both.framed("s", &framed[..framed.len() - 1], &["/note"])
        .await;
}

#[tokio::test]
async fn json_schema() {
    let both = Both::start().await;
    let (id, _) = both
        .register(
            "s",
            &Schema::json(
                r#"{"type":"object","required":["id"],"additionalProperties":false,"properties":{
                    "id":{"type":["integer","null"],"minimum":0},
                    "tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":2,"uniqueItems":true},
                    "of":{"oneOf":[{"type":"string","pattern":"^x"},{"type":"number","multipleOf":2}]},
                    "map":{"propertyNames":{"maxLength":2},"not":{"required":["no"]}}}}"#,
            ),
        )
        .await;
    for (record, paths) in [
        (
            json!({"id": 1, "tags": ["a"], "of": "xx", "map": {"k": 1}}),
            &[][..],
        ),
        (
            json!({"tags": ["a", "a", "c"]}),
            &["", "/tags", "/tags", "/tags/2"],
        ),
        (json!({"id": -1, "of": 3}), &["/id", "/of"]),
        (json!({"id": "1", "no": 1}), &["/id", ""]),
        (json!({"id": null, "map": {"long": 1}}), &["/map"]),
        (json!({"id": 1, "map": {"no": 1}}), &["/map"]),
        (json!(null), &[""]),
    ] {
        both.json("s", &record, paths).await;
        both.payload("s", record.to_string().as_bytes(), paths)
            .await;
    }
    both.payload("s", b"{\"id\":1", &[""]).await;
    both.framed("s", &[&frame::prefix(id)[..], b"{\"id\":1}"].concat(), &[])
        .await;
}

#[tokio::test]
async fn protobuf() {
    let both = Both::start().await;
    let (id, _) = both
        .register(
            "s",
            &Schema::protobuf(
                r#"syntax = "proto2"; package shop;
                import "google/protobuf/timestamp.proto";
                message Order {
                  message Part { required int32 n = 1; }
                  required string id = 1;
                  repeated Part parts = 2;
                  optional google.protobuf.Timestamp at = 3;
                  map<string, Part> named = 4;
                }"#,
            ),
        )
        .await;
    for (record, paths) in [
        (
            json!({"id": "a", "parts": [{"n": 1}], "named": {"k": {"n": 1}}}),
            &[][..],
        ),
        (
            json!({"id": "a", "parts": [{"n": 1}, {"n": "x"}]}),
            &["/parts/1/n"],
        ),
        (
            json!({"parts": [{}], "named": {"k": {}}}),
            &["/id", "/parts/0/n", "/named/k/n"],
        ),
        (json!({"id": "a", "at": "yesterday"}), &["/at"]),
        (json!([]), &[""]),
    ] {
        both.json("s", &record, paths).await;
    }
    // By "Encoding" of the documentation of Protocol Buffers: field 1 the text "a", field 2 a part of n = 1.
    let good = [0x0a, 1, b'a', 0x12, 2, 8, 1];
    both.payload("s", &good, &[]).await;
    both.payload("s", &good[..5], &["/parts/0"]).await;
    both.payload("s", &[0x0a, 1, b'a', 0x12, 0], &["/parts/0/n"])
        .await;
    both.payload("s", &[], &["/id"]).await;
    let framed = [&frame::prefix(id)[..], &[0], &good].concat();
    both.framed("s", &framed, &[]).await;
    let nested = [&frame::prefix(id)[..], &[4, 0, 0, 8, 1]].concat();
    both.framed("s", &nested, &[]).await;
}

#[tokio::test]
async fn what_costs_too_much_is_no_verdict_on_either_side() {
    let both = Both::start().await;
    let mut definitions = json!({"d30": {"type": "integer"}});
    for n in 0..30 {
        let next = json!({"$ref": format!("#/definitions/d{}", n + 1)});
        definitions[format!("d{n}")] = json!({"allOf": [next, next]});
    }
    let twice = json!({"$ref": "#/definitions/d0", "definitions": definitions});
    let pattern = json!({"pattern": "^(?:(?!x)(a|aa))+c|^a*b$"});
    let text = json!(format!("{}b", "a".repeat(60)));
    for (subject, schema, record) in [("twice", twice, json!(1)), ("pattern", pattern, text)] {
        let schema = Schema::json(schema.to_string());
        both.register(subject, &schema).await;
        let request = Request {
            method: Method::Post,
            target: format!("/subjects/{subject}/versions/latest/validate"),
            body: Some(json!({ "record": record }).to_string().into()),
        };
        let transport = both.registry.transport();
        let answer = transport.send(&request, 1 << 20).await.expect("an answer");
        let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(told["error_code"], 42294, "{subject}: {told}");
        let of = Subject::parse(subject);
        let offline = both.validator.json(&record, &of, VersionSpec::Latest).await;
        let offline = offline.expect_err("too much").to_string();
        assert!(
            offline.contains("a record that costs less to match"),
            "{offline}"
        );
    }
}

#[tokio::test]
async fn references_beside_an_id_and_floats_are_alike() {
    let both = Both::start().await;
    both.register("money", &Schema::json(r#"{"type":"integer"}"#))
        .await;
    let root = r#"{"$id":"http://example.com/root.json","$ref":"money.json"}"#;
    let root = Schema::json(root).with_references(vec![Reference {
        name: "money.json".to_owned(),
        subject: "money".to_owned(),
        version: 1,
    }]);
    both.register("root", &root).await;
    both.json("root", &json!(3), &[]).await;
    both.json("root", &json!("x"), &[""]).await;

    let float = r#"{"type":"record","name":"F","fields":[{"name":"f","type":"float"}]}"#;
    both.register("float", &Schema::avro(float)).await;
    both.json("float", &json!({"f": 3.4e38}), &[]).await;
    both.json("float", &json!({"f": 1e39}), &["/f"]).await;
}
