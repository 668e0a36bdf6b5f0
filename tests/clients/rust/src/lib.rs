//! What the tests share: the registry's address, names that no other test uses, and plain HTTP for what the client has
//! no call for.

use schema_registry_converter::async_impl::schema_registry::SrSettings;
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use serde_json::{Value, json};

/// The address of the registry under test.
pub fn url() -> String {
    std::env::var("REGISTRY_URL").expect("set REGISTRY_URL to a registry, or use tests/clients/run")
}

/// A client.
pub fn settings() -> SrSettings {
    SrSettings::new(url())
}

/// A name that no other test uses, fit for an identifier.
pub fn unique(word: &str) -> String {
    format!("{word}{}", &uuid::Uuid::new_v4().simple().to_string()[..12])
}

/// The text of an Avro record of the namespace com.acme.
pub fn record(name: &str, fields: Value) -> String {
    json!({"type": "record", "name": name, "namespace": "com.acme", "fields": fields}).to_string()
}

/// A schema without references.
pub fn supplied(kind: SchemaType, name: Option<String>, text: impl Into<String>) -> SuppliedSchema {
    SuppliedSchema::new(name, kind, text.into())
}

/// Calls the registry without the client: the status, and the body.
pub async fn call(method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url() + path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The schema id in front of a payload.
pub fn id_in(payload: &[u8]) -> u64 {
    assert_eq!(payload[0], 0);
    u32::from_be_bytes(payload[1..5].try_into().unwrap()).into()
}
