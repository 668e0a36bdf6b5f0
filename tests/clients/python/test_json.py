"""JSON documents through the client's serializer and deserializer."""

import json

import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, header_schema_id_serializer
from confluent_kafka.serialization import SerializationError
from support import id_in, refused, unique, value_of

PERSON = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Person",
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
TEXT = json.dumps(PERSON)
ADA = {"name": "Ada", "age": 36}


def variant(**changes):
    return json.dumps({**PERSON, **changes})


def test_there_and_back(flavour, client, url, topic):
    payload = flavour.json_serializer(client, TEXT)(ADA, value_of(topic))
    latest = client.get_latest_version(f"{topic}-value")
    assert id_in(payload) == latest.schema_id and latest.schema.schema_type == "JSON"
    assert json.loads(latest.schema.schema_str) == PERSON
    assert list(json.loads(latest.schema.schema_str)) == list(PERSON), "members keep their order"
    assert flavour.json_deserializer(client, TEXT)(payload, value_of(topic)) == ADA
    elsewhere = flavour.client({"url": url})
    assert flavour.json_deserializer(elsewhere)(payload, value_of(topic)) == ADA


def test_the_guid_in_a_header(flavour, client, url, topic):
    headers = {}
    write = flavour.json_serializer(client, TEXT, {"schema.id.serializer": header_schema_id_serializer})
    payload = write(ADA, value_of(topic, headers))
    assert json.loads(payload) == ADA
    assert headers["__value_schema_id"][:1] == b"\x01"
    elsewhere = flavour.client({"url": url})
    assert flavour.json_deserializer(elsewhere)(payload, value_of(topic, headers)) == ADA


def test_what_does_not_fit_is_not_sent(flavour, client, topic):
    write = flavour.json_serializer(client, TEXT)
    with pytest.raises(SerializationError):
        write({"age": -1}, value_of(topic))


def test_without_registering(flavour, client, url, topic):
    conf = {"auto.register.schemas": False}
    unknown = flavour.json_serializer(flavour.client({"url": url}), TEXT, conf)
    refused(lambda: unknown(ADA, value_of(topic)), 404, 40401)
    id = client.register_schema(f"{topic}-value", Schema(json.dumps(PERSON, indent=2), "JSON"))
    known = flavour.json_serializer(flavour.client({"url": url}), TEXT, conf)
    assert id_in(known(ADA, value_of(topic))) == id


def test_the_latest_version(flavour, client, topic):
    client.register_schema(f"{topic}-value", Schema(TEXT, "JSON"))
    properties = {**PERSON["properties"], "nick": {"type": "string"}}
    newest = client.register_schema(f"{topic}-value", Schema(variant(properties=properties), "JSON"))
    conf = {"auto.register.schemas": False, "use.latest.version": True}
    payload = flavour.json_serializer(client, TEXT, conf)(ADA, value_of(topic))
    assert id_in(payload) == newest
    read = flavour.json_deserializer(client, TEXT, {"use.latest.version": True})
    assert read(payload, value_of(topic)) == ADA


def test_normalized(flavour, client, url, topic):
    turned = json.dumps(dict(reversed(list(PERSON.items()))))
    ids = set()
    for text in (TEXT, turned):
        write = flavour.json_serializer(flavour.client({"url": url}), text, {"normalize.schemas": True})
        ids.add(id_in(write(ADA, value_of(topic))))
    assert len(ids) == 1
    assert client.get_versions(f"{topic}-value") == [1]


def test_the_order_of_members_counts_without_it(flavour, client, url, topic):
    turned = json.dumps(dict(reversed(list(PERSON.items()))))
    ids = [
        id_in(flavour.json_serializer(flavour.client({"url": url}), text)(ADA, value_of(topic)))
        for text in (TEXT, turned)
    ]
    assert len(set(ids)) == 2


def test_references(flavour, client, url, topic):
    street, address = unique("street"), unique("address")
    client.register_schema(street, Schema('{"type":"string","minLength":2}', "JSON"))
    to_street = SchemaReference("street.json", street, 1)
    text = json.dumps({"type": "object", "properties": {"street": {"$ref": "street.json"}}})
    client.register_schema(address, Schema(text, "JSON", [to_street]))
    to_address = SchemaReference("address.json", address, 1)
    properties = {**PERSON["properties"], "home": {"$ref": "address.json"}}
    person = Schema(variant(properties=properties), "JSON", [to_address])
    value = {**ADA, "home": {"street": "Long Lane"}}
    write = flavour.json_serializer(client, person)
    payload = write(value, value_of(topic))
    elsewhere = flavour.client({"url": url})
    assert flavour.json_deserializer(elsewhere)(payload, value_of(topic)) == value
    with pytest.raises(SerializationError):
        write({**ADA, "home": {"street": "x"}}, value_of(topic))
    lacking = Schema(variant(properties=properties), "JSON")
    refused(lambda: client.register_schema(unique("p"), lacking), 422, 42201)


def test_an_incompatible_change_stops_the_producer(flavour, client, topic):
    flavour.json_serializer(client, TEXT)(ADA, value_of(topic))
    properties = {**PERSON["properties"], "age": {"type": "string"}}
    changed = Schema(variant(properties=properties), "JSON")
    refused(lambda: client.register_schema(f"{topic}-value", changed), 409, 409, "TYPE_CHANGED", "#/properties/age")
    write = flavour.json_serializer(client, changed.schema_str)
    refused(lambda: write({"name": "Ada", "age": "36"}, value_of(topic)), 409, 409)
