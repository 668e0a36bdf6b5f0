//! schema_registry_converter: its calls, errors, and messages in the three formats.

use accord_client_tests::{call, id_in, record, settings, supplied, unique, url};
use apache_avro::types::Value as Avro;
use schema_registry_converter::async_impl::easy_avro::{EasyAvroDecoder, EasyAvroEncoder};
use schema_registry_converter::async_impl::easy_json::{EasyJsonDecoder, EasyJsonEncoder};
use schema_registry_converter::async_impl::easy_proto_decoder::EasyProtoDecoder;
use schema_registry_converter::async_impl::easy_proto_encoder::EasyProtoEncoder;
use schema_registry_converter::async_impl::easy_proto_raw::{
    EasyProtoRawDecoder, EasyProtoRawEncoder,
};
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_all_subjects, get_all_versions, get_schema_by_guid, get_schema_by_id,
    get_schema_by_subject, get_schema_by_subject_and_version, is_compatible_schema, post_schema,
};
use schema_registry_converter::schema_registry_common::{
    SchemaType, SubjectNameStrategy, SuppliedReference, SuppliedSchema,
};
use serde_json::json;

fn one() -> SuppliedSchema {
    supplied(
        SchemaType::Avro,
        None,
        record("Order", json!([{"name": "id", "type": "int"}])),
    )
}

fn two() -> SuppliedSchema {
    let fields =
        json!([{"name": "id", "type": "int"}, {"name": "b", "type": "string", "default": ""}]);
    supplied(SchemaType::Avro, None, record("Order", fields))
}

fn broken() -> SuppliedSchema {
    let fields = json!([{"name": "id", "type": "int"}, {"name": "b", "type": "string"}]);
    supplied(SchemaType::Avro, None, record("Order", fields))
}

fn by_topic(topic: &str, schema: SuppliedSchema) -> SubjectNameStrategy {
    SubjectNameStrategy::TopicNameStrategyWithSchema(topic.to_owned(), false, schema)
}

fn latest(topic: &str) -> SubjectNameStrategy {
    SubjectNameStrategy::TopicNameStrategy(topic.to_owned(), false)
}

async fn read_avro(payload: &[u8]) -> Avro {
    EasyAvroDecoder::new(settings())
        .decode(Some(payload))
        .await
        .unwrap()
        .value
}

fn order(id: i32) -> Avro {
    Avro::Record(vec![("id".into(), Avro::Int(id))])
}

#[tokio::test]
async fn registers_and_reads_back() {
    let subject = unique("s");
    let first = post_schema(&settings(), subject.clone(), one())
        .await
        .unwrap();
    let second = post_schema(&settings(), subject.clone(), two())
        .await
        .unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(
        get_all_versions(&settings(), subject.clone())
            .await
            .unwrap(),
        [1, 2]
    );
    let newest = get_schema_by_subject_and_version(&settings(), &subject, None)
        .await
        .unwrap();
    assert_eq!((newest.id, newest.version), (second.id, Some(2)));
    let oldest = get_schema_by_subject_and_version(&settings(), &subject, Some(1))
        .await
        .unwrap();
    assert_eq!(oldest.id, first.id);
    assert!(
        get_all_subjects(&settings())
            .await
            .unwrap()
            .contains(&subject)
    );
}

#[tokio::test]
async fn reads_by_id_and_by_guid() {
    let made = post_schema(&settings(), unique("s"), one()).await.unwrap();
    let by_id = get_schema_by_id(made.id, &settings()).await.unwrap();
    assert_eq!(by_id.schema_type, SchemaType::Avro);
    let guid = made.guid.expect("a registration tells the GUID");
    let by_guid = get_schema_by_guid(&guid, &settings()).await.unwrap();
    assert_eq!(by_guid.schema, by_id.schema);
}

#[tokio::test]
async fn the_same_schema_again_has_the_same_id() {
    let subject = unique("s");
    let first = post_schema(&settings(), subject.clone(), one())
        .await
        .unwrap();
    assert_eq!(
        post_schema(&settings(), subject, one()).await.unwrap().id,
        first.id
    );
}

