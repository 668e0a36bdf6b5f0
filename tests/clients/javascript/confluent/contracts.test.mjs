// Data contracts: metadata and rules are kept, served where a consumer looks for them, and so executed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import registry from '@confluentinc/schemaregistry';
import { idIn, record, unique } from '../support.mjs';
import { client, refused } from './common.mjs';

const { SerdeType } = registry;
const TEXT = record('Order', ['name', 'string'], ['note', 'string']);
const LATEST = { autoRegisterSchemas: false, useLatestVersion: true };

/** The executors that the client brings along. */
function rules() {
  const made = new registry.RuleRegistry();
  made.registerExecutor(new registry.CelExecutor());
  made.registerExecutor(new registry.CelFieldExecutor());
  made.registerExecutor(new registry.JsonataExecutor());
  made.registerAction(new registry.ErrorAction());
  made.registerAction(new registry.NoneAction());
  return made;
}

const writer = (conf = LATEST) => new registry.AvroSerializer(client(), SerdeType.VALUE, conf, rules());
const reader = (conf = {}) => new registry.AvroDeserializer(client(), SerdeType.VALUE, conf, rules());

const withRules = (ruleSet, more = {}) => ({ schemaType: 'AVRO', schema: TEXT, ruleSet, ...more });

test('everything comes back', async () => {
  const subject = unique('s');
  const ruleSet = {
    migrationRules: [{ name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'JSONATA', expr: '$', disabled: false }],
    domainRules: [
      {
        name: 'check',
        doc: 'a name is long enough',
        kind: 'CONDITION',
        mode: 'WRITE',
        type: 'CEL',
        tags: ['PII'],
        params: { a: '1', b: '2' },
        expr: 'size(message.name) > 2',
        onSuccess: 'NONE',
        onFailure: 'ERROR',
        disabled: true,
      },
    ],
    encodingRules: [
      { name: 'encrypt', kind: 'TRANSFORM', mode: 'WRITEREAD', type: 'ENCRYPT_PAYLOAD', disabled: false },
    ],
  };
  const metadata = { properties: { a: '1', owner: 'team' }, sensitive: ['owner'], tags: { Order: ['PII'] } };
  const sent = withRules(ruleSet, { metadata });
  const { id, guid } = await client().registerFullResponse(subject, sent);
  for (const read of [
    await client().getLatestSchemaMetadata(subject),
    await client().getSchemaMetadata(subject, 1),
    await client().getBySubjectAndId(subject, id),
    await client().getByGuid(guid),
    await client().getIdFullResponse(subject, sent),
  ]) {
    assert.deepEqual(read.metadata, metadata);
    for (const phase of ['migrationRules', 'domainRules', 'encodingRules']) {
      assert.deepEqual(read.ruleSet[phase], ruleSet[phase], phase);
    }
  }
});

test('a condition stops the producer', async () => {
  const topic = unique('t');
  const rule = { name: 'short', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr: 'size(message.name) > 2' };
  await client().register(`${topic}-value`, withRules({ domainRules: [{ ...rule, onFailure: 'ERROR' }] }));
  const payload = await writer().serialize(topic, { name: 'Ada', note: '' });
  assert.deepEqual({ ...(await reader().deserialize(topic, payload)) }, { name: 'Ada', note: '' });
  await assert.rejects(writer().serialize(topic, { name: 'Al', note: '' }), /short/);
});

test('a rule that is switched off stops nobody', async () => {
  const topic = unique('t');
  const rule = { name: 'short', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr: 'size(message.name) > 2' };
  await client().register(`${topic}-value`, withRules({ domainRules: [{ ...rule, disabled: true }] }));
  await writer().serialize(topic, { name: 'Al', note: '' });
});

test('a transformation of fields', async () => {
  const topic = unique('t');
  const expr = "name == 'note' ; value + '!'";
  const rule = { name: 'loud', kind: 'TRANSFORM', mode: 'WRITE', type: 'CEL_FIELD', expr };
  await client().register(`${topic}-value`, withRules({ domainRules: [rule] }));
  const payload = await writer().serialize(topic, { name: 'Ada', note: 'live' });
  assert.deepEqual({ ...(await reader().deserialize(topic, payload)) }, { name: 'Ada', note: 'live!' });
});

