"""The registry client itself: every call that it has, and its errors."""

import json

import pytest
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaReference,
    ServerConfig,
)
from support import avro, record, refused, unique

ONE = avro(("a", "int"))
TWO = avro(("a", "int"), ("b", "string", "none"))
BROKEN = avro(("a", "int"), ("b", "string"))


def as_data(schema):
    return json.loads(schema.schema_str)


def test_registers_and_reads_back(client, topic):
    id = client.register_schema(topic, ONE)
    assert id > 0
    full = client.register_schema_full_response(topic, TWO)
    assert full.schema_id != id and full.version == 2 and len(full.guid) == 36
    assert client.get_versions(topic) == [1, 2]
    latest = client.get_latest_version(topic)
    assert (latest.subject, latest.version, latest.schema_id, latest.guid) == (topic, 2, full.schema_id, full.guid)
    assert as_data(latest.schema) == as_data(TWO)
    first = client.get_version(topic, 1)
    assert first.schema_id == id and as_data(first.schema) == as_data(ONE)
    assert client.get_version(topic, "latest").version == 2


def test_reads_by_id_and_by_guid(client, flavour, url, topic):
    full = client.register_schema_full_response(topic, ONE)
    other = flavour.client({"url": url})
    assert as_data(other.get_schema(full.schema_id)) == as_data(ONE)
    assert as_data(other.get_schema(full.schema_id, subject_name=topic)) == as_data(ONE)
    assert as_data(other.get_schema_by_guid(full.guid)) == as_data(ONE)
    assert topic in other.get_subjects_by_schema_id(full.schema_id)
    assert any((v.subject, v.version) == (topic, 1) for v in other.get_schema_versions(full.schema_id))


def test_the_same_schema_again_is_the_same_version(client, flavour, url, topic):
    first = client.register_schema_full_response(topic, ONE)
    again = flavour.client({"url": url}).register_schema_full_response(topic, ONE)
    assert (again.schema_id, again.version, again.guid) == (first.schema_id, 1, first.guid)
    spaced = Schema(json.dumps(as_data(ONE), indent=4), "AVRO")
    assert flavour.client({"url": url}).register_schema(topic, spaced) == first.schema_id
    assert client.register_schema(unique("other"), ONE) == first.schema_id


def test_normalize(client, flavour, url, topic):
    plain = {"type": "record", "name": "N", "fields": [{"name": "f", "type": "int", "z": 1, "a": 2}]}
    turned = {"type": "record", "name": "N", "fields": [{"name": "f", "type": "int", "a": 2, "z": 1}]}
    texts = [Schema(json.dumps(text), "AVRO") for text in (plain, turned)]
    ids = {flavour.client({"url": url}).register_schema(topic, text, normalize_schemas=True) for text in texts}
    assert len(ids) == 1
    for text in texts:
        found = flavour.client({"url": url}).lookup_schema(topic, text, normalize_schemas=True)
        assert {found.schema_id} == ids


def test_looks_up(client, topic):
    refused(lambda: client.lookup_schema(topic, ONE), 404, 40401, topic)
    id = client.register_schema(topic, ONE)
    found = client.lookup_schema(topic, ONE)
    assert (found.subject, found.version, found.schema_id) == (topic, 1, id)
    refused(lambda: client.lookup_schema(topic, TWO), 404, 40403)


def test_an_incompatible_schema_is_refused(client, topic):
    client.register_schema(topic, ONE)
    refused(lambda: client.register_schema(topic, BROKEN), 409, 409, topic, "READER_FIELD_MISSING_DEFAULT_VALUE")
    assert client.get_versions(topic) == [1]


def test_checks_compatibility(client, topic):
    assert client.test_compatibility(topic, BROKEN), "there is nothing to be incompatible with"
    client.register_schema(topic, ONE)
    assert client.test_compatibility(topic, TWO)
    assert not client.test_compatibility(topic, BROKEN)
    assert not client.test_compatibility(topic, BROKEN, version=1, verbose=True)
    assert not client.test_compatibility_all_versions(topic, BROKEN, verbose=True)
    assert client.test_compatibility_all_versions(topic, TWO, normalize=True)
    refused(lambda: client.test_compatibility(topic, TWO, version=7), 404, 40402)


