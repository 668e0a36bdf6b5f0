// Messages through the client's serializers and deserializers, in all three formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import registry from '@confluentinc/schemaregistry';
import { call, idIn, record, unique } from '../support.mjs';
import { client, refused } from './common.mjs';
import { build } from './protobuf_files.mjs';

const { SerdeType, SubjectNameStrategyType } = registry;
const TEXT = record('Order', ['id', 'int'], ['name', 'string']);
const ORDER = { id: 7, name: 'seven' };
const AVRO = { schemaType: 'AVRO', schema: TEXT };
const LATEST = { autoRegisterSchemas: false, useLatestVersion: true };

const avroWriter = (conf, c = client()) => new registry.AvroSerializer(c, SerdeType.VALUE, conf);
const avroReader = (conf = {}, c = client()) => new registry.AvroDeserializer(c, SerdeType.VALUE, conf);

test('Avro: there and back, registered on the way', async () => {
  const topic = unique('t');
  const payload = await avroWriter({ autoRegisterSchemas: true }).serialize(topic, ORDER);
  assert.equal(idIn(payload), (await client().getLatestSchemaMetadata(`${topic}-value`)).id);
  const read = await avroReader().deserialize(topic, payload);
  assert.deepEqual({ ...read }, ORDER);
});

test('Avro: keys have a subject of their own', async () => {
  const topic = unique('t');
  await new registry.AvroSerializer(client(), SerdeType.KEY, { autoRegisterSchemas: true }).serialize(topic, ORDER);
  assert.deepEqual(await client().getAllVersions(`${topic}-key`), [1]);
});

test('Avro: the latest version', async () => {
  const topic = unique('t');
  const subject = `${topic}-value`;
  await client().register(subject, AVRO);
  const newest = await client().register(subject, {
    schemaType: 'AVRO',
    schema: record('Order', ['id', 'int'], ['name', 'string'], ['note', 'string', '-']),
  });
  const payload = await avroWriter(LATEST).serialize(topic, ORDER);
  assert.equal(idIn(payload), newest);
  assert.deepEqual({ ...(await avroReader().deserialize(topic, payload)) }, { ...ORDER, note: '-' });
});

test('Avro: an old message under a newer reader', async () => {
  const topic = unique('t');
  const subject = `${topic}-value`;
  await client().register(subject, AVRO);
  const payload = await avroWriter(LATEST).serialize(topic, ORDER);
  const schema = record('Order', ['id', 'int'], ['name', 'string'], ['note', 'string', '-']);
  await client().register(subject, { schemaType: 'AVRO', schema });
  const read = await avroReader({ useLatestVersion: true }).deserialize(topic, payload);
  assert.deepEqual({ ...read }, { ...ORDER, note: '-' });
});

test('Avro: the latest version with some metadata', async () => {
  const topic = unique('t');
  const subject = `${topic}-value`;
  const ids = {};
  for (const [stage, extra] of [['stable', []], ['trial', [['note', 'string', '-']]]]) {
    const schema = record('Order', ['id', 'int'], ['name', 'string'], ...extra);
    ids[stage] = await client().register(subject, { schemaType: 'AVRO', schema, metadata: { properties: { stage } } });
  }
  for (const stage of ['stable', 'trial']) {
    const conf = { autoRegisterSchemas: false, useLatestWithMetadata: { stage } };
    assert.equal(idIn(await avroWriter(conf).serialize(topic, ORDER)), ids[stage]);
  }
  const conf = { autoRegisterSchemas: false, useLatestWithMetadata: { stage: 'none' } };
  await refused(avroWriter(conf).serialize(topic, ORDER), 404, 40403);
});

test('Avro: a given id', async () => {
  const topic = unique('t');
  const id = await client().register(`${topic}-value`, AVRO);
  const payload = await avroWriter({ autoRegisterSchemas: false, useSchemaId: id }).serialize(topic, ORDER);
  assert.equal(idIn(payload), id);
});

test('Avro: without registering, an unknown schema stops the producer', async () => {
  const topic = unique('t');
  await refused(avroWriter({ autoRegisterSchemas: false }).serialize(topic, ORDER), 404, 40401);
});

