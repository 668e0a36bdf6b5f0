// @kafkajs/confluent-schema-registry: registering, encoding and decoding in the three formats, and its errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import kafkajs from '@kafkajs/confluent-schema-registry';
import { call, idIn, record, unique, url } from '../support.mjs';

const { SchemaRegistry, SchemaType, COMPATIBILITY } = kafkajs;
const { AVRO, JSON: JSON_SCHEMA, PROTOBUF } = SchemaType;

/** A client with empty caches that does not try again. */
const client = (more = {}) => new SchemaRegistry({ host: url, retry: { retries: 0 }, ...more });
const TEXT = record('Order', ['id', 'int'], ['name', 'string']);
const WIDER = record('Order', ['id', 'int'], ['name', 'string'], ['note', 'string', '-']);
const ORDER = { id: 7, name: 'seven' };

const refused = (promise, status, word = '') =>
  assert.rejects(promise, (error) => {
    assert.equal(error.status, status, String(error));
    assert.ok(error.message.includes(word), error.message);
    return true;
  });

test('Avro: registers under a given subject', async () => {
  const subject = unique('s');
  const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject });
  assert.equal((await call('GET', `/subjects/${subject}/versions/1`)).body.id, id);
});

test('Avro: the subject is the name of the record', async () => {
  const name = unique('R').replaceAll('-', '');
  await client().register({ type: AVRO, schema: record(name, ['id', 'int']) });
  assert.equal((await call('GET', `/subjects/com.acme.${name}/versions`)).status, 200);
});

test('Avro: a separator between namespace and name', async () => {
  const name = unique('R').replaceAll('-', '');
  await client().register({ type: AVRO, schema: record(name, ['id', 'int']) }, { separator: '-' });
  assert.equal((await call('GET', `/subjects/com.acme-${name}/versions`)).status, 200);
});

test('Avro: there and back', async () => {
  const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject: unique('s') });
  const payload = await client().encode(id, ORDER);
  assert.equal(idIn(payload), id);
  assert.deepEqual({ ...(await client().decode(payload)) }, ORDER);
});

test('Avro: the older form, a schema without its type', async () => {
  const { id } = await client().register(JSON.parse(TEXT), { subject: unique('s') });
  assert.deepEqual({ ...(await client().decode(await client().encode(id, ORDER))) }, ORDER);
});

test('Avro: an older message under a newer reader', async () => {
  const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject: unique('s') });
  const payload = await client().encode(id, ORDER);
  const read = await client().decode(payload, { [AVRO]: { readerSchema: JSON.parse(WIDER) } });
  assert.deepEqual({ ...read }, { ...ORDER, note: '-' });
});

test('Avro: references in two steps', async () => {
  const [currency, money] = [unique('currency'), unique('money')];
  const symbols = '{"type":"enum","name":"Currency","namespace":"com.acme","symbols":["EUR","USD"]}';
  await client().register({ type: AVRO, schema: symbols }, { subject: currency });
  const inMoney = {
    type: AVRO,
    schema: record('Money', ['units', 'long'], ['currency', 'com.acme.Currency']),
    references: [{ name: 'com.acme.Currency', subject: currency, version: 1 }],
  };
  await client().register(inMoney, { subject: money });
  const order = {
    type: AVRO,
    schema: record('Order', ['price', 'com.acme.Money']),
    references: [{ name: 'com.acme.Money', subject: money, version: 1 }],
  };
  const { id } = await client().register(order, { subject: unique('s') });
  const read = await client().decode(await client().encode(id, { price: { units: 3, currency: 'USD' } }));
  assert.deepEqual({ ...read.price }, { units: 3, currency: 'USD' });
});

test('JSON: there and back, and validated', async () => {
  const schema = '{"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"name":{"type":"string"}}}';
  const { id } = await client().register({ type: JSON_SCHEMA, schema }, { subject: unique('s') });
  const payload = await client().encode(id, ORDER);
  assert.equal(idIn(payload), id);
  assert.deepEqual(await client().decode(payload), ORDER);
  await assert.rejects(client().encode(id, { name: 'x' }));
});

test('JSON: references', async () => {
  const customer = unique('customer');
  const name = `https://example.com/${customer}.json`;
  await client().register(
    { type: JSON_SCHEMA, schema: JSON.stringify({ $id: name, type: 'object', properties: { name: { type: 'string' } } }) },
    { subject: customer },
  );
  const order = {
    type: JSON_SCHEMA,
    schema: JSON.stringify({
      $id: `https://example.com/${unique('order')}.json`,
      type: 'object',
      properties: { customer: { $ref: name } },
    }),
    references: [{ name, subject: customer, version: 1 }],
  };
  const { id } = await client().register(order, { subject: unique('s') });
  const value = { customer: { name: 'Ada' } };
  assert.deepEqual(await client().decode(await client().encode(id, value)), value);
  await assert.rejects(client().encode(id, { customer: { name: 7 } }));
});

test('Protobuf: there and back', async () => {
  const schema = 'syntax = "proto3"; package shop; message Receipt { int32 number = 1; }';
  const { id } = await client().register({ type: PROTOBUF, schema }, { subject: unique('s') });
  const payload = await client().encode(id, { number: 3 });
  assert.equal(idIn(payload), id);
  assert.equal((await client().decode(payload)).number, 3);
});

test('Protobuf: the first message of several, and one inside another', async () => {
  const schema = 'syntax = "proto3"; message Outer { message Inner { string s = 1; } Inner inner = 1; } message B {}';
  const { id } = await client().register({ type: PROTOBUF, schema }, { subject: unique('s') });
  const read = await client().decode(await client().encode(id, { inner: { s: 'x' } }));
  assert.equal(read.inner.s, 'x');
});

