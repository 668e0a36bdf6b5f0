// A producer and a consumer in JavaScript. The records are JSON, with two versions of one JSON Schema.
import { isDeepStrictEqual } from 'node:util';
import { JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { BEFORE_HUMIDITY, COUNT, PARTITIONS, SENSORS, reading, schema, setting } from './greenhouse.js';

const SECONDS = 60;

/** A client with empty caches. */
function registry() {
  return new SchemaRegistryClient({ baseURLs: [setting('REGISTRY_URL')] });
}

/** Registers a version of the schema under the value's subject, and writes these readings with it. */
async function produce(producer, topic, version, from, to) {
  const client = registry();
  const subject = `${topic}-value`;
  await client.register(subject, { schemaType: 'JSON', schema: await schema(version) });
  // The serializer takes the latest version, checks each record against it, and puts a zero byte and its id in front.
  const serializer = new JsonSerializer(client, SerdeType.VALUE, {
    autoRegisterSchemas: false,
    useLatestVersion: true,
    validate: true,
  });
  const messages = [];
  for (let index = from; index < to; index += 1) {
    const value = reading(index);
    messages.push({
      // The key decides on the partition: all readings of a sensor go to one, and stay in order there.
      key: value.sensor,
      value: await serializer.serialize(topic, value),
      // Headers tell about a message without a look into it.
      headers: { site: 'north' },
    });
  }
  // -1 waits for all copies of the partition.
  await producer.send({ topic, messages, acks: -1 });
  const latest = await client.getLatestSchemaMetadata(subject);
  console.log(`wrote ${messages.length} readings with version ${latest.version}, schema id ${latest.id}`);
}

/** Shows what the serializer does with a record that is not what the schema says. */
async function invalid(topic) {
  const serializer = new JsonSerializer(registry(), SerdeType.VALUE, {
    autoRegisterSchemas: false,
    useLatestVersion: true,
    validate: true,
  });
  try {
    await serializer.serialize(topic, { ...reading(0), celsius: 'warm' });
  } catch (error) {
    console.log(`a record with the temperature "warm" is not sent: ${error.message}`);
    return;
  }
  throw new Error('the serializer took a record that its schema forbids');
}

/** Tries to register a schema that could not read what the topic holds already. */
async function refused(subject) {
  try {
    await registry().register(subject, { schemaType: 'JSON', schema: await schema('refused') });
  } catch (error) {
    if (error.status !== 409) {
      throw error;
    }
    console.log(`refused with ${error.status}: ${error.message}`);
    return;
  }
  throw new Error('the registry took a schema that breaks readers');
}

/** The first messages of the topic, decoded; rejects when they do not come in time. */
async function read(consumer, topic) {
  const deserializer = new JsonDeserializer(registry(), SerdeType.VALUE, { validate: true });
  const got = [];
  let timer;
  await new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${got.length} of ${COUNT} records in ${SECONDS} seconds`)), SECONDS * 1000);
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          try {
            got.push({ partition, message, value: await deserializer.deserialize(topic, message.value) });
          } catch (error) {
            // Told at once: the consumer itself would try the message again and again.
            reject(error);
            return;
          }
          if (got.length === COUNT) {
            resolve();
          }
        },
      })
      .catch(reject);
  }).finally(() => clearTimeout(timer));
  return got;
}

/** Counts the readings that are as written, in order within their sensor, and on one partition for each sensor. */
function check(got) {
  const expected = new Map();
  for (let index = 0; index < COUNT; index += 1) {
    const made = reading(index);
    expected.set(`${made.sensor}/${made.number}`, made);
  }
  const partitions = new Map();
  const last = new Map();
  let right = 0;
  for (const { partition, message, value } of got) {
    const sensor = message.key.toString();
    const inOrder = value.number === (last.get(sensor) ?? 0) + 1;
    last.set(sensor, value.number);
    if (!partitions.has(sensor)) {
      partitions.set(sensor, partition);
    }
    const same = isDeepStrictEqual(value, expected.get(`${sensor}/${value.number}`));
    const north = message.headers?.site?.toString() === 'north';
    if (same && inOrder && north && partitions.get(sensor) === partition) {
      right += 1;
    } else {
      console.log(`wrong: partition ${partition}, offset ${message.offset}: ${JSON.stringify(value)}`);
    }
  }
  for (const sensor of SENSORS) {
    console.log(`${sensor}: ${last.get(sensor)} readings, all on partition ${partitions.get(sensor)}`);
  }
  const old = got.filter(({ value }) => !('humidity' in value)).length;
  console.log(`${old} of them were written before there was a humidity, and have none`);
  return right;
}

async function main() {
  const topic = setting('TOPIC');
  const kafka = new Kafka({
    clientId: 'greenhouse',
    brokers: [setting('KAFKA_BOOTSTRAP')],
    // Its log would also name what it tries again by itself; what it cannot mend is thrown.
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  // The default partitioner hashes keys with murmur2, as Java clients do.
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const consumer = kafka.consumer({ groupId: `${topic}-check` });
  try {
    console.log('\n== Produce with two versions of the schema');
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] });
    await producer.connect();
    await produce(producer, topic, 'v1', 0, BEFORE_HUMIDITY);
    await produce(producer, topic, 'v2', BEFORE_HUMIDITY, COUNT);
    await invalid(topic);
    console.log('\n== A change that would break readers');
    await refused(`${topic}-value`);
    console.log('\n== Consume');
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const right = check(await read(consumer, topic));
    if (right !== COUNT) {
      throw new Error(`${right} of ${COUNT} records are as they should be`);
    }
    console.log(`OK: ${right} of ${COUNT} records, in order within each sensor`);
  } finally {
    await Promise.allSettled([consumer.disconnect(), producer.disconnect(), admin.disconnect()]);
  }
}

main().catch((error) => {
  console.log(`FAILED: ${error.message}`);
  process.exitCode = 1;
});
