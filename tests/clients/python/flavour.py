"""The blocking and the asynchronous classes of the client behind one interface, so that one test runs both.

Nothing of the client is changed: the asynchronous one is merely awaited here, on a loop of its own.
"""

import asyncio
import inspect

from confluent_kafka import schema_registry as registry
from confluent_kafka.schema_registry import avro, json_schema, protobuf


class Blocking:
    """The classes that answer at once."""

    def run(self, value):
        return value

    def close(self):
        pass

    def client(self, conf):
        return registry.SchemaRegistryClient(conf)

    def avro_serializer(self, client, schema, conf=None, **more):
        return avro.AvroSerializer(client, schema, conf=conf, **more)

    def avro_deserializer(self, client, schema=None, conf=None, **more):
        return avro.AvroDeserializer(client, schema, conf=conf, **more)

    def json_serializer(self, client, schema, conf=None, **more):
        return json_schema.JSONSerializer(schema, client, conf=conf, **more)

    def json_deserializer(self, client, schema=None, conf=None, **more):
        return json_schema.JSONDeserializer(schema, schema_registry_client=client, conf=conf, **more)

    def protobuf_serializer(self, client, message, conf=None, **more):
        return protobuf.ProtobufSerializer(message, client, conf=conf, **more)

    def protobuf_deserializer(self, client, message, conf=None, **more):
        return protobuf.ProtobufDeserializer(message, conf, client, **more)


class Awaited:
    """An object whose methods are awaited."""

    def __init__(self, inner, run):
        self._inner = inner
        self._run = run

    def __getattr__(self, name):
        member = getattr(self._inner, name)
        if not callable(member):
            return member
        return lambda *args, **more: self._run(member(*args, **more))

    def __call__(self, *args, **more):
        return self._run(self._inner(*args, **more))


class Asynchronous:
    """The classes that want to be awaited."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()

    def run(self, value):
        return self._loop.run_until_complete(value) if inspect.isawaitable(value) else value

    def close(self):
        self._loop.close()

    def _awaited(self, made):
        return Awaited(self.run(made), self.run)

    def client(self, conf):
        return self._awaited(registry.AsyncSchemaRegistryClient(conf))

    def avro_serializer(self, client, schema, conf=None, **more):
        return self._awaited(avro.AsyncAvroSerializer(client._inner, schema, conf=conf, **more))

    def avro_deserializer(self, client, schema=None, conf=None, **more):
        return self._awaited(avro.AsyncAvroDeserializer(client._inner, schema, conf=conf, **more))

    def json_serializer(self, client, schema, conf=None, **more):
        return self._awaited(json_schema.AsyncJSONSerializer(schema, client._inner, conf=conf, **more))

    def json_deserializer(self, client, schema=None, conf=None, **more):
        made = json_schema.AsyncJSONDeserializer(schema, schema_registry_client=client._inner, conf=conf, **more)
        return self._awaited(made)

    def protobuf_serializer(self, client, message, conf=None, **more):
        return self._awaited(protobuf.AsyncProtobufSerializer(message, client._inner, conf=conf, **more))

    def protobuf_deserializer(self, client, message, conf=None, **more):
        return self._awaited(protobuf.AsyncProtobufDeserializer(message, conf, client._inner, **more))


FLAVOURS = {"sync": Blocking, "async": Asynchronous}
