//! What a record costs in the client, beside the libraries that it stands on and others that do the same.
//!
//!   cargo bench --no-default-features --features client-avro,client-json,client-protobuf --bench client
//!
//! Caches are warm and records are framed; allocating the output counts everywhere. At the end stand the ratios.

use accord::client::serde::avro::{AvroDeserializer, AvroSerializer};
use accord::client::serde::json::{JsonDeserializer, JsonSerializer};
use accord::client::serde::{DeserializerSettings, Incoming, SerializerSettings};
use accord::client::{RegistryClient, Schema};
use criterion::Criterion;
use schema_registry_converter::async_impl::avro::{AvroDecoder, AvroEncoder};
use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::SubjectNameStrategy;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Small {
    id: i64,
    name: String,
    price: f64,
    active: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Item {
    sku: String,
    quantity: i32,
    price: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    New,
    Paid,
    Sent,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
    customer: String,
    email: Option<String>,
    status: Status,
    created: i64,
    total: f64,
    gift: bool,
    items: Vec<Item>,
    labels: BTreeMap<String, String>,
    note: String,
}

const SMALL: &str = r#"{"type":"record","name":"Small","fields":[
  {"name":"id","type":"long"},{"name":"name","type":"string"},
  {"name":"price","type":"double"},{"name":"active","type":"boolean"}]}"#;

const ORDER: &str = r#"{"type":"record","name":"Order","fields":[
  {"name":"id","type":"long"},
  {"name":"customer","type":"string"},
  {"name":"email","type":["null","string"]},
  {"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","PAID","SENT"]}},
  {"name":"created","type":"long"},
  {"name":"total","type":"double"},
  {"name":"gift","type":"boolean"},
  {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
    {"name":"sku","type":"string"},{"name":"quantity","type":"int"},{"name":"price","type":"double"}]}}},
  {"name":"labels","type":{"type":"map","values":"string"}},
  {"name":"note","type":"string"}]}"#;

const ORDER_JSON: &str = r#"{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object",
  "additionalProperties":false,
  "required":["id","customer","status","created","total","gift","items","labels","note"],
  "properties":{
    "id":{"type":"integer"},"customer":{"type":"string","minLength":1},"email":{"type":["string","null"]},
    "status":{"enum":["NEW","PAID","SENT"]},"created":{"type":"integer"},"total":{"type":"number","minimum":0},
    "gift":{"type":"boolean"},
    "items":{"type":"array","items":{"type":"object","required":["sku","quantity","price"],
      "properties":{"sku":{"type":"string"},"quantity":{"type":"integer"},"price":{"type":"number"}}}},
    "labels":{"type":"object","additionalProperties":{"type":"string"}},
    "note":{"type":"string"}}}"#;

/// A zero and the schema's id.
const PREFIX: [u8; 5] = [0, 0, 0, 0, 1];

fn small() -> Small {
    Small {
        id: 1_234_567,
        name: "a name of some length".to_owned(),
        price: 19.99,
        active: true,
    }
}

fn order() -> Order {
    let item = |n: i32| Item {
        sku: format!("SKU-{n:06}"),
        quantity: n,
        price: f64::from(n) * 1.5,
    };
    Order {
        id: 987_654_321,
        customer: "Grace Hopper".to_owned(),
        email: Some("grace@example.test".to_owned()),
        status: Status::Paid,
        created: 1_700_000_000_000,
        total: 1_234.5,
        gift: false,
        items: (1..=5).map(item).collect(),
        labels: [("channel", "web"), ("region", "eu")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        note: "Please leave it with the neighbours.".to_owned(),
    }
}

/// Answers as a registry that knows one schema, so that no server has to be built for this.
async fn registry(schema: &'static str, language: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let body = json!({
        "id": 1, "version": 1, "guid": "00000000-0000-0000-0000-000000000001", "subject": "orders-value",
        "schema": schema, "schemaType": language,
    })
    .to_string();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let body = body.clone();
            tokio::spawn(async move {
                let mut socket = BufReader::new(socket);
                loop {
                    let mut length = 0;
                    loop {
                        let mut line = String::new();
                        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
                            return;
                        }
                        let line = line.trim().to_ascii_lowercase();
                        if let Some(value) = line.strip_prefix("content-length:") {
                            length = value.trim().parse().expect("a length");
                        }
                        if line.is_empty() {
                            break;
                        }
                    }
                    let mut sent = vec![0; length];
                    socket.read_exact(&mut sent).await.expect("a body");
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    socket.write_all(answer.as_bytes()).await.expect("sent");
                }
            });
        }
    });
    url
}

