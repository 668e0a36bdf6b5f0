"""The story that all examples tell: four sensors of a greenhouse, five readings each."""

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

SENSORS = ["bench-a", "bench-b", "bench-c", "bench-d"]
COUNT = 20
# The first readings are written before anybody measures humidity.
BEFORE_HUMIDITY = 10
PARTITIONS = 3
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def setting(name):
    """An address or a name from the environment; examples/python/run sets them."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"set {name}, or start this with `run`")
    return value


def schema(name):
    """The text of a schema that all examples share."""
    return (Path(setting("SCHEMAS")) / f"reading-{name}.avsc").read_text(encoding="utf-8")


def reading(index):
    """The reading of this index, from 0 to COUNT - 1."""
    made = {
        "sensor": SENSORS[index % len(SENSORS)],
        "number": index // len(SENSORS) + 1,
        "at": START + timedelta(minutes=index),
        "celsius": 18.0 + index / 4,
    }
    if index >= BEFORE_HUMIDITY:
        made["humidity"] = 40.0 + index
    return made