def test_config_of_a_subject(client, topic):
    refused(lambda: client.get_compatibility(topic), 404, 40408, topic)
    assert client.set_compatibility(topic, "FULL_TRANSITIVE") == {"compatibility": "FULL_TRANSITIVE"}
    assert client.get_compatibility(topic) == "FULL_TRANSITIVE"
    refused(lambda: client.set_compatibility(topic, "SIDEWAYS"), 422, 42203)
    client.register_schema(topic, ONE)
    client.set_compatibility(topic, "NONE")
    client.register_schema(topic, BROKEN)
    client.delete_config(topic)
    refused(lambda: client.get_compatibility(topic), 404, 40408)


def test_config_with_more_than_a_level(client, topic):
    config = ServerConfig(compatibility=ConfigCompatibilityLevel.FORWARD, compatibility_group="application.major")
    client.set_config(topic, config)
    read = client.get_config(topic)
    assert read.compatibility_level == ConfigCompatibilityLevel.FORWARD
    assert read.compatibility_group == "application.major"
    deleted = client.delete_config(topic)
    assert deleted.compatibility_level == ConfigCompatibilityLevel.FORWARD


def test_the_global_config(client):
    before = client.get_compatibility()
    try:
        client.set_compatibility(level="FORWARD")
        assert client.get_compatibility() == "FORWARD"
    finally:
        client.set_compatibility(level=before)
    assert client.get_compatibility() == before


def test_modes(client, topic):
    assert client.get_global_mode() == "READWRITE"
    refused(lambda: client.get_mode(topic), 404, 40409)
    client.register_schema(topic, ONE)
    assert client.update_mode(topic, "READONLY") == "READONLY"
    assert client.get_mode(topic) == "READONLY"
    refused(lambda: client.register_schema(topic, TWO), 422, 42205, "read-only")
    assert client.delete_mode(topic) == "READONLY"
    client.register_schema(topic, TWO)
    refused(lambda: client.update_mode(topic, "SOMETHING"), 422, 42204)


def test_deletes(client, flavour, url, topic):
    ids = [client.register_schema(topic, schema) for schema in (ONE, TWO)]
    refused(lambda: client.delete_version(topic, 1, permanent=True), 404, 40407)
    assert client.delete_version(topic, 1) == 1
    refused(lambda: flavour.client({"url": url}).get_version(topic, 1), 404, 40402)
    assert flavour.client({"url": url}).get_version(topic, 1, deleted=True).schema_id == ids[0]
    assert client.get_versions(topic) == [2]
    assert as_data(flavour.client({"url": url}).get_schema(ids[0])) == as_data(ONE), "consumers still read it"
    assert client.delete_version(topic, 1, permanent=True) == 1
    assert client.delete_subject(topic) == [2]
    refused(lambda: client.get_versions(topic), 404, 40401)
    refused(lambda: client.delete_subject(topic), 404, 40404)
    assert topic not in client.get_subjects()
    assert topic in client.get_subjects(deleted=True)
    assert client.delete_subject(topic, permanent=True) == [2]
    assert topic not in client.get_subjects(deleted=True)
    refused(lambda: client.delete_subject(topic), 404, 40401)


def test_a_live_subject_is_not_deleted_for_good(client, topic):
    client.register_schema(topic, ONE)
    refused(lambda: client.delete_subject(topic, permanent=True), 404, 40405)
    assert client.get_versions(topic) == [1]


def test_registers_again_after_a_delete(client, flavour, url, topic):
    id = client.register_schema(topic, ONE)
    client.delete_subject(topic)
    again = flavour.client({"url": url}).register_schema_full_response(topic, ONE)
    assert (again.schema_id, again.version) == (id, 2)


def test_references(client, topic):
    money = unique("money")
    client.register_schema(money, avro(("units", "long"), name="Money"))
    text = record(("price", "com.acme.Money"))
    refused(lambda: client.register_schema(topic, Schema(text, "AVRO")), 422, 42201)
    reference = SchemaReference("com.acme.Money", money, 1)
    id = client.register_schema(topic, Schema(text, "AVRO", [reference]))
    assert client.get_version(topic, 1).schema.references == [reference]
    assert client.get_referenced_by(money, 1) == [id]
    refused(lambda: client.delete_version(money, 1), 422, 42206)
    missing = SchemaReference("com.acme.Money", money, 9)
    refused(lambda: client.register_schema(topic, Schema(text, "AVRO", [missing])), 422, 42201, money)