#[tokio::test]
async fn asks_before_it_registers() {
    let subject = unique("s");
    post_schema(&settings(), subject.clone(), one())
        .await
        .unwrap();
    assert!(
        is_compatible_schema(&settings(), subject.clone(), two())
            .await
            .unwrap()
    );
    assert!(
        !is_compatible_schema(&settings(), subject, broken())
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn an_incompatible_schema_is_refused() {
    let subject = unique("s");
    post_schema(&settings(), subject.clone(), one())
        .await
        .unwrap();
    let error = post_schema(&settings(), subject, broken())
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("409"), "{error:?}");
    assert!(!error.retriable);
}

#[tokio::test]
async fn what_is_no_schema_is_refused() {
    for (kind, text) in [
        (SchemaType::Avro, "{"),
        (SchemaType::Json, "{]"),
        (SchemaType::Protobuf, "message {"),
    ] {
        let error = post_schema(&settings(), unique("s"), supplied(kind, None, text))
            .await
            .unwrap_err();
        assert!(format!("{error:?}").contains("42201"), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let error = get_schema_by_id(2_000_000_000, &settings())
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("40403"), "{error:?}");
    let error = get_schema_by_subject(&settings(), &latest(&unique("t")))
        .await
        .unwrap_err();
    assert!(format!("{error:?}").contains("40401"), "{error:?}");
}

#[tokio::test]
async fn metadata_is_kept() {
    let properties = [("owner".to_owned(), "team".to_owned())].into();
    let tags = [("Order".to_owned(), vec!["PII".to_owned()])].into();
    let sent = one().with_properties(properties).with_tags(tags);
    let made = post_schema(&settings(), unique("s"), sent.clone())
        .await
        .unwrap();
    let read = get_schema_by_id(made.id, &settings()).await.unwrap();
    assert_eq!((read.properties, read.tags), (sent.properties, sent.tags));
}

#[tokio::test]
async fn credentials_are_accepted() {
    let basic = SrSettings::new_builder(url())
        .set_basic_authorization("user", Some("secret"))
        .build()
        .unwrap();
    let bearer = SrSettings::new_builder(url())
        .set_token_authorization("token")
        .build()
        .unwrap();
    for client in [basic, bearer] {
        assert!(post_schema(&client, unique("s"), one()).await.unwrap().id > 0);
    }
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let client = SrSettings::new_builder("http://127.0.0.1:1".into())
        .add_url(url())
        .build()
        .unwrap();
    assert!(post_schema(&client, unique("s"), one()).await.unwrap().id > 0);
}

#[tokio::test]
async fn a_context_as_part_of_the_address() {
    let context = unique(".c");
    let client = SrSettings::new(format!("{}/contexts/{context}", url()));
    assert_eq!(
        post_schema(&client, "orders-value".into(), one())
            .await
            .unwrap()
            .id,
        1
    );
    assert_eq!(
        get_all_versions(&settings(), format!(":{context}:orders-value"))
            .await
            .unwrap(),
        [1]
    );
}

#[tokio::test]
async fn avro_there_and_back_by_each_strategy() {
    let topic = unique("t");
    let name = unique("R");
    let text = record(&name, json!([{"name": "id", "type": "int"}]));
    let named = || {
        supplied(
            SchemaType::Avro,
            Some(format!("com.acme.{name}")),
            text.clone(),
        )
    };
    for (strategy, subject) in [
        (by_topic(&topic, named()), format!("{topic}-value")),
        (
            SubjectNameStrategy::TopicNameStrategyWithSchema(topic.clone(), true, named()),
            format!("{topic}-key"),
        ),
        (
            SubjectNameStrategy::RecordNameStrategyWithSchema(named()),
            format!("com.acme.{name}"),
        ),
        (
            SubjectNameStrategy::TopicRecordNameStrategyWithSchema(topic.clone(), named()),
            format!("{topic}-com.acme.{name}"),
        ),
    ] {
        let encoder = EasyAvroEncoder::new(settings());
        let payload = encoder
            .encode(vec![("id", Avro::Int(7))], strategy)
            .await
            .unwrap();
        let (_, stored) = call("GET", &format!("/subjects/{subject}/versions/1"), None).await;
        assert_eq!(stored["id"], id_in(&payload), "{subject}");
        assert_eq!(read_avro(&payload).await, order(7));
    }
}

#[tokio::test]
async fn avro_the_latest_version() {
    let topic = unique("t");
    post_schema(&settings(), format!("{topic}-value"), one())
        .await
        .unwrap();
    let payload = EasyAvroEncoder::new(settings())
        .encode(vec![("id", Avro::Int(7))], latest(&topic))
        .await
        .unwrap();
    assert_eq!(read_avro(&payload).await, order(7));
}

#[tokio::test]
async fn avro_the_guid_in_a_header() {
    let topic = unique("t");
    let encoder = EasyAvroEncoder::new(settings());
    let values = vec![("id", Avro::Int(7))];
    let (payload, header) = encoder
        .encode_with_header_id(values, by_topic(&topic, one()), false)
        .await
        .unwrap();
    assert_eq!(
        (header.name, header.value[0], header.value.len()),
        ("__value_schema_id", 1, 17)
    );
    assert_ne!(payload[0], 0, "the payload has no frame");
    let (_, stored) = call("GET", &format!("/subjects/{topic}-value/versions/1"), None).await;
    let hex: String = header.value[1..]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(stored["guid"].as_str().unwrap().replace('-', ""), hex);
    let decoder = EasyAvroDecoder::new(settings());
    let read = decoder
        .decode_with_header_id(Some(&header.value), Some(&payload))
        .await
        .unwrap();
    assert_eq!(read.value, order(7));
}

#[tokio::test]
async fn avro_a_deleted_schema_is_still_read() {
    let topic = unique("t");
    let encoder = EasyAvroEncoder::new(settings());
    let payload = encoder
        .encode(vec![("id", Avro::Int(7))], by_topic(&topic, one()))
        .await
        .unwrap();
    assert_eq!(
        call("DELETE", &format!("/subjects/{topic}-value"), None).await,
        (200, json!([1]))
    );
    assert_eq!(read_avro(&payload).await, order(7));
}

// The client puts what is referred to in the place of its short name.
#[tokio::test]
async fn avro_references_are_registered_and_read() {
    let topic = unique("t");
    let symbols = json!({"type": "enum", "name": "Currency", "namespace": "com.acme", "symbols": ["EUR", "USD"]});
    let currency = SuppliedReference::new(
        "com.acme.Currency".into(),
        unique("currency"),
        symbols.to_string(),
    );
    let money_fields =
        json!([{"name": "units", "type": "long"}, {"name": "currency", "type": "Currency"}]);
    let money = SuppliedReference::new(
        "com.acme.Money".into(),
        unique("money"),
        record("Money", money_fields),
    )
    .with_references(vec![currency]);
    let order_fields = json!([{"name": "price", "type": "Money"}]);
    let purchase = supplied(SchemaType::Avro, None, record("Purchase", order_fields))
        .with_references(vec![money]);
    let price = Avro::Record(vec![
        ("units".into(), Avro::Long(3)),
        ("currency".into(), Avro::Enum(1, "USD".into())),
    ]);
    let encoder = EasyAvroEncoder::new(settings());
    let payload = encoder
        .encode(vec![("price", price.clone())], by_topic(&topic, purchase))
        .await
        .unwrap();
    assert_eq!(
        read_avro(&payload).await,
        Avro::Record(vec![("price".into(), price)])
    );
}

#[tokio::test]
async fn json_there_and_back_and_validated() {
    let topic = unique("t");
    let text = json!({"type": "object", "properties": {"id": {"type": "integer"}}}).to_string();
    let schema = supplied(SchemaType::Json, None, text);
    let encoder = EasyJsonEncoder::new(settings());
    let payload = encoder
        .encode(&json!({"id": 7}), by_topic(&topic, schema.clone()))
        .await
        .unwrap();
    let read = EasyJsonDecoder::new(settings())
        .decode(Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.value, json!({"id": 7}));
    assert!(
        encoder
            .encode(&json!({"id": "x"}), by_topic(&topic, schema))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn json_references_are_registered_and_read() {
    let topic = unique("t");
    let name = format!("https://example.com/{}.json", unique("customer"));
    let customer =
        json!({"$id": name, "type": "object", "properties": {"name": {"type": "string"}}});
    let reference = SuppliedReference::new(name.clone(), unique("customer"), customer.to_string());
    let text = json!({
        "$id": format!("https://example.com/{}.json", unique("order")),
        "type": "object",
        "properties": {"customer": {"$ref": name}},
    });
    let schema =
        supplied(SchemaType::Json, None, text.to_string()).with_references(vec![reference]);
    let encoder = EasyJsonEncoder::new(settings());
    let value = json!({"customer": {"name": "Ada"}});
    let payload = encoder
        .encode(&value, by_topic(&topic, schema))
        .await
        .unwrap();
    let read = EasyJsonDecoder::new(settings())
        .decode(Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.value, value);
}

#[tokio::test]
async fn json_the_guid_in_a_header() {
    let schema = supplied(SchemaType::Json, None, r#"{"type":"object"}"#);
    let encoder = EasyJsonEncoder::new(settings());
    let value = json!({"id": 7});
    let (payload, header) = encoder
        .encode_with_header_id(&value, by_topic(&unique("t"), schema), false)
        .await
        .unwrap();
    let decoder = EasyJsonDecoder::new(settings());
    let read = decoder
        .decode_with_header_id(Some(&header.value), Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.value, value);
}

fn receipts(package: &str) -> SuppliedSchema {
    let text = format!(
        r#"syntax = "proto3"; package {package}; import "customer.proto";
        message Other {{}} message Receipt {{ int32 number = 1; Customer customer = 2; }}"#
    );
    let customer =
        format!(r#"syntax = "proto3"; package {package}; message Customer {{ string name = 1; }}"#);
    let reference = SuppliedReference::new("customer.proto".into(), unique("customer"), customer);
    supplied(SchemaType::Protobuf, None, text).with_references(vec![reference])
}

#[tokio::test]
async fn protobuf_there_and_back_with_references() {
    let (topic, package) = (unique("t"), unique("shop"));
    let encoder = EasyProtoEncoder::new(settings());
    let value = json!({"number": 3, "customer": {"name": "Ada"}});
    let strategy = by_topic(&topic, receipts(&package));
    let payload = encoder
        .encode_json(&value, &format!("{package}.Receipt"), &strategy)
        .await
        .unwrap();
    assert_eq!(payload[5..7], [2, 2], "the second message of the file");
    let context = EasyProtoDecoder::new(settings())
        .decode_with_context(Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(context.full_name, format!("{package}.Receipt"));
    assert_eq!(
        context.value.get_field_by_name("number").unwrap().as_i32(),
        Some(3)
    );
}

#[tokio::test]
async fn protobuf_the_guid_in_a_header() {
    let (topic, package) = (unique("t"), unique("shop"));
    let encoder = EasyProtoEncoder::new(settings());
    let strategy = by_topic(&topic, receipts(&package));
    let name = format!("{package}.Receipt");
    let (payload, header) = encoder
        .encode_json_with_header_id(&json!({"number": 3}), &name, &strategy, false)
        .await
        .unwrap();
    let decoder = EasyProtoDecoder::new(settings());
    let read = decoder
        .decode_with_context_and_header_id(Some(&header.value), Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.full_name, name);
}

#[tokio::test]
async fn protobuf_raw_bytes() {
    let (topic, package) = (unique("t"), unique("shop"));
    let strategy = by_topic(&topic, receipts(&package));
    let bytes = [8, 3];
    let payload = EasyProtoRawEncoder::new(settings())
        .encode(&bytes, &format!("{package}.Receipt"), strategy)
        .await
        .unwrap();
    let read = EasyProtoRawDecoder::new(settings())
        .decode(Some(&payload))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (read.bytes, read.full_name.as_str()),
        (bytes.to_vec(), format!("{package}.Receipt").as_str())
    );
}
