"""What several test files want."""

import json
import uuid

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext


def record(*fields, name="Order", namespace="com.acme"):
    """The text of an Avro record; a field is (name, type) or (name, type, default)."""
    parts = [dict(zip(("name", "type", "default"), field)) for field in fields]
    return json.dumps({"type": "record", "name": name, "namespace": namespace, "fields": parts})


def avro(*fields, **more):
    """The same as the client's Schema."""
    return Schema(record(*fields, **more), "AVRO")


def value_of(topic, headers=None):
    """The context of a message's value."""
    return SerializationContext(topic, MessageField.VALUE, headers)


def key_of(topic, headers=None):
    """The context of a message's key."""
    return SerializationContext(topic, MessageField.KEY, headers)


def id_in(payload):
    """The schema id in front of a payload."""
    assert payload[0] == 0
    return int.from_bytes(payload[1:5], "big")


def unique(word):
    """A name that no other test uses."""
    return f"{word}-{uuid.uuid4().hex[:12]}"


def refused(call, http, code, *words):
    """Wants the client's own error with these numbers, and these words in its text."""
    with pytest.raises(SchemaRegistryError) as caught:
        call()
    error = caught.value
    assert (error.http_status_code, error.error_code) == (http, code), error
    for word in words:
        assert word in error.error_message, error
