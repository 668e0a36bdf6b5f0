package greenhouse;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes readings with two versions of their schema, and tries a third one that the registry refuses. */
public final class Produce {
    private static final long SECONDS = 30;

    private Produce() {}

    public static void main(String[] arguments) throws Exception {
        String topic = Greenhouse.setting("TOPIC");
        Map<String, Object> broker = Map.of("bootstrap.servers", Greenhouse.setting("KAFKA_BOOTSTRAP"));
        try (Admin admin = Admin.create(broker)) {
            List<NewTopic> topics = List.of(
                    new NewTopic(topic, Greenhouse.PARTITIONS, (short) 1),
                    new NewTopic(Greenhouse.setting("SUMMARIES"), Greenhouse.PARTITIONS, (short) 1));
            admin.createTopics(topics).all().get(SECONDS, TimeUnit.SECONDS);
        }
        SchemaRegistryClient registry = new CachedSchemaRegistryClient(Greenhouse.setting("REGISTRY_URL"), 100);
        KafkaAvroSerializer avro = new KafkaAvroSerializer(registry, Greenhouse.serdes());
        // What a record takes, whatever its Java type: the key stays plain text, the value is Avro in a frame.
        @SuppressWarnings({"unchecked", "rawtypes"})
        KafkaProducer<String, GenericRecord> producer =
                new KafkaProducer<>(broker, new StringSerializer(), (org.apache.kafka.common.serialization.Serializer) avro);
        try (producer) {
            write(producer, registry, topic, "v1", 0, Greenhouse.BEFORE_HUMIDITY);
            write(producer, registry, topic, "v2", Greenhouse.BEFORE_HUMIDITY, Greenhouse.COUNT);
        }
        refused(registry, topic + "-value");
    }

    private static void write(KafkaProducer<String, GenericRecord> producer, SchemaRegistryClient registry, String topic,
            String version, int from, int to) throws Exception {
        Schema schema = Greenhouse.schema(version);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int index = from; index < to; index++) {
            GenericRecord reading = Greenhouse.reading(index, schema);
            // The key decides on the partition: all readings of a sensor go to one, and stay in order there.
            ProducerRecord<String, GenericRecord> message =
                    new ProducerRecord<>(topic, (String) reading.get("sensor"), reading);
            // Headers tell about a message without a look into it.
            message.headers().add("site", "north".getBytes(UTF_8));
            sent.add(producer.send(message));
        }
        for (Future<RecordMetadata> each : sent) {
            each.get(SECONDS, TimeUnit.SECONDS);
        }
        AvroSchema registered = new AvroSchema(schema);
        System.out.printf("wrote %d readings with version %d, schema id %d%n", sent.size(),
                registry.getVersion(topic + "-value", registered), registry.getId(topic + "-value", registered));
    }

    private static void refused(SchemaRegistryClient registry, String subject) throws Exception {
        try {
            registry.register(subject, new AvroSchema(Greenhouse.schema("refused")));
        } catch (RestClientException refusal) {
            if (refusal.getStatus() != 409) {
                throw refusal;
            }
            System.out.printf("refused with %d: %s%n", refusal.getStatus(), refusal.getMessage());
            return;
        }
        throw new IllegalStateException("the registry took a schema that breaks readers");
    }
}