test('Protobuf: references', async () => {
  const customer = unique('customer');
  const text = 'syntax = "proto3"; package shop; message Customer { string name = 1; }';
  await client().register({ type: PROTOBUF, schema: text }, { subject: customer });
  const order = {
    type: PROTOBUF,
    schema: 'syntax = "proto3"; package shop; import "customer.proto"; message Order { Customer customer = 1; }',
    references: [{ name: 'customer.proto', subject: customer, version: 1 }],
  };
  const { id } = await client().register(order, { subject: unique('s') });
  const read = await client().decode(await client().encode(id, { customer: { name: 'Ada' } }));
  assert.equal(read.customer.name, 'Ada');
});

test('the first registration sets a level', async () => {
  const subject = unique('s');
  await client().register({ type: AVRO, schema: TEXT }, { subject, compatibility: COMPATIBILITY.FULL });
  assert.equal((await call('GET', `/config/${subject}`)).body.compatibilityLevel, 'FULL');
});

test('the level may be left alone', async () => {
  const subject = unique('s');
  await client().register({ type: AVRO, schema: TEXT }, { subject, updateConfig: false });
  assert.equal((await call('GET', `/config/${subject}`)).body.error_code, 40408);
});

test('another level than the registered one is told', async () => {
  const subject = unique('s');
  await client().register({ type: AVRO, schema: TEXT }, { subject, compatibility: COMPATIBILITY.FULL });
  await assert.rejects(
    client().register({ type: AVRO, schema: WIDER }, { subject, compatibility: COMPATIBILITY.BACKWARD }),
    /Compatibility does not match/,
  );
});

test('a second version', async () => {
  const subject = unique('s');
  const first = await client().register({ type: AVRO, schema: TEXT }, { subject });
  const second = await client().register({ type: AVRO, schema: WIDER }, { subject });
  assert.notEqual(first.id, second.id);
  assert.equal(await client().getRegistryId(subject, 1), first.id);
  assert.equal(await client().getRegistryId(subject, 2), second.id);
  assert.equal(await client().getLatestSchemaId(subject), second.id);
});

test('the same schema again has the same id', async () => {
  const subject = unique('s');
  const first = await client().register({ type: AVRO, schema: TEXT }, { subject });
  assert.deepEqual(await client().register({ type: AVRO, schema: TEXT }, { subject }), first);
});

test('the id of a schema', async () => {
  const subject = unique('s');
  const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject });
  assert.equal(await client().getRegistryIdBySchema(subject, { type: AVRO, schema: TEXT }), id);
  // The client drops the status of this one, and keeps the message.
  await assert.rejects(client().getRegistryIdBySchema(subject, { type: AVRO, schema: WIDER }), /Schema not found/);
});

test('an incompatible schema is refused with 409', async () => {
  const subject = unique('s');
  await client().register({ type: AVRO, schema: TEXT }, { subject });
  const broken = record('Order', ['id', 'int'], ['name', 'string'], ['must', 'string']);
  await refused(client().register({ type: AVRO, schema: broken }, { subject }), 409, 'incompatible');
});

test('what is no schema is refused with 422', async () => {
  // What the client's own checks let through: a message that is missing.
  const text = 'syntax = "proto3"; message A { Missing missing = 1; }';
  await refused(client().register({ type: PROTOBUF, schema: text }, { subject: unique('s') }), 422);
});

test('an unknown id', async () => {
  await refused(client().getSchema(2_000_000_000), 404, 'Schema 2000000000 not found');
});

test('an unknown subject and version', async () => {
  const subject = unique('s');
  await refused(client().getLatestSchemaId(subject), 404, 'not found');
  await client().register({ type: AVRO, schema: TEXT }, { subject });
  await refused(client().getRegistryId(subject, 9), 404, 'Version 9 not found');
});

test('a schema that was deleted is still read', async () => {
  const subject = unique('s');
  const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject });
  const payload = await client().encode(id, ORDER);
  assert.equal((await call('DELETE', `/subjects/${subject}`)).status, 200);
  assert.deepEqual({ ...(await client().decode(payload)) }, ORDER);
});

test('a read-only subject takes nothing new', async () => {
  const subject = unique('s');
  await client().register({ type: AVRO, schema: TEXT }, { subject });
  await call('PUT', `/mode/${subject}`, { mode: 'READONLY' });
  await refused(client().register({ type: AVRO, schema: WIDER }, { subject }), 422, 'read-only');
});

test('a context as part of the address', async () => {
  const context = `.${unique('c').replaceAll('-', '')}`;
  const inside = () => client({ host: `${url}/contexts/${context}` });
  const { id } = await inside().register({ type: AVRO, schema: TEXT }, { subject: 'orders-value' });
  assert.equal(id, 1, 'a context counts its own ids');
  assert.deepEqual({ ...(await inside().decode(await inside().encode(1, ORDER))) }, ORDER);
  assert.deepEqual((await call('GET', `/subjects/:${context}:orders-value/versions`)).body, [1]);
});

test('subjects with any letters', async () => {
  for (const word of ['a b', 'x+y', 'größe', 'a,b@c~d', '日本']) {
    const subject = unique(word);
    const { id } = await client().register({ type: AVRO, schema: TEXT }, { subject });
    assert.equal(await client().getLatestSchemaId(subject), id);
  }
});

test('basic authentication headers are accepted', async () => {
  const secure = client({ auth: { username: 'user', password: 'secret' } });
  const { id } = await secure.register({ type: AVRO, schema: TEXT }, { subject: unique('s') });
  assert.ok(id > 0);
});
