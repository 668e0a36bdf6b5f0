package greenhouse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** The story that all examples tell: four sensors of a greenhouse, five readings each. */
final class Greenhouse {
    static final List<String> SENSORS = List.of("bench-a", "bench-b", "bench-c", "bench-d");
    static final int COUNT = 20;
    /** The first readings are written before anybody measures humidity. */
    static final int BEFORE_HUMIDITY = 10;
    static final int PARTITIONS = 3;
    /** Midnight of 2026-01-01, UTC, in milliseconds. */
    private static final long START = 1_767_225_600_000L;

    private Greenhouse() {}

    /** An address or a name from the environment; examples/java/run sets them. */
    static String setting(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException("set " + name + ", or start this with `run`");
        }
        return value;
    }

    /** A schema that all examples share. */
    static Schema schema(String name) throws IOException {
        Path file = Path.of(setting("SCHEMAS"), "reading-" + name + ".avsc");
        return new Schema.Parser().parse(Files.readString(file));
    }

    /** The reading of this index, from 0 to COUNT - 1; with a humidity where the schema has one and it was measured. */
    static GenericRecord reading(int index, Schema schema) {
        GenericRecord made = new GenericData.Record(schema);
        made.put("sensor", SENSORS.get(index % SENSORS.size()));
        made.put("number", index / SENSORS.size() + 1);
        made.put("at", START + index * 60_000L);
        made.put("celsius", 18.0 + index / 4.0);
        if (schema.getField("humidity") != null) {
            made.put("humidity", index < BEFORE_HUMIDITY ? null : 40.0 + index);
        }
        return made;
    }

    /** What every serializer and deserializer here is told. */
    static Map<String, Object> serdes() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("schema.registry.url", setting("REGISTRY_URL"));
        return settings;
    }
}
