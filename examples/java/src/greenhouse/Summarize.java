package greenhouse;

import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** A Kafka Streams topology: from the readings of each sensor, how many there are and the highest temperature so far. */
public final class Summarize {
    private static final long SECONDS = 90;
    private static final Schema SUMMARY = SchemaBuilder.record("Summary").namespace("greenhouse").fields()
            .requiredString("sensor").requiredInt("readings").requiredInt("with_humidity").requiredDouble("highest")
            .endRecord();

    private Summarize() {}

    public static void main(String[] arguments) throws Exception {
        Serde<GenericRecord> avro = avro();
        StreamsBuilder builder = new StreamsBuilder();
        CountDownLatch seen = new CountDownLatch(Greenhouse.COUNT);
        builder.stream(Greenhouse.setting("TOPIC"), Consumed.with(Serdes.String(), avro))
                .groupByKey(Grouped.with(Serdes.String(), avro))
                // The state is kept in a topic of its own, in Avro too: its schema is a subject like any other.
                .aggregate(Summarize::nothing, Summarize::add, Materialized.with(Serdes.String(), avro))
                .toStream()
                .peek((sensor, summary) -> seen.countDown())
                .to(Greenhouse.setting("SUMMARIES"), Produced.with(Serdes.String(), avro));

        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, Greenhouse.setting("SUMMARIES"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, Greenhouse.setting("KAFKA_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, Greenhouse.setting("STATE"));
        settings.put("auto.offset.reset", "earliest");
        // Every reading gives a summary at once, where a busy topology would gather some first.
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);

        AtomicReference<Throwable> failure = new AtomicReference<>();
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(thrown -> {
            failure.set(thrown);
            while (seen.getCount() > 0) {
                seen.countDown();
            }
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        boolean all;
        try (streams) {
            streams.start();
            all = seen.await(SECONDS, TimeUnit.SECONDS);
            streams.close(Duration.ofSeconds(30));
        }
        if (failure.get() != null) {
            throw new IllegalStateException("the topology failed", failure.get());
        }
        if (!all) {
            throw new IllegalStateException("the topology saw too little within " + SECONDS + " seconds");
        }
        System.out.printf("the topology has taken %d readings%n", Greenhouse.COUNT);
    }

    private static GenericRecord nothing() {
        return summary("", 0, 0, Double.NEGATIVE_INFINITY);
    }

    /** Works on readings of either version: the ones of the first have no field for humidity at all. */
    private static GenericRecord add(String sensor, GenericRecord reading, GenericRecord before) {
        boolean humid = reading.hasField("humidity") && reading.get("humidity") != null;
        return summary(sensor, (int) before.get("readings") + 1, (int) before.get("with_humidity") + (humid ? 1 : 0),
                Math.max((double) before.get("highest"), (double) reading.get("celsius")));
    }

    private static GenericRecord summary(String sensor, int readings, int humid, double highest) {
        GenericRecord made = new GenericData.Record(SUMMARY);
        made.put("sensor", sensor);
        made.put("readings", readings);
        made.put("with_humidity", humid);
        made.put("highest", highest);
        return made;
    }

    /** Confluent's serializer and deserializer as the pair that Streams wants. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Serde<GenericRecord> avro() {
        Map<String, Object> settings = Greenhouse.serdes();
        KafkaAvroSerializer serializer = new KafkaAvroSerializer();
        serializer.configure(settings, false);
        KafkaAvroDeserializer deserializer = new KafkaAvroDeserializer();
        deserializer.configure(settings, false);
        return Serdes.serdeFrom((Serializer) serializer, (Deserializer) deserializer);
    }
}
