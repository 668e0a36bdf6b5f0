"""Tries to register a schema that could not read what the topic holds already, and shows the registry's answer."""

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError
from greenhouse import schema, setting


def main():
    registry = SchemaRegistryClient({"url": setting("REGISTRY_URL")})
    subject = f"{setting('TOPIC')}-value"
    try:
        registry.register_schema(subject, Schema(schema("refused"), "AVRO"))
    except SchemaRegistryError as error:
        if error.http_status_code != 409:
            raise
        print(f"refused with {error.http_status_code}: {error.error_message}")
    else:
        raise SystemExit("the registry took a schema that breaks readers")
    versions = registry.get_versions(subject)
    if versions != [1, 2]:
        raise SystemExit(f"versions 1 and 2 should be all, but there are {versions}")


if __name__ == "__main__":
    main()
