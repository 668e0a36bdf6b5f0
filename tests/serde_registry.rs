//! Serializers and deserializers with a registry: which subject, which schema, which bytes, and what goes wrong.

use accord::client::serde::avro::{AvroDeserializer, AvroSerializer, JsonNotation};
use accord::client::serde::json::{JsonDeserializer, JsonSerializer};
use accord::client::serde::protobuf::{ProtobufDeserializer, ProtobufSerializer};
use accord::client::serde::{
    DeserializerSettings, Framing, Incoming, Limits, Part, ReaderSchema, SerdeError,
    SerializerSettings, SubjectStrategy, Validator,
};
use accord::client::{
    ClientError, Deleted, Method, MockTransport, Normalize, RegistryClient, Reply, Schema, Tuning,
};
use accord::model::{Metadata, Reference, SchemaId, Subject, Version, VersionSpec};
use accord::testing::TestRegistry;
use accord::wire::frame::FrameError;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
    note: Option<String>,
}

const ORDER: &str = r#"{"type":"record","name":"shop.Order","fields":[
    {"name":"id","type":"long"},{"name":"note","type":["null","string"],"default":null}]}"#;
const ORDER_JSON: &str = r#"{"title":"Order","type":"object","required":["id"],
    "properties":{"id":{"type":"integer"},"note":{"type":["string","null"]}}}"#;

fn order() -> Order {
    Order {
        id: 7,
        note: Some("n".to_owned()),
    }
}

async fn start() -> (TestRegistry, RegistryClient) {
    let registry = TestRegistry::start().await.expect("a registry");
    let client = registry.client().expect("a client");
    (registry, client)
}

async fn register(client: &RegistryClient, subject: &str, schema: &Schema) -> SchemaId {
    let subject = Subject::parse(subject);
    let registered = client
        .register(&subject, schema, Normalize::default())
        .await
        .expect("registered");
    registered.id.expect("an id")
}

fn avro_writer(client: &RegistryClient, settings: SerializerSettings) -> AvroSerializer {
    AvroSerializer::new(client.clone(), Some(Schema::avro(ORDER)), settings)
}

fn avro_reader(client: &RegistryClient, settings: DeserializerSettings) -> AvroDeserializer {
    AvroDeserializer::new(client.clone(), settings).expect("a deserializer")
}