fn avro<T>(c: &mut Criterion, runtime: &Runtime, name: &str, text: &'static str, record: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + Clone + 'static,
{
    let url = runtime.block_on(registry(text, "AVRO"));
    let client = RegistryClient::new(&url).expect("a client");
    let writer = AvroSerializer::new(
        client.clone(),
        Some(Schema::avro(text)),
        SerializerSettings::new(),
    );
    let reader = AvroDeserializer::new(client, DeserializerSettings::new()).expect("a reader");
    let framed = runtime
        .block_on(writer.serialize("orders", record))
        .expect("a record")
        .bytes;
    let back: T = runtime
        .block_on(reader.deserialize(&Incoming::new("orders", &framed)))
        .expect("the record");
    assert_eq!(back, *record);
    let bare = framed[5..].to_vec();

    let fast: serde_avro_fast::Schema = text.parse().expect("a schema");
    let apache = apache_avro::Schema::parse_str(text).expect("a schema");
    let settings = SrSettings::new(url);
    let encoder = AvroEncoder::new(settings.clone());
    let decoder = AvroDecoder::new(settings);
    let strategy = SubjectNameStrategy::TopicNameStrategy("orders".to_owned(), false);

    let mut group = c.benchmark_group(format!("avro_encode_{name}"));
    group.bench_function("accord", |b| {
        b.iter(|| {
            let framed = writer.serialize_cached("orders", black_box(record));
            framed.expect("warm").expect("a record").bytes
        })
    });
    group.bench_function("accord_append", |b| {
        let mut out = Vec::with_capacity(4_096);
        b.iter(|| {
            out.clear();
            let framed = writer.append_cached("orders", black_box(record), &mut out);
            framed.expect("warm").expect("a record");
            out.len()
        })
    });
    group.bench_function("serde_avro_fast", |b| {
        let mut config = serde_avro_fast::ser::SerializerConfig::new(&fast);
        b.iter(|| {
            // As a program that has nothing else would: the frame and a first guess at the size.
            let mut out = Vec::with_capacity(256);
            out.extend_from_slice(black_box(&PREFIX));
            serde_avro_fast::to_datum(black_box(record), out, &mut config).expect("a record")
        })
    });
    group.bench_function("serde_avro_fast_append", |b| {
        let mut config = serde_avro_fast::ser::SerializerConfig::new(&fast);
        let mut out = Vec::with_capacity(4_096);
        b.iter(|| {
            out.clear();
            out.extend_from_slice(black_box(&PREFIX));
            serde_avro_fast::to_datum(black_box(record), &mut out, &mut config).expect("a record");
            out.len()
        })
    });
    group.bench_function("apache_avro", |b| {
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&apache)
            .build()
            .expect("a writer");
        b.iter(|| {
            let value = apache_avro::to_value(black_box(record)).expect("a value");
            let value = value.resolve(&apache).expect("a record");
            // Checks the value against the schema once more, as its encoders do.
            writer.write_value_to_vec(value).expect("a record")
        })
    });
    group.bench_function("schema_registry_converter", |b| {
        b.iter(|| {
            runtime
                .block_on(encoder.encode_struct(black_box(record), &strategy))
                .expect("a record")
        })
    });
    group.finish();

    let mut group = c.benchmark_group(format!("avro_decode_{name}"));
    group.bench_function("accord", |b| {
        b.iter(|| {
            let read = reader.deserialize_cached::<T>(&Incoming::new("orders", black_box(&framed)));
            read.expect("warm").expect("a record")
        })
    });
    group.bench_function("serde_avro_fast", |b| {
        b.iter(|| {
            let (frame, payload) = black_box(&framed[..]).split_at(PREFIX.len());
            assert_eq!(frame, PREFIX);
            serde_avro_fast::from_datum_slice::<T>(payload, &fast).expect("a record")
        })
    });
    group.bench_function("apache_avro", |b| {
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&apache)
            .build()
            .expect("a reader");
        b.iter(|| {
            let value = reader.read_value(&mut black_box(&bare[..]));
            apache_avro::from_value::<T>(&value.expect("a record")).expect("a record")
        })
    });
    group.bench_function("schema_registry_converter", |b| {
        b.iter(|| {
            let read = runtime.block_on(decoder.decode(Some(black_box(&framed))));
            apache_avro::from_value::<T>(&read.expect("a record").value).expect("a record")
        })
    });
    group.finish();
}