test('a rule for tagged fields finds them by the metadata', async () => {
  const topic = unique('t');
  const rule = {
    name: 'hide',
    kind: 'TRANSFORM',
    mode: 'READ',
    type: 'CEL_FIELD',
    tags: ['PII'],
    expr: "typeName == 'STRING' ; 'hidden'",
  };
  const metadata = { tags: { 'com.acme.Order.name': ['PII'] } };
  await client().register(`${topic}-value`, withRules({ domainRules: [rule] }, { metadata }));
  const payload = await writer().serialize(topic, { name: 'Ada', note: 'live' });
  assert.deepEqual({ ...(await reader().deserialize(topic, payload)) }, { name: 'hidden', note: 'live' });
});

test('migration between major versions, both ways', async () => {
  const topic = unique('t');
  const subject = `${topic}-value`;
  await client().updateConfig(subject, { compatibility: 'BACKWARD', compatibilityGroup: 'application.major' });
  const version = (major, field, ruleSet) => ({
    schemaType: 'AVRO',
    schema: record('Order', [field, 'string']),
    metadata: { properties: { 'application.major': major } },
    ruleSet,
  });
  const rule = (name, mode, expr) => ({ name, kind: 'TRANSFORM', mode, type: 'JSONATA', expr });
  const move = (from, to) => `$merge([$sift($, function($v, $k) {$k != '${from}'}), {'${to}': $.'${from}'}])`;
  const first = await client().register(subject, version('1', 'name'));
  const second = await client().register(
    subject,
    version('2', 'title', {
      migrationRules: [rule('up', 'UPGRADE', move('name', 'title')), rule('down', 'DOWNGRADE', move('title', 'name'))],
    }),
  );
  const write = (major, value) =>
    writer({ autoRegisterSchemas: false, useLatestWithMetadata: { 'application.major': major } }).serialize(topic, value);
  const payloads = [await write('1', { name: 'Emma' }), await write('2', { title: 'Emma' })];
  assert.deepEqual(payloads.map(idIn), [first, second]);
  for (const [major, value] of [['1', { name: 'Emma' }], ['2', { title: 'Emma' }]]) {
    for (const payload of payloads) {
      const read = await reader({ useLatestWithMetadata: { 'application.major': major } }).deserialize(topic, payload);
      assert.deepEqual({ ...read }, value);
    }
  }
});

test('rules that a subject gives to all its schemas', async () => {
  const topic = unique('t');
  const rule = { name: 'short', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr: 'size(message.name) > 2' };
  await client().updateConfig(`${topic}-value`, { defaultRuleSet: { domainRules: [{ ...rule, onFailure: 'ERROR' }] } });
  await client().register(`${topic}-value`, { schemaType: 'AVRO', schema: TEXT });
  await assert.rejects(writer().serialize(topic, { name: 'Al', note: '' }), /short/);
});

test('rules of JSON messages', async () => {
  const topic = unique('t');
  const rule = { name: 'short', kind: 'CONDITION', mode: 'WRITE', type: 'CEL', expr: 'size(message.name) > 2' };
  await client().register(`${topic}-value`, {
    schemaType: 'JSON',
    schema: '{"type":"object","properties":{"name":{"type":"string"}}}',
    ruleSet: { domainRules: [{ ...rule, onFailure: 'ERROR' }] },
  });
  const write = new registry.JsonSerializer(client(), SerdeType.VALUE, LATEST, rules());
  await write.serialize(topic, { name: 'Ada' });
  await assert.rejects(write.serialize(topic, { name: 'Al' }), /short/);
});

test('what is no rule is refused', async () => {
  const rule = { name: 'up', kind: 'TRANSFORM', mode: 'UPGRADE', type: 'CEL', expr: 'true' };
  await refused(client().register(unique('s'), withRules({ domainRules: [rule] })), 422, 42210);
});