test('Avro: the GUID in a header', async () => {
  const topic = unique('t');
  await client().register(`${topic}-value`, AVRO);
  const { guid } = await client().getLatestSchemaMetadata(`${topic}-value`);
  const headers = {};
  const conf = { ...LATEST, schemaIdSerializer: registry.HeaderSchemaIdSerializer };
  const payload = await avroWriter(conf).serialize(topic, ORDER, headers);
  assert.notEqual(payload[0], 0, 'the payload has no frame');
  const header = Buffer.from(headers.__value_schema_id);
  assert.deepEqual(header, Buffer.concat([Buffer.from([1]), Buffer.from(guid.replaceAll('-', ''), 'hex')]));
  assert.deepEqual({ ...(await avroReader().deserialize(topic, payload, headers)) }, ORDER);
});

// The client reads what a reference refers to, but puts the types of deeper ones last, where its Avro library
// misses them; so all are referred to here, innermost first.
test('Avro: references to types that refer to others', async () => {
  const topic = unique('t');
  const [currency, money] = [unique('currency'), unique('money')];
  const toCurrency = { name: 'com.acme.Currency', subject: currency, version: 1 };
  const toMoney = { name: 'com.acme.Money', subject: money, version: 1 };
  const symbols = '{"type":"enum","name":"Currency","namespace":"com.acme","symbols":["EUR","USD"]}';
  await client().register(currency, { schemaType: 'AVRO', schema: symbols });
  await client().register(money, {
    schemaType: 'AVRO',
    schema: record('Money', ['units', 'long'], ['currency', 'com.acme.Currency']),
    references: [toCurrency],
  });
  await client().register(`${topic}-value`, {
    schemaType: 'AVRO',
    schema: record('Order', ['price', 'com.acme.Money']),
    references: [toCurrency, toMoney],
  });
  const payload = await avroWriter(LATEST).serialize(topic, { price: { units: 3, currency: 'USD' } });
  const read = await avroReader().deserialize(topic, payload);
  assert.deepEqual({ ...read.price }, { units: 3, currency: 'USD' });
});

test('Avro: a schema that was deleted is still read', async () => {
  const topic = unique('t');
  await client().register(`${topic}-value`, AVRO);
  const payload = await avroWriter(LATEST).serialize(topic, ORDER);
  await client().deleteSubject(`${topic}-value`);
  assert.deepEqual({ ...(await avroReader().deserialize(topic, payload)) }, ORDER);
});

// The name of a record comes from the schema that the client makes up from the value.
for (const [type, subjectOf] of [
  [SubjectNameStrategyType.TOPIC, (topic) => `${topic}-value`],
  [SubjectNameStrategyType.RECORD, () => 'Record1'],
  [SubjectNameStrategyType.TOPIC_RECORD, (topic) => `${topic}-Record1`],
  [SubjectNameStrategyType.ASSOCIATED, (topic) => `${topic}-value`],
]) {
  test(`Avro: subjects by the strategy ${type}`, async () => {
    const topic = unique('t');
    const conf = { autoRegisterSchemas: true, subjectNameStrategyType: type };
    const payload = await avroWriter(conf).serialize(topic, ORDER);
    const { body: holders } = await call('GET', `/schemas/ids/${idIn(payload)}/versions`);
    assert.ok(holders.some(({ subject }) => subject === subjectOf(topic)), JSON.stringify(holders));
    const read = await avroReader({ subjectNameStrategyType: type }).deserialize(topic, payload);
    assert.deepEqual({ ...read }, ORDER);
  });
}

test('JSON: there and back, registered on the way', async () => {
  const topic = unique('t');
  const writer = new registry.JsonSerializer(client(), SerdeType.VALUE, { autoRegisterSchemas: true });
  const payload = await writer.serialize(topic, ORDER);
  assert.equal((await client().getLatestSchemaMetadata(`${topic}-value`)).schemaType, 'JSON');
  const reader = new registry.JsonDeserializer(client(), SerdeType.VALUE, {});
  assert.deepEqual(await reader.deserialize(topic, payload), ORDER);
});

test('JSON: references are fetched for validation', async () => {
  const topic = unique('t');
  const customer = unique('customer');
  await client().register(customer, {
    schemaType: 'JSON',
    schema: JSON.stringify({ $id: 'customer.json', type: 'object', properties: { name: { type: 'string' } } }),
  });
  await client().register(`${topic}-value`, {
    schemaType: 'JSON',
    schema: JSON.stringify({ type: 'object', properties: { customer: { $ref: 'customer.json' } } }),
    references: [{ name: 'customer.json', subject: customer, version: 1 }],
  });
  const writer = new registry.JsonSerializer(client(), SerdeType.VALUE, { ...LATEST, validate: true });
  const payload = await writer.serialize(topic, { customer: { name: 'Ada' } });
  const reader = new registry.JsonDeserializer(client(), SerdeType.VALUE, { validate: true });
  assert.deepEqual(await reader.deserialize(topic, payload), { customer: { name: 'Ada' } });
  await assert.rejects(writer.serialize(topic, { customer: { name: 7 } }), /Invalid message/);
});

