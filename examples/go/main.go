// A producer and a consumer with franz-go. The records have two versions of one schema.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	bootstrap, err := setting("KAFKA_BOOTSTRAP")
	if err != nil {
		return err
	}
	url, err := setting("REGISTRY_URL")
	if err != nil {
		return err
	}
	topic, err := setting("TOPIC")
	if err != nil {
		return err
	}
	registry, err := sr.NewClient(sr.URLs(url))
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap),
		kgo.ConsumeTopics(topic),
		kgo.ConsumerGroup(topic+"-check"),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		// The topic is made below, after this client begins to ask for it.
		kgo.MetadataMinAge(100*time.Millisecond),
		kgo.UnknownTopicRetries(-1),
	)
	if err != nil {
		return err
	}
	defer client.Close()

	fmt.Println("\n== Produce with two versions of the schema")
	if _, err := kadm.NewClient(client).CreateTopic(ctx, partitions, 1, nil, topic); err != nil {
		return err
	}
	if err := produce(ctx, client, registry, topic, "v1", 0, beforeHumidity); err != nil {
		return err
	}
	if err := produce(ctx, client, registry, topic, "v2", beforeHumidity, count); err != nil {
		return err
	}
	fmt.Println("\n== A change that would break readers")
	if err := refused(ctx, registry, topic+"-value"); err != nil {
		return err
	}
	fmt.Println("\n== Consume")
	return consume(ctx, client, registry)
}

// produce registers a version of the schema under the value's subject, and writes the readings from..to with it.
func produce(ctx context.Context, client *kgo.Client, registry *sr.Client, topic, version string, from, to int) error {
	text, schema, err := schemaText(version)
	if err != nil {
		return err
	}
	registered, err := registry.CreateSchema(ctx, topic+"-value", sr.Schema{Schema: text, Type: sr.TypeAvro})
	if err != nil {
		return err
	}
	// What goes in front of each record: a zero byte and the schema's id.
	var serde sr.Serde
	serde.Register(registered.ID, reading{}, sr.EncodeFn(func(value any) ([]byte, error) {
		return avro.Marshal(schema, value)
	}))
	var records []*kgo.Record
	for index := from; index < to; index++ {
		made := readingAt(index)
		value, err := serde.Encode(made)
		if err != nil {
			return err
		}
		records = append(records, &kgo.Record{
			Topic: topic,
			// The key decides on the partition: all readings of a sensor go to one, and stay in order there.
			Key:   []byte(made.Sensor),
			Value: value,
			// Headers tell about a message without a look into it.
			Headers: []kgo.RecordHeader{{Key: "site", Value: []byte("north")}},
		})
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	fmt.Printf("wrote %d readings with version %d, schema id %d\n", len(records), registered.Version, registered.ID)
	return nil
}

// refused tries to register a schema that could not read what the topic holds already.
func refused(ctx context.Context, registry *sr.Client, subject string) error {
	text, _, err := schemaText("refused")
	if err != nil {
		return err
	}
	_, err = registry.CreateSchema(ctx, subject, sr.Schema{Schema: text, Type: sr.TypeAvro})
	var refusal *sr.ResponseError
	if err == nil {
		return errors.New("the registry took a schema that breaks readers")
	}
	if !errors.As(err, &refusal) || refusal.StatusCode != http.StatusConflict {
		return err
	}
	fmt.Printf("refused with %d: %s\n", refusal.StatusCode, refusal.Message)
	return nil
}

// decoder turns framed records into readings, whichever version wrote them.
type decoder struct {
	registry *sr.Client
	reader   avro.Schema
	// By schema id: what reads a record of that writer as a record of the reader's schema.
	resolved map[int]avro.Schema
}

func (d *decoder) decode(ctx context.Context, framed []byte) (reading, error) {
	var got reading
	id, payload, err := new(sr.ConfluentHeader).DecodeID(framed)
	if err != nil {
		return got, err
	}
	schema, known := d.resolved[id]
	if !known {
		stored, err := d.registry.SchemaByID(ctx, id)
		if err != nil {
			return got, err
		}
		writer, err := avro.ParseBytesWithCache([]byte(stored.Schema), "", &avro.SchemaCache{})
		if err != nil {
			return got, err
		}
		schema, err = avro.NewSchemaCompatibility().Resolve(d.reader, writer)
		if err != nil {
			return got, err
		}
		d.resolved[id] = schema
	}
	return got, avro.Unmarshal(schema, payload, &got)
}

// consume reads all readings with the second version of the schema, and checks them.
func consume(ctx context.Context, client *kgo.Client, registry *sr.Client) error {
	_, reader, err := schemaText("v2")
	if err != nil {
		return err
	}
	decoder := decoder{registry: registry, reader: reader, resolved: map[int]avro.Schema{}}
	expected := map[string]reading{}
	for index := range count {
		made := readingAt(index)
		expected[fmt.Sprint(made.Sensor, "/", made.Number)] = made
	}
	got, right, old := 0, 0, 0
	last, partition := map[string]int{}, map[string]int32{}
	for got < count {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("after %d of %d records: %w", got, count, err)
		}
		for _, record := range fetches.Records() {
			got++
			sensor := string(record.Key)
			value, err := decoder.decode(ctx, record.Value)
			if err != nil {
				return fmt.Errorf("partition %d, offset %d: %w", record.Partition, record.Offset, err)
			}
			if value.Humidity == nil {
				old++
			}
			if _, seen := partition[sensor]; !seen {
				partition[sensor] = record.Partition
			}
			wanted, known := expected[fmt.Sprint(sensor, "/", value.Number)]
			inOrder := value.Number == last[sensor]+1
			last[sensor] = value.Number
			fromNorth := len(record.Headers) == 1 && record.Headers[0].Key == "site" && string(record.Headers[0].Value) == "north"
			if known && value.equal(wanted) && inOrder && fromNorth && partition[sensor] == record.Partition {
				right++
			} else {
				fmt.Printf("wrong: partition %d, offset %d: %+v\n", record.Partition, record.Offset, value)
			}
		}
	}
	for _, sensor := range sensors {
		fmt.Printf("%s: %d readings, all on partition %d\n", sensor, last[sensor], partition[sensor])
	}
	fmt.Printf("%d of them were written before there was a humidity, and read as null\n", old)
	if right != count || got != count {
		return fmt.Errorf("%d of %d records are as they should be", right, count)
	}
	fmt.Printf("OK: %d of %d records, in order within each sensor\n", right, count)
	return nil
}
