package greenhouse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads the readings with the second version of their schema, and the summaries, and checks both. */
public final class Consume {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Consume() {}

    public static void main(String[] arguments) throws Exception {
        int readings = readings();
        int summaries = summaries();
        int sensors = Greenhouse.SENSORS.size();
        if (readings != Greenhouse.COUNT || summaries != sensors) {
            System.out.printf("FAILED: %d of %d records and %d of %d summaries are as they should be%n", readings,
                    Greenhouse.COUNT, summaries, sensors);
            System.exit(1);
        }
        System.out.printf("OK: %d of %d records, in order within each sensor, and %d of %d summaries%n", readings,
                Greenhouse.COUNT, summaries, sensors);
    }

    private static int readings() throws IOException {
        Schema newest = Greenhouse.schema("v2");
        Map<String, GenericRecord> expected = new HashMap<>();
        for (int index = 0; index < Greenhouse.COUNT; index++) {
            GenericRecord made = Greenhouse.reading(index, newest);
            expected.put(made.get("sensor") + "/" + made.get("number"), made);
        }
        int right = 0;
        int old = 0;
        Map<String, Integer> partitions = new HashMap<>();
        Map<String, Integer> last = new HashMap<>();
        List<ConsumerRecord<String, GenericRecord>> got =
                read(Greenhouse.setting("TOPIC"), newest, all -> all.size() >= Greenhouse.COUNT);
        for (ConsumerRecord<String, GenericRecord> message : got) {
            GenericRecord reading = message.value();
            String sensor = message.key();
            int number = (int) reading.get("number");
            boolean inOrder = number == last.getOrDefault(sensor, 0) + 1;
            last.put(sensor, number);
            partitions.putIfAbsent(sensor, message.partition());
            boolean samePartition = partitions.get(sensor) == message.partition();
            Header site = message.headers().lastHeader("site");
            boolean fromNorth = site != null && "north".equals(new String(site.value(), UTF_8));
            GenericRecord wanted = expected.get(sensor + "/" + number);
            // Compared as text: Avro's own strings and Java's are never equal to each other.
            boolean same = wanted != null && wanted.toString().equals(reading.toString());
            if (reading.get("humidity") == null) {
                old++;
            }
            if (same && inOrder && samePartition && fromNorth) {
                right++;
            } else {
                System.out.printf("wrong: partition %d, offset %d: %s%n", message.partition(), message.offset(), reading);
            }
        }
        for (String sensor : Greenhouse.SENSORS) {
            System.out.printf("%s: %d readings, all on partition %d%n", sensor, last.get(sensor), partitions.get(sensor));
        }
        System.out.printf("%d of them were written before there was a humidity, and read as null%n", old);
        return got.size() == Greenhouse.COUNT ? right : 0;
    }

    private static int summaries() {
        Map<String, GenericRecord> latest = new HashMap<>();
        int each = Greenhouse.COUNT / Greenhouse.SENSORS.size();
        read(Greenhouse.setting("SUMMARIES"), null, all -> {
            for (ConsumerRecord<String, GenericRecord> message : all) {
                latest.put(message.key(), message.value());
            }
            return latest.size() == Greenhouse.SENSORS.size()
                    && latest.values().stream().allMatch(summary -> (int) summary.get("readings") >= each);
        });
        int right = 0;
        for (int place = 0; place < Greenhouse.SENSORS.size(); place++) {
            GenericRecord summary = latest.get(Greenhouse.SENSORS.get(place));
            System.out.println(summary);
            // The last reading of each sensor is its warmest, and three of five came with a humidity or two.
            int lastIndex = Greenhouse.COUNT - Greenhouse.SENSORS.size() + place;
            int humid = 0;
            for (int index = place; index < Greenhouse.COUNT; index += Greenhouse.SENSORS.size()) {
                humid += index >= Greenhouse.BEFORE_HUMIDITY ? 1 : 0;
            }
            if (summary != null && (int) summary.get("readings") == each && (int) summary.get("with_humidity") == humid
                    && (double) summary.get("highest") == 18.0 + lastIndex / 4.0) {
                right++;
            }
        }
        return right;
    }

    /** Reads a topic from its start until it is enough or the time is over. With a schema, records are read as that. */
    private static List<ConsumerRecord<String, GenericRecord>> read(String topic, Schema reader,
            Predicate<List<ConsumerRecord<String, GenericRecord>>> enough) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", Greenhouse.setting("KAFKA_BOOTSTRAP"));
        settings.put("group.id", topic + "-check");
        settings.put("auto.offset.reset", "earliest");
        List<ConsumerRecord<String, GenericRecord>> got = new ArrayList<>();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        try (KafkaConsumer<String, GenericRecord> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), deserializer(reader))) {
            consumer.subscribe(List.of(topic));
            while (!enough.test(got) && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofSeconds(1)).forEach(got::add);
            }
        }
        return got;
    }

    /** Confluent's deserializer. The writer's schema is fetched by the id in front of each record; the reader's is ours. */
    private static Deserializer<GenericRecord> deserializer(Schema reader) {
        KafkaAvroDeserializer avro = new KafkaAvroDeserializer(
                new CachedSchemaRegistryClient(Greenhouse.setting("REGISTRY_URL"), 100), Greenhouse.serdes());
        return (topic, bytes) -> (GenericRecord) avro.deserialize(topic, bytes, reader);
    }
}