def test_the_text_with_references_inlined(client, topic):
    money = unique("money")
    client.register_schema(money, avro(("units", "long"), name="Money"))
    reference = SchemaReference("com.acme.Money", money, 1)
    client.register_schema(topic, Schema(record(("price", "com.acme.Money")), "AVRO", [reference]))
    resolved = as_data(client.get_version(topic, 1, fmt="resolved").schema)
    assert resolved["fields"][0]["type"]["fields"] == [{"name": "units", "type": "long"}]


def test_contexts(client, flavour, url):
    context = unique(".c").replace("-", "")
    subject = f":{context}:orders-value"
    id = client.register_schema(subject, TWO)
    assert id == 1, "a context counts its own ids"
    assert context in client.get_contexts()
    read = client.get_latest_version(subject)
    assert read.subject == subject and read.version == 1
    assert client.get_subjects(subject_prefix=f":{context}:") == [subject]
    assert as_data(flavour.client({"url": url}).get_schema(1, subject_name=subject)) == as_data(TWO)
    inside = flavour.client({"url": f"{url}/contexts/{context}"})
    assert inside.get_versions("orders-value") == [1]
    assert as_data(inside.get_schema(1)) == as_data(TWO)
    assert inside.register_schema_full_response("orders-value", TWO).version == 1
    assert inside.register_schema("payments-value", ONE) == 2


@pytest.mark.parametrize(
    "credentials",
    [
        {"basic.auth.user.info": "user:secret"},
        {
            "bearer.auth.credentials.source": "STATIC_TOKEN",
            "bearer.auth.token": "token",
            "bearer.auth.logical.cluster": "lsrc-1",
            "bearer.auth.identity.pool.id": "pool-1",
        },
    ],
    ids=["basic", "bearer"],
)
def test_credentials_are_accepted(flavour, url, topic, credentials):
    secure = flavour.client({"url": url, **credentials})
    id = secure.register_schema(topic, ONE)
    assert secure.get_latest_version(topic).schema_id == id


def test_subjects_with_any_letters(client, flavour, url):
    for word in ("a/b c", "x+y", "50%", "größe", "a,b@c~d", "q?r#s", "日本"):
        subject = unique(word)
        id = client.register_schema(subject, ONE)
        assert subject in client.get_subjects()
        assert flavour.client({"url": url}).get_latest_version(subject).schema_id == id
        assert client.delete_subject(subject) == [1]


def test_lists_in_pages(client):
    prefix = unique("page")
    subjects = [f"{prefix}-{number}" for number in range(5)]
    for subject in subjects:
        client.register_schema(subject, ONE)
    assert client.get_subjects(subject_prefix=prefix) == subjects
    assert client.get_subjects(subject_prefix=prefix, offset=1, limit=2) == subjects[1:3]


def test_types(client):
    assert sorted(client.get_schema_types()) == ["AVRO", "JSON", "PROTOBUF"]


@pytest.mark.parametrize(
    "text, kind",
    [("{", "AVRO"), ('{"type":"record","name":"1","fields":[]}', "AVRO"), ("{]", "JSON"), ("message {", "PROTOBUF")],
)
def test_what_is_no_schema_is_refused(client, topic, text, kind):
    refused(lambda: client.register_schema(topic, Schema(text, kind)), 422, 42201)


def test_what_is_not_there(client, topic):
    refused(lambda: client.get_schema(2_000_000_000), 404, 40403)
    refused(lambda: client.get_schema_by_guid("00000000-0000-0000-0000-000000000000"), 404, 40403)
    refused(lambda: client.get_latest_version(topic), 404, 40401)
    client.register_schema(topic, ONE)
    refused(lambda: client.get_version(topic, 2), 404, 40402)
    refused(lambda: client.get_version(topic, "first"), 422, 42202)
    refused(lambda: client.register_schema(topic, Schema('"int"', "THRIFT")), 422, 42201)