async fn versions(client: &RegistryClient, subject: &str) -> usize {
    let subject = Subject::parse(subject);
    match client.versions(&subject, Deleted::Hidden).await {
        Ok(all) => all.len(),
        Err(error) if error.is_not_found() => 0,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn every_strategy_names_its_subject() {
    let (_registry, client) = start().await;
    let associated = SubjectStrategy::Associated {
        namespace: "-".to_owned(),
    };
    for (strategy, subject) in [
        (SubjectStrategy::Topic, "t1-value"),
        (SubjectStrategy::Record, "shop.Order"),
        (SubjectStrategy::TopicRecord, "t1-shop.Order"),
        // Nothing is associated.
        (associated, "t1-value"),
    ] {
        let settings = SerializerSettings::new().strategy(strategy.clone());
        let writer = avro_writer(&client, settings);
        let written = writer.serialize("t1", &order()).await.expect("written");
        assert_eq!(versions(&client, subject).await, 1, "{strategy:?}");
        let read: Order = avro_reader(&client, DeserializerSettings::new())
            .deserialize(&Incoming::new("t1", &written.bytes))
            .await
            .expect("read");
        assert_eq!(read, order());
    }
    let writer = avro_writer(&client, SerializerSettings::new().for_keys());
    writer.serialize("t1", &order()).await.expect("written");
    assert_eq!(versions(&client, "t1-key").await, 1);

    let titled = JsonSerializer::new(
        client.clone(),
        Some(Schema::json(ORDER_JSON)),
        SerializerSettings::new().strategy(SubjectStrategy::TopicRecord),
    );
    titled.serialize("t2", &order()).await.expect("written");
    assert_eq!(versions(&client, "t2-Order").await, 1);
    let nameless = AvroSerializer::new(
        client.clone(),
        Some(Schema::avro(r#""long""#)),
        SerializerSettings::new().strategy(SubjectStrategy::Record),
    );
    let refused = nameless.serialize("t3", &1_i64).await.expect_err("no name");
    assert!(matches!(refused, SerdeError::Settings(_)), "{refused}");
}

#[tokio::test]
async fn associations_name_the_subject() {
    let mock = MockTransport::new("http://mock");
    mock.on(
        Method::Get,
        "/associations/resources/cluster/orders",
        Reply::ok(json!([
            {"subject": "elsewhere", "associationType": "value"},
            {"subject": "keys", "associationType": "key"}
        ])),
    );
    mock.on(
        Method::Post,
        "/subjects/elsewhere/versions",
        Reply::ok(json!({"id": 9})),
    );
    let client = RegistryClient::builder("http://mock")
        .transport(mock.clone())
        .build()
        .expect("a client");
    let settings = SerializerSettings::new().strategy(SubjectStrategy::Associated {
        namespace: "cluster".to_owned(),
    });
    let written = avro_writer(&client, settings)
        .serialize("orders", &order())
        .await
        .expect("written");
    assert_eq!(written.bytes[..5], [0, 0, 0, 0, 9]);
}

#[tokio::test]
async fn without_auto_registration_the_schema_has_to_be_there() {
    let (_registry, client) = start().await;
    let settings = SerializerSettings::new().auto_register(false);
    let refused = avro_writer(&client, settings.clone())
        .serialize("t", &order())
        .await;
    assert!(
        matches!(&refused, Err(SerdeError::Client(e)) if e.is_not_found()),
        "{refused:?}"
    );
    assert_eq!(versions(&client, "t-value").await, 0);
    let id = register(&client, "t-value", &Schema::avro(ORDER)).await;
    let fresh = _registry.client().expect("a client");
    let written = avro_writer(&fresh, settings).serialize("t", &order()).await;
    assert_eq!(written.expect("written").bytes[1..5], id.0.to_be_bytes());
}

#[tokio::test]
async fn ids_guids_latest_and_metadata_choose_the_schema() {
    let (registry, client) = start().await;
    let tagged = |app: &str| -> Metadata {
        serde_json::from_value(json!({"properties": {"app": app}})).expect("metadata")
    };
    let mut first = Schema::avro(ORDER);
    first.metadata = Some(tagged("one"));
    let mut second = Schema::avro(ORDER.replace(
        r#""default":null}]"#,
        r#""default":null},{"name":"x","type":"int","default":0}]"#,
    ));
    second.metadata = Some(tagged("two"));
    let one = register(&client, "t-value", &first).await;
    let two = register(&client, "t-value", &second).await;
    let guid = client
        .schema_by_id(one, None)
        .await
        .expect("the schema")
        .guid
        .expect("a GUID");
    let with_x = json!({"id": 7, "note": null, "x": 1});
    let without = json!({"id": 7, "note": null});
    for (settings, id, fits, fails) in [
        (SerializerSettings::new().use_latest(), two, &with_x, None),
        (
            SerializerSettings::new().use_latest_with_metadata([("app", "one")]),
            one,
            &without,
            Some(&with_x),
        ),
        (
            SerializerSettings::new().use_id(one),
            one,
            &without,
            Some(&with_x),
        ),
        (
            SerializerSettings::new()
                .use_guid(guid)
                .framing(Framing::Header),
            one,
            &without,
            Some(&with_x),
        ),
    ] {
        let client = registry.client().expect("a client");
        let header = settings == settings.clone().framing(Framing::Header);
        let writer = AvroSerializer::new(client, None, settings);
        let written = writer
            .serialize_json("t", fits, JsonNotation::Plain)
            .await
            .expect("written");
        if header {
            let (name, value) = written.header.expect("a header");
            assert_eq!(name, "__value_schema_id");
            assert_eq!(value[1..], guid.0);
        } else {
            assert_eq!(written.bytes[1..5], id.0.to_be_bytes());
        }
        if let Some(fails) = fails {
            let refused = writer.serialize_json("t", fails, JsonNotation::Plain).await;
            assert!(
                matches!(&refused, Err(SerdeError::Record { mismatch, .. }) if mismatch.problems[0].path == "x"),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_header_form_comes_before_what_stands_in_the_bytes() {
    let (_registry, client) = start().await;
    let writer = avro_writer(&client, SerializerSettings::new().framing(Framing::Header));
    let written = writer.serialize("t", &order()).await.expect("written");
    let (name, value) = written.header.clone().expect("a header");
    let headers = [("other", &b"x"[..]), (name, &value[..])];
    let record = Incoming::new("t", &written.bytes).with_headers(Part::Value, headers);
    let reader = avro_reader(&client, DeserializerSettings::new());
    let read: Order = reader.deserialize(&record).await.expect("read");
    assert_eq!(read, order());
    let of_key = Incoming::new("t", &written.bytes).with_headers(Part::Key, headers);
    assert!(of_key.header.is_none());
    // The GUID may stand in front of the payload as well.
    let mut whole = value.to_vec();
    whole.extend(&written.bytes);
    let read: Order = reader
        .deserialize(&Incoming::new("t", &whole))
        .await
        .expect("read");
    assert_eq!(read, order());
}

#[tokio::test]
async fn once_warm_nothing_waits() {
    let (_registry, client) = start().await;
    let writer = avro_writer(&client, SerializerSettings::new());
    assert!(writer.serialize_cached("t", &order()).is_none());
    writer.prepare("t").await.expect("prepared");
    let written = writer.serialize_cached("t", &order()).expect("warm");
    let bytes = written.expect("written").bytes;
    let mut buffer = vec![9];
    let appended = writer.append_cached("t", &order(), &mut buffer);
    appended.expect("warm").expect("written");
    assert_eq!(buffer[1..], bytes);

    let reader = avro_reader(&client, DeserializerSettings::new());
    let record = Incoming::new("t", &bytes);
    assert!(reader.deserialize_cached::<Order>(&record).is_none());
    reader.deserialize::<Order>(&record).await.expect("read");
    let read = reader.deserialize_cached::<Order>(&record).expect("warm");
    assert_eq!(read.expect("read"), order());
}

#[tokio::test]
async fn what_is_read_goes_into_the_readers_schema() {
    let (registry, client) = start().await;
    let written = avro_writer(&client, SerializerSettings::new())
        .serialize("t", &order())
        .await
        .expect("written");
    let newer = r#"{"type":"record","name":"Bestellung","aliases":["shop.Order"],"fields":[
        {"name":"nummer","aliases":["id"],"type":"double"},
        {"name":"status","type":"string","default":"new"}]}"#;
    let given = DeserializerSettings::new().reader(ReaderSchema::Given(Schema::avro(newer)));
    let read = avro_reader(&client, given)
        .deserialize_json(&Incoming::new("t", &written.bytes), JsonNotation::Plain)
        .await
        .expect("read");
    assert_eq!(read, json!({"nummer": 7.0, "status": "new"}));

    let wider = ORDER.replace(
        r#""default":null}]"#,
        r#""default":null},{"name":"x","type":"int","default":5}]"#,
    );
    register(&client, "t-value", &Schema::avro(wider)).await;
    let fresh = registry.client().expect("a client");
    let latest = DeserializerSettings::new().reader(ReaderSchema::Latest);
    let read = avro_reader(&fresh, latest)
        .deserialize_json(&Incoming::new("t", &written.bytes), JsonNotation::Plain)
        .await
        .expect("read");
    assert_eq!(read, json!({"id": 7, "note": "n", "x": 5}));

    let strict = r#"{"type":"record","name":"Order","fields":[{"name":"missing","type":"int"}]}"#;
    let given = DeserializerSettings::new().reader(ReaderSchema::Given(Schema::avro(strict)));
    let refused: Result<Value, _> = avro_reader(&client, given)
        .deserialize(&Incoming::new("t", &written.bytes))
        .await;
    assert!(
        matches!(&refused, Err(SerdeError::Reading { mismatch, .. }) if mismatch.problems[0].path == "missing"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn mistakes_are_told_by_their_names() {
    let (_registry, client) = start().await;
    let reader = avro_reader(&client, DeserializerSettings::new());
    let read = async |bytes: &[u8]| {
        reader
            .deserialize::<Value>(&Incoming::new("t", bytes))
            .await
            .expect_err("refused")
    };
    let frame = |error: &SerdeError| match error {
        SerdeError::Frame(frame) => *frame,
        other => panic!("{other}"),
    };
    assert!(matches!(read(&[]).await, SerdeError::Null));
    assert_eq!(frame(&read(&[0, 0, 0]).await), FrameError::Short);
    assert_eq!(frame(&read(b"{\"a\":1}").await), FrameError::Magic(b'{'));
    let mut glue = vec![3, 5];
    glue.extend([7; 20]);
    assert!(matches!(frame(&read(&glue).await), FrameError::Glue(_)));
    let apicurio = [0, 0, 0, 0, 0, 0, 0, 0, 4, 2, 2];
    assert_eq!(frame(&read(&apicurio).await), FrameError::Apicurio(4));
    let unknown = read(&[0, 0, 0, 0, 99, 2]).await;
    assert!(
        matches!(&unknown, SerdeError::Client(e) if e.is_not_found()),
        "{unknown}"
    );

    // Records of other schemas, cut ones, and ones with something behind.
    let writer = avro_writer(&client, SerializerSettings::new());
    let good = writer
        .serialize("t", &order())
        .await
        .expect("written")
        .bytes;
    for end in 5..good.len() {
        let error = read(&good[..end]).await;
        assert!(matches!(error, SerdeError::Bytes { .. }), "{end}: {error}");
    }
    let mut longer = good.clone();
    longer.push(0);
    let error = read(&longer).await;
    assert!(
        matches!(&error, SerdeError::Bytes { mismatch, .. } if mismatch.to_string().contains("more bytes follow")),
        "{error}"
    );
    // A type that wants something else: told where.
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "never made")]
    struct Other {
        id: String,
    }
    let error = reader
        .deserialize::<Other>(&Incoming::new("t", &good))
        .await
        .expect_err("refused");
    assert!(
        matches!(&error, SerdeError::Reading { mismatch, .. } if mismatch.problems[0].path == "id"),
        "{error}"
    );
    // A record that does not fit: told where.
    #[derive(Serialize)]
    struct Wrong {
        id: &'static str,
        note: Option<String>,
    }
    let wrong = Wrong {
        id: "seven",
        note: None,
    };
    let error = writer.serialize("t", &wrong).await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the record does not fit schema id 1 (t-value): at id: expected a long (an integer of 64 bits), found the string \"seven\""
    );
    // Another language.
    let id = register(&client, "j-value", &Schema::json(ORDER_JSON)).await;
    let mut other = vec![0];
    other.extend(id.0.to_be_bytes());
    assert!(matches!(read(&other).await, SerdeError::Language { .. }));
    // Too large, both ways.
    let limits = Limits {
        record_bytes: 8,
        ..Limits::default()
    };
    let small = avro_reader(&client, DeserializerSettings::new().limits(limits));
    let refused = small
        .deserialize::<Value>(&Incoming::new("t", &[0; 9]))
        .await;
    assert!(matches!(
        refused,
        Err(SerdeError::TooLarge { size: 9, limit: 8 })
    ));
    let small = avro_writer(&client, SerializerSettings::new().limits(limits));
    let long = Order {
        id: 1,
        note: Some("long enough".to_owned()),
    };
    let refused = small.serialize("t", &long).await;
    assert!(matches!(
        refused,
        Err(SerdeError::TooLarge { limit: 8, .. })
    ));
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_is_asked_for_once() {
    let mock = MockTransport::new("http://mock");
    mock.on(
        Method::Get,
        "/schemas/ids/5",
        Reply::ok(json!({"schema": "{\"type\":\"nonsense\"}"})),
    );
    let client = RegistryClient::builder("http://mock")
        .transport(mock.clone())
        .build()
        .expect("a client");
    let reader = avro_reader(&client, DeserializerSettings::new());
    for _ in 0..3 {
        let refused = reader
            .deserialize::<Value>(&Incoming::new("t", &[0, 0, 0, 0, 5, 2]))
            .await
            .expect_err("refused");
        assert!(
            matches!(&refused, SerdeError::Client(ClientError::BadSchema { .. })),
            "{refused}"
        );
        assert!(refused.to_string().contains("schema 5"), "{refused}");
    }
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn json_records_are_checked_both_ways() {
    let (registry, client) = start().await;
    let money =
        r#"{"type":"object","required":["cents"],"properties":{"cents":{"type":"integer"}}}"#;
    register(&client, "money", &Schema::json(money)).await;
    let text = r#"{"title":"Pay","type":"object","properties":{"sum":{"$ref":"money.json"}}}"#;
    let schema = Schema::json(text).with_references(vec![Reference {
        name: "money.json".to_owned(),
        subject: "money".to_owned(),
        version: 1,
    }]);
    let writer = JsonSerializer::new(client.clone(), Some(schema), SerializerSettings::new());
    let good = json!({"sum": {"cents": 5}});
    let written = writer.serialize("p", &good).await.expect("written");
    assert_eq!(written.bytes[5..], *br#"{"sum":{"cents":5}}"#);
    let reader = JsonDeserializer::new(
        registry.client().expect("a client"),
        DeserializerSettings::new(),
    )
    .expect("a deserializer");
    let read: Value = reader
        .deserialize(&Incoming::new("p", &written.bytes))
        .await
        .expect("read");
    assert_eq!(read, good);

    let bad = json!({"sum": {"cents": "5"}});
    let error = writer.serialize("p", &bad).await.expect_err("refused");
    let SerdeError::Record { mismatch, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(mismatch.problems[0].path, "sum.cents");
    let mut bytes = written.bytes[..5].to_vec();
    bytes.extend(bad.to_string().as_bytes());
    let refused = reader
        .deserialize::<Value>(&Incoming::new("p", &bytes))
        .await;
    assert!(
        matches!(refused, Err(SerdeError::Bytes { .. })),
        "{refused:?}"
    );
    let lenient = JsonDeserializer::new(client, DeserializerSettings::new().validate(false))
        .expect("a deserializer");
    let read: Value = lenient
        .deserialize(&Incoming::new("p", &bytes))
        .await
        .expect("read");
    assert_eq!(read, bad);
}

/// `b.proto` imports `a.proto`; both are compiled here as a program's build would.
fn messages(inner_field: &str) -> (MessageDescriptor, MessageDescriptor) {
    let a = format!(r#"syntax = "proto3"; package t; message Inner {{ {inner_field} }}"#);
    let b = r#"syntax = "proto3"; package t; import "a.proto"; import "google/protobuf/timestamp.proto";
        import "google/type/money.proto";
        message First { int32 x = 1; }
        message Outer { Inner inner = 1; google.protobuf.Timestamp at = 2; google.type.Money sum = 3;
            message Deep { string s = 1; } }"#;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.proto"), a).expect("written");
    std::fs::write(folder.path().join("b.proto"), b).expect("written");
    let builtin =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/format/protobuf/builtin");
    let mut compiler =
        protox::Compiler::new([folder.path(), builtin.as_path()]).expect("a compiler");
    compiler.include_imports(true);
    compiler.open_file("b.proto").expect("it compiles");
    let set = compiler.file_descriptor_set();
    let pool = DescriptorPool::from_file_descriptor_set(set).expect("a pool");
    let get = |name: &str| pool.get_message_by_name(name).expect("a message");
    (get("t.Outer"), get("t.Outer.Deep"))
}

fn outer(descriptor: &MessageDescriptor, word: &str) -> DynamicMessage {
    let value =
        json!({"inner": {"word": word}, "at": "2024-01-01T00:00:00Z", "sum": {"units": "3"}});
    DynamicMessage::deserialize(descriptor.clone(), value).expect("a message")
}

#[tokio::test]
async fn protobuf_files_are_registered_after_what_they_import() {
    let (registry, client) = start().await;
    let (whole, deep) = messages("string word = 1;");
    let writer = ProtobufSerializer::new(client.clone(), SerializerSettings::new());
    let message = outer(&whole, "w");
    let written = writer.serialize("p", &message).await.expect("written");
    // The second message of its file.
    assert_eq!(written.bytes[5..7], [2, 2]);
    let latest = client
        .latest(&Subject::parse("p-value"))
        .await
        .expect("a version");
    assert_eq!(
        latest.schema.references,
        [Reference {
            name: "a.proto".to_owned(),
            subject: "a.proto".to_owned(),
            version: 1
        }]
    );
    let one = client
        .version(&Subject::parse("a.proto"), Version(1), Deleted::Hidden)
        .await;
    assert!(one.is_ok());

    let fresh = registry.client().expect("a client");
    let reader = ProtobufDeserializer::new(fresh, DeserializerSettings::new()).expect("one");
    let record = Incoming::new("p", &written.bytes);
    let read = reader.deserialize_dynamic(&record).await.expect("read");
    assert_eq!(
        serde_json::to_value(&read).ok(),
        serde_json::to_value(&message).ok()
    );
    // As another message: refused by its name, unless that is not wanted.
    let error = reader
        .deserialize_as::<prost_types::Timestamp>(&record, "google.protobuf.Timestamp")
        .await
        .expect_err("another message");
    assert!(matches!(error, SerdeError::Reading { .. }), "{error}");
    // A message without fields reads any other.
    reader
        .deserialize_as::<()>(&record, "t.Outer")
        .await
        .expect("read");

    let inside = DynamicMessage::deserialize(deep, json!({"s": "x"})).expect("a message");
    let written = writer.serialize("p", &inside).await.expect("written");
    assert_eq!(
        written.bytes[5..8],
        [4, 2, 0],
        "the first message inside the second"
    );
    let read = reader
        .deserialize_dynamic(&Incoming::new("p", &written.bytes))
        .await
        .expect("read");
    assert_eq!(
        serde_json::to_value(&read).expect("JSON"),
        json!({"s": "x"})
    );
    // Indexes of a message that is not there.
    let mut lost = written.bytes.clone();
    lost[6] = 40;
    let refused = reader.deserialize_dynamic(&Incoming::new("p", &lost)).await;
    assert!(
        matches!(refused, Err(SerdeError::Bytes { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_latest_schema_has_to_know_every_field() {
    let (registry, client) = start().await;
    let (first, _) = messages("string word = 1;");
    ProtobufSerializer::new(client, SerializerSettings::new())
        .serialize("p", &outer(&first, "w"))
        .await
        .expect("written");
    let (wider, _) = messages("string word = 1; string more = 2;");
    let latest = ProtobufSerializer::new(
        registry.client().expect("a client"),
        SerializerSettings::new().use_latest(),
    );
    latest
        .serialize("p", &outer(&wider, "w"))
        .await
        .expect("only what is known");
    let value = json!({"inner": {"word": "w", "more": "m"}});
    let message = DynamicMessage::deserialize(wider, value).expect("a message");
    let refused = latest.serialize("p", &message).await;
    match refused {
        // The outer file is the same; what it imports is not.
        Err(SerdeError::Record { mismatch, .. }) => {
            assert_eq!(mismatch.problems[0].path, "inner");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_latest_version_is_asked_for_again_after_a_while() {
    let (registry, client) = start().await;
    register(&client, "t-value", &Schema::avro(r#""int""#)).await;
    let settings = SerializerSettings::new()
        .use_latest()
        .latest_for(Duration::from_secs(10));
    let short = registry
        .builder()
        .tuning(Tuning {
            latest_ttl: Duration::from_secs(10),
            ..Tuning::default()
        })
        .build()
        .expect("a client");
    let writer = AvroSerializer::new(short, None, settings);
    writer.serialize("t", &1).await.expect("written");
    register(&client, "t-value", &Schema::avro(r#""long""#)).await;
    let before = writer.serialize("t", &1).await.expect("written").bytes;
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(writer.serialize_cached("t", &1).is_none());
    let after = writer.serialize("t", &1).await.expect("written").bytes;
    assert_ne!(before, after);
}

#[tokio::test]
async fn records_can_be_checked_without_being_written() {
    let (_registry, client) = start().await;
    register(&client, "a-value", &Schema::avro(ORDER)).await;
    register(&client, "j-value", &Schema::json(ORDER_JSON)).await;
    let proto = r#"syntax = "proto3"; message Order { int64 id = 1; string note = 2; Sub sub = 3;
        message Sub { int32 n = 1; } }"#;
    register(&client, "p-value", &Schema::protobuf(proto)).await;
    let validator = Validator::new(client, Limits::default());
    let good = json!({"id": 1, "note": "n"});
    for (subject, bad, path) in [
        ("a-value", json!({"id": "x", "note": "n"}), "id"),
        ("j-value", json!({"id": 1, "note": 5}), "note"),
        ("p-value", json!({"id": 1, "sub": {"n": "x"}}), "sub.n"),
    ] {
        let subject = Subject::parse(subject);
        let latest = VersionSpec::Latest;
        let first = VersionSpec::Exact(Version(1));
        validator.json(&good, &subject, latest).await.expect("fits");
        validator
            .typed(&order(), &subject, first)
            .await
            .expect("fits");
        let refused = validator.json(&bad, &subject, latest).await;
        assert!(
            matches!(&refused, Err(SerdeError::Record { mismatch, .. }) if mismatch.problems[0].path == path),
            "{refused:?}"
        );
    }
    let payload = |subject: &str| Subject::parse(subject);
    let latest = VersionSpec::Latest;
    validator
        .payload(&[2, 2, 2, b'x'], &payload("a-value"), latest)
        .await
        .expect("fits");
    for (subject, bytes) in [
        ("a-value", &[2, 4, 2][..]),
        ("j-value", &b"{}"[..]),
        ("p-value", &[8][..]),
    ] {
        let refused = validator.payload(bytes, &payload(subject), latest).await;
        assert!(
            matches!(refused, Err(SerdeError::Bytes { .. })),
            "{subject}: {refused:?}"
        );
    }
    validator
        .framed(&[0, 0, 0, 0, 1, 2, 0])
        .await
        .expect("id 1 is the Avro one");
    validator
        .framed(&[0, 0, 0, 0, 3, 0, 8, 1])
        .await
        .expect("id 3 is the Protobuf one");
    let refused = validator.framed(&[0, 0, 0, 0, 1, 2]).await;
    assert!(
        matches!(refused, Err(SerdeError::Bytes { .. })),
        "{refused:?}"
    );
    let unknown = validator
        .json(&good, &payload("nowhere"), latest)
        .await
        .expect_err("unknown");
    assert!(matches!(&unknown, SerdeError::Client(e) if e.is_not_found()));
}
