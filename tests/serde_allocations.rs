//! What a warm record allocates: nothing, where the output has a buffer already. Counted, not timed.

use accord::client::serde::avro::{AvroCodec, AvroDeserializer, AvroSerializer};
use accord::client::serde::{DeserializerSettings, Incoming, Limits, SerializerSettings};
use accord::client::{Method, MockTransport, RegistryClient, Reply, Schema};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks for.
struct Counting;

// SAFETY: everything is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates in this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Small<'a> {
    id: i64,
    name: &'a str,
    price: f64,
    active: bool,
}

const SMALL: &str = r#"{"type":"record","name":"Small","fields":[
  {"name":"id","type":"long"},{"name":"name","type":"string"},
  {"name":"price","type":"double"},{"name":"active","type":"boolean"}]}"#;

const SMALL_RECORD: Small<'_> = Small {
    id: 1_234_567,
    name: "a name of some length",
    price: 19.99,
    active: true,
};

#[derive(Serialize)]
struct Item {
    sku: String,
    quantity: i32,
    price: f64,
}

#[derive(Serialize)]
struct Order {
    id: i64,
    email: Option<String>,
    items: Vec<Item>,
    labels: BTreeMap<String, String>,
    note: String,
}

const ORDER: &str = r#"{"type":"record","name":"Order","fields":[
  {"name":"id","type":"long"},
  {"name":"email","type":["null","string"]},
  {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
    {"name":"sku","type":"string"},{"name":"quantity","type":"int"},{"name":"price","type":"double"}]}}},
  {"name":"labels","type":{"type":"map","values":"string"}},
  {"name":"note","type":"string"}]}"#;

fn order() -> Order {
    let item = |n: i32| Item {
        sku: format!("SKU-{n:06}"),
        quantity: n,
        price: f64::from(n) * 1.5,
    };
    Order {
        id: 987_654_321,
        email: Some("grace@example.test".to_owned()),
        items: (1..=5).map(item).collect(),
        labels: [("channel", "web"), ("region", "eu")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        note: "Please leave it with the neighbours.".to_owned(),
    }
}

fn client(schema: &str) -> RegistryClient {
    let mock = MockTransport::new("http://mock");
    mock.always(Reply::ok(
        json!({"id": 1, "version": 1, "subject": "orders-value", "schema": schema}),
    ));
    mock.on(
        Method::Get,
        "/schemas/ids/1",
        Reply::ok(json!({ "schema": schema })),
    );
    let builder = RegistryClient::builder("").transport(mock);
    builder.build().expect("a client")
}

async fn writing<T: Serialize>(schema: &str, record: &T) -> (u64, u64) {
    let writer = AvroSerializer::new(
        client(schema),
        Some(Schema::avro(schema)),
        SerializerSettings::new(),
    );
    writer.prepare("orders").await.expect("a writer");
    let mut out = Vec::with_capacity(4_096);
    let append = |out: &mut Vec<u8>| {
        out.clear();
        let written = writer.append_cached("orders", record, out);
        written.expect("warm").expect("a record");
    };
    append(&mut out);
    let into_buffer = allocations(|| (0..100).for_each(|_| append(&mut out)));
    let alone = allocations(|| {
        let written = writer.serialize_cached("orders", record);
        let bytes = written.expect("warm").expect("a record").bytes;
        assert_eq!(bytes, out);
    });
    (into_buffer, alone)
}

#[tokio::test]
async fn writing_allocates_the_output_alone() {
    assert_eq!(writing(SMALL, &SMALL_RECORD).await, (0, 1));
    assert_eq!(writing(ORDER, &order()).await, (0, 1));
}

#[tokio::test]
async fn reading_what_is_borrowed_allocates_nothing() {
    let reader =
        AvroDeserializer::new(client(SMALL), DeserializerSettings::new()).expect("a reader");
    let mut framed = vec![0, 0, 0, 0, 1];
    AvroCodec::new(SMALL, &[])
        .expect("a schema")
        .encode(&SMALL_RECORD, &mut framed)
        .expect("a record");
    let record = Incoming::new("orders", &framed);
    assert!(reader.borrow_cached::<Small<'_>>(&record).is_none());
    let _: serde::de::IgnoredAny = reader.deserialize(&record).await.expect("a record");
    let count = allocations(|| {
        let read: Small<'_> = reader
            .borrow_cached(&record)
            .expect("warm")
            .expect("a record");
        assert_eq!(read, SMALL_RECORD);
        assert!(framed.as_ptr_range().contains(&read.name.as_ptr()));
    });
    assert_eq!(count, 0);
}

#[test]
fn an_encoder_keeps_what_it_needs_to_put_fields_in_order() {
    #[derive(Serialize)]
    struct Shuffled {
        active: bool,
        price: f64,
        name: &'static str,
        id: i64,
    }
    let shuffled = Shuffled {
        active: true,
        price: 19.99,
        name: "a name of some length",
        id: 1_234_567,
    };
    let codec = AvroCodec::new(SMALL, &[]).expect("a schema");
    let mut encoder = codec.encoder();
    let mut out = Vec::with_capacity(256);
    // Buffers take turns: after a few records, each of them has been as large as it has to be.
    for _ in 0..20 {
        out.clear();
        encoder.encode(&shuffled, &mut out).expect("a record");
    }
    let count = allocations(|| {
        out.clear();
        encoder.encode(&shuffled, &mut out).expect("a record");
    });
    assert_eq!(count, 0);
    let read: Small<'_> = codec
        .decode(&out, &Limits::default())
        .expect("the same record");
    assert_eq!(read, SMALL_RECORD);
}