fn json_schema(c: &mut Criterion, runtime: &Runtime, record: &Order) {
    let url = runtime.block_on(registry(ORDER_JSON, "JSON"));
    let client = RegistryClient::new(&url).expect("a client");
    let schema = Some(Schema::json(ORDER_JSON));
    let writer = JsonSerializer::new(client.clone(), schema, SerializerSettings::new());
    let reader = JsonDeserializer::new(client, DeserializerSettings::new()).expect("a reader");
    let framed = runtime
        .block_on(writer.serialize("orders", record))
        .expect("a record")
        .bytes;
    let back: Order = runtime
        .block_on(reader.deserialize(&Incoming::new("orders", &framed)))
        .expect("the record");
    assert_eq!(back, *record);
    let text = framed[5..].to_vec();
    let value = serde_json::to_value(record).expect("a value");
    let bare = jsonschema::draft7::new(&serde_json::from_str(ORDER_JSON).expect("JSON"))
        .expect("a schema");

    let mut group = c.benchmark_group("json_order");
    group.bench_function("accord_encode", |b| {
        b.iter(|| {
            let framed = writer.serialize_cached("orders", black_box(record));
            framed.expect("warm").expect("a record").bytes
        })
    });
    group.bench_function("accord_encode_value", |b| {
        b.iter(|| {
            let framed = writer.serialize_value_cached("orders", black_box(&value));
            framed.expect("warm").expect("a record").bytes
        })
    });
    group.bench_function("accord_decode", |b| {
        b.iter(|| {
            let read =
                reader.deserialize_cached::<Order>(&Incoming::new("orders", black_box(&framed)));
            read.expect("warm").expect("a record")
        })
    });
    group.bench_function("parse_and_jsonschema", |b| {
        b.iter(|| {
            let value: serde_json::Value =
                serde_json::from_slice(black_box(&text)).expect("a value");
            assert!(bare.is_valid(&value));
            value
        })
    });
    group.finish();
}

/// Nanoseconds of one benchmark of this run.
fn nanoseconds(root: &Path, group: &str, name: &str) -> Option<f64> {
    let file = root.join(group).join(name).join("new/estimates.json");
    let text = std::fs::read_to_string(file).ok()?;
    let all: serde_json::Value = serde_json::from_str(&text).ok()?;
    all["median"]["point_estimate"].as_f64()
}

fn ratios() {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let root = Path::new(&target).join("criterion");
    println!("\ntimes as fast as (medians of this run):");
    for (group, of, than) in [
        ("avro_encode_small", "accord", "apache_avro"),
        ("avro_encode_small", "accord", "serde_avro_fast"),
        (
            "avro_encode_small",
            "accord_append",
            "serde_avro_fast_append",
        ),
        ("avro_encode_small", "accord", "schema_registry_converter"),
        ("avro_encode_order", "accord", "apache_avro"),
        ("avro_encode_order", "accord", "serde_avro_fast"),
        (
            "avro_encode_order",
            "accord_append",
            "serde_avro_fast_append",
        ),
        ("avro_encode_order", "accord", "schema_registry_converter"),
        ("avro_decode_small", "accord", "apache_avro"),
        ("avro_decode_small", "accord", "serde_avro_fast"),
        ("avro_decode_small", "accord", "schema_registry_converter"),
        ("avro_decode_order", "accord", "apache_avro"),
        ("avro_decode_order", "accord", "serde_avro_fast"),
        ("avro_decode_order", "accord", "schema_registry_converter"),
        ("json_order", "accord_encode", "parse_and_jsonschema"),
        ("json_order", "accord_encode_value", "parse_and_jsonschema"),
        ("json_order", "accord_decode", "parse_and_jsonschema"),
    ] {
        if let (Some(ours), Some(theirs)) = (
            nanoseconds(&root, group, of),
            nanoseconds(&root, group, than),
        ) {
            println!(
                "{group:20} {of:20} {ours:9.1} ns  {than:26} {theirs:9.1} ns  {:6.2} x",
                theirs / ours
            );
        }
    }
}

fn main() {
    // The other converter leaves it to the program.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("the only one");
    let runtime = Arc::new(
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime"),
    );
    let mut c = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    avro(&mut c, &runtime, "small", SMALL, &small());
    avro(&mut c, &runtime, "order", ORDER, &order());
    json_schema(&mut c, &runtime, &order());
    c.final_summary();
    ratios();
}