test('JSON: the GUID in a header', async () => {
  const topic = unique('t');
  const headers = {};
  const conf = { autoRegisterSchemas: true, schemaIdSerializer: registry.HeaderSchemaIdSerializer };
  const payload = await new registry.JsonSerializer(client(), SerdeType.VALUE, conf).serialize(topic, ORDER, headers);
  assert.deepEqual(JSON.parse(payload), ORDER);
  const reader = new registry.JsonDeserializer(client(), SerdeType.VALUE, {});
  assert.deepEqual(await reader.deserialize(topic, payload, headers), ORDER);
});

const protobufWriter = (made, conf) =>
  new registry.ProtobufSerializer(client(), SerdeType.VALUE, { registry: made.registry, ...conf });
const protobufReader = () => new registry.ProtobufDeserializer(client(), SerdeType.VALUE, {});

test('Protobuf: there and back, with files it imports registered too', async () => {
  const topic = unique('t');
  const made = build(unique('w').replaceAll('-', ''));
  const value = { id: 5n, customer: made.make('Customer', { name: 'Ada' }) };
  const writer = protobufWriter(made, { autoRegisterSchemas: true });
  const payload = await writer.serialize(topic, made.make('Order', value));
  assert.equal(payload[5], 0, 'the first message of the file');
  const stored = await client().getLatestSchemaMetadata(`${topic}-value`);
  assert.equal(stored.schemaType, 'PROTOBUF');
  assert.ok(stored.schema.includes('message Order'), 'served as text');
  assert.deepEqual(
    stored.references.map(({ name, subject, version }) => [name, subject, version]),
    [[`${made.word}/customer.proto`, `${made.word}/customer.proto`, 1]],
  );
  const read = await protobufReader().deserialize(topic, payload);
  assert.equal(read.$typeName, `${made.package}.Order`);
  assert.deepEqual([read.id, read.customer.name], [5n, 'Ada']);
});

test('Protobuf: messages inside others', async () => {
  const topic = unique('t');
  const made = build(unique('w').replaceAll('-', ''));
  const writer = protobufWriter(made, { autoRegisterSchemas: true });
  const payload = await writer.serialize(topic, made.make('Order.Note', { text: 'hello' }));
  const read = await protobufReader().deserialize(topic, payload);
  assert.deepEqual([read.$typeName, read.text], [`${made.package}.Order.Note`, 'hello']);
});

test('Protobuf: the same types again are the same version', async () => {
  const topic = unique('t');
  const made = build(unique('w').replaceAll('-', ''));
  const value = made.make('Receipt', { number: 3 });
  const first = await protobufWriter(made, { autoRegisterSchemas: true }).serialize(topic, value);
  const second = await protobufWriter(made, { autoRegisterSchemas: false }).serialize(topic, value);
  assert.equal(idIn(first), idIn(second));
  assert.deepEqual(await client().getAllVersions(`${topic}-value`), [1]);
});

test('Protobuf: the binary form of a text that a person wrote', async () => {
  const topic = unique('t');
  const made = build(unique('w').replaceAll('-', ''));
  const schema = `syntax = "proto3"; package ${made.package}; message Receipt { int32 number = 1; }`;
  const id = await client().register(`${topic}-value`, { schemaType: 'PROTOBUF', schema });
  const payload = await protobufWriter(made, LATEST).serialize(topic, made.make('Receipt', { number: 3 }));
  assert.equal(idIn(payload), id);
});

test('Protobuf: the GUID in a header', async () => {
  const topic = unique('t');
  const made = build(unique('w').replaceAll('-', ''));
  const headers = {};
  const conf = { autoRegisterSchemas: true, schemaIdSerializer: registry.HeaderSchemaIdSerializer };
  const payload = await protobufWriter(made, conf).serialize(topic, made.make('Receipt', { number: 3 }), headers);
  assert.equal((await protobufReader().deserialize(topic, payload, headers)).number, 3);
});
