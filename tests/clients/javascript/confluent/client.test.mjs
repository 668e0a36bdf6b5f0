// The registry client itself: every call that it has, and its errors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, record, unique, url } from '../support.mjs';
import { client, refused } from './common.mjs';

const ONE = { schemaType: 'AVRO', schema: record('Order', ['a', 'int']) };
const TWO = { schemaType: 'AVRO', schema: record('Order', ['a', 'int'], ['b', 'string', 'none']) };
const BROKEN = { schemaType: 'AVRO', schema: record('Order', ['a', 'int'], ['b', 'string']) };
const MISSING = 2_000_000_000;

test('registers and reads back', async () => {
  const c = client();
  const subject = unique('s');
  const id = await c.register(subject, ONE);
  assert.ok(id > 0);
  const full = await c.registerFullResponse(subject, TWO);
  assert.notEqual(full.id, id);
  assert.equal(full.version, 2);
  assert.equal(full.guid.length, 36);
  assert.deepEqual(await c.getAllVersions(subject), [1, 2]);
  const latest = await c.getLatestSchemaMetadata(subject);
  assert.deepEqual([latest.subject, latest.version, latest.id, latest.guid], [subject, 2, full.id, full.guid]);
  assert.deepEqual(JSON.parse(latest.schema), JSON.parse(TWO.schema));
  assert.equal((await c.getSchemaMetadata(subject, 1)).id, id);
});

test('reads by id and by GUID', async () => {
  const subject = unique('s');
  const { id, guid } = await client().registerFullResponse(subject, ONE);
  const other = client();
  assert.deepEqual(JSON.parse((await other.getBySubjectAndId(subject, id)).schema), JSON.parse(ONE.schema));
  assert.deepEqual(JSON.parse((await other.getByGuid(guid)).schema), JSON.parse(ONE.schema));
});

test('the same schema again is the same version', async () => {
  const subject = unique('s');
  const first = await client().registerFullResponse(subject, ONE);
  const again = await client().registerFullResponse(subject, ONE);
  assert.deepEqual([again.id, again.version, again.guid], [first.id, 1, first.guid]);
  const spaced = { schemaType: 'AVRO', schema: JSON.stringify(JSON.parse(ONE.schema), null, 4) };
  assert.equal(await client().register(subject, spaced), first.id);
  assert.equal(await client().register(unique('other'), ONE), first.id);
});

test('looks up the id and the version', async () => {
  const subject = unique('s');
  await refused(client().getId(subject, ONE), 404, 40401, subject);
  const id = await client().register(subject, ONE);
  assert.equal(await client().getId(subject, ONE), id);
  assert.equal(await client().getVersion(subject, ONE), 1);
  await refused(client().getId(subject, TWO), 404, 40403);
});

test('normalizes when asked to', async () => {
  const subject = unique('s');
  const texts = [
    '{"type":"record","name":"N","fields":[{"name":"f","type":"int","z":1,"a":2}]}',
    '{"type":"record","name":"N","fields":[{"name":"f","type":"int","a":2,"z":1}]}',
  ];
  const ids = new Set();
  for (const schema of texts) ids.add(await client().register(subject, { schemaType: 'AVRO', schema }, true));
  assert.equal(ids.size, 1);
  for (const schema of texts) assert.ok(ids.has(await client().getId(subject, { schemaType: 'AVRO', schema }, true)));
});

test('an incompatible schema is refused with 409 and reasons', async () => {
  const subject = unique('s');
  await client().register(subject, ONE);
  await refused(client().register(subject, BROKEN), 409, 409, 'incompatible');
});

test('asks before it registers', async () => {
  const c = client();
  const subject = unique('s');
  await c.register(subject, ONE);
  assert.equal(await c.testSubjectCompatibility(subject, TWO), true);
  assert.equal(await c.testSubjectCompatibility(subject, BROKEN), false);
  assert.equal(await c.testCompatibility(subject, 1, TWO), true);
  assert.equal(await c.testCompatibility(subject, 1, BROKEN), false);
  await refused(c.testCompatibility(subject, 7, TWO), 404, 40402);
});

test('compatibility levels of a subject', async () => {
  const c = client();
  const subject = unique('s');
  await refused(c.getCompatibility(subject), 404, 40408);
  for (const level of ['NONE', 'FORWARD', 'FULL', 'BACKWARD_TRANSITIVE', 'FORWARD_TRANSITIVE', 'FULL_TRANSITIVE']) {
    assert.equal(await c.updateCompatibility(subject, level), level);
    assert.equal(await c.getCompatibility(subject), level);
  }
  await refused(c.updateCompatibility(subject, 'SIDEWAYS'), 422, 42203);
});

test('a level decides', async () => {
  const subject = unique('s');
  const c = client();
  await c.register(subject, ONE);
  await c.updateCompatibility(subject, 'NONE');
  assert.equal((await c.registerFullResponse(subject, BROKEN)).version, 2);
});

test('the whole config of a subject', async () => {
  const c = client();
  const subject = unique('s');
  const config = {
    compatibility: 'FORWARD',
    normalize: true,
    compatibilityGroup: 'application.major',
    defaultMetadata: { properties: { team: 'a' } },
    overrideMetadata: { properties: { tier: 'high' } },
  };
  assert.equal((await c.updateConfig(subject, config)).compatibility, 'FORWARD');
  const read = await c.getConfig(subject);
  assert.equal(read.compatibilityLevel, 'FORWARD');
  assert.equal(read.normalize, true);
  assert.equal(read.compatibilityGroup, 'application.major');
  assert.deepEqual(read.defaultMetadata.properties, { team: 'a' });
  assert.deepEqual(read.overrideMetadata.properties, { tier: 'high' });
});

test('the global level', async () => {
  const c = client();
  const before = await c.getDefaultCompatibility();
  try {
    assert.equal(await c.updateDefaultCompatibility('FORWARD'), 'FORWARD');
    assert.equal(await c.getDefaultCompatibility(), 'FORWARD');
    assert.equal((await c.getDefaultConfig()).compatibilityLevel, 'FORWARD');
  } finally {
    await c.updateDefaultConfig({ compatibility: before });
  }
  assert.equal(await c.getDefaultCompatibility(), before);
});

test('an alias stands for another subject', async () => {
  const subject = unique('s');
  const alias = unique('alias');
  const id = await client().register(subject, ONE);
  await client().updateConfig(alias, { alias: subject });
  assert.equal((await client().getLatestSchemaMetadata(alias)).id, id);
});

test('deletes, softly and for good', async () => {
  const c = client();
  const subject = unique('s');
  const id = await c.register(subject, ONE);
  await c.register(subject, TWO);
  await refused(c.deleteSubjectVersion(subject, 1, true), 404, 40407);
  assert.equal(await c.deleteSubjectVersion(subject, 1), 1);
  await refused(client().getSchemaMetadata(subject, 1), 404, 40402);
  assert.equal((await client().getSchemaMetadata(subject, 1, true)).id, id);
  assert.deepEqual(JSON.parse((await client().getBySubjectAndId(subject, id)).schema), JSON.parse(ONE.schema));
  assert.equal(await c.deleteSubjectVersion(subject, 1, true), 1);
  await refused(c.deleteSubject(subject, true), 404, 40405);
  assert.deepEqual(await c.deleteSubject(subject), [2]);
  await refused(c.deleteSubject(subject), 404, 40404);
  await refused(c.getAllVersions(subject), 404, 40401);
  assert.deepEqual(await c.deleteSubject(subject, true), [2]);
  assert.ok(!(await c.getAllSubjects()).includes(subject));
});

test('a lookup finds what is softly deleted when asked to', async () => {
  const subject = unique('s');
  await client().register(subject, ONE);
  await client().deleteSubject(subject);
  await refused(client().getVersion(subject, ONE), 404, 40401);
  assert.equal(await client().getVersion(subject, ONE, false, true), 1);
});

test('references', async () => {
  const money = unique('money');
  const subject = unique('s');
  await client().register(money, { schemaType: 'AVRO', schema: record('Money', ['units', 'long']) });
  const schema = record('Order', ['price', 'com.acme.Money']);
  await refused(client().register(subject, { schemaType: 'AVRO', schema }), 422, 42201);
  const references = [{ name: 'com.acme.Money', subject: money, version: 1 }];
  await client().register(subject, { schemaType: 'AVRO', schema, references });
  assert.deepEqual((await client().getLatestSchemaMetadata(subject)).references, references);
  await refused(client().deleteSubjectVersion(money, 1), 422, 42206);
  const missing = [{ name: 'com.acme.Money', subject: money, version: 9 }];
  await refused(client().register(subject, { schemaType: 'AVRO', schema, references: missing }), 422, 42201, money);
});

test('the text with references inlined', async () => {
  const money = unique('money');
  const subject = unique('s');
  await client().register(money, { schemaType: 'AVRO', schema: record('Money', ['units', 'long']) });
  const references = [{ name: 'com.acme.Money', subject: money, version: 1 }];
  const schema = record('Order', ['price', 'com.acme.Money']);
  await client().register(subject, { schemaType: 'AVRO', schema, references });
  const resolved = JSON.parse((await client().getLatestSchemaMetadata(subject, 'resolved')).schema);
  assert.deepEqual(resolved.fields[0].type.fields, [{ name: 'units', type: 'long' }]);
});

test('contexts count their own ids', async () => {
  const context = `.${unique('c').replaceAll('-', '')}`;
  const subject = `:${context}:orders-value`;
  assert.equal(await client().register(subject, TWO), 1);
  assert.equal((await client().getLatestSchemaMetadata(subject)).subject, subject);
  assert.deepEqual(JSON.parse((await client().getBySubjectAndId(subject, 1)).schema), JSON.parse(TWO.schema));
  const inside = client({ baseURLs: [`${url}/contexts/${context}`] });
  assert.deepEqual(await inside.getAllVersions('orders-value'), [1]);
  assert.equal(await inside.register('payments-value', ONE), 2);
});

test('subjects with any letters', async () => {
  for (const word of ['a/b c', 'x+y', '50%', 'größe', 'a,b@c~d', 'q?r#s', '日本']) {
    const subject = unique(word);
    const id = await client().register(subject, ONE);
    assert.equal((await client().getLatestSchemaMetadata(subject)).id, id);
    assert.ok((await client().getAllSubjects()).includes(subject));
    assert.deepEqual(await client().deleteSubject(subject), [1]);
  }
});

test('a read-only subject takes nothing new', async () => {
  const subject = unique('s');
  await client().register(subject, ONE);
  // This client has no call for modes.
  assert.equal((await call('PUT', `/mode/${subject}`, { mode: 'READONLY' })).status, 200);
  await refused(client().register(subject, TWO), 422, 42205, 'read-only');
  assert.equal(await client().register(subject, ONE), (await client().getLatestSchemaMetadata(subject)).id);
});

test('what is no schema is refused', async () => {
  for (const [schemaType, schema] of [
    ['AVRO', '{'],
    ['AVRO', '{"type":"record","name":"1","fields":[]}'],
    ['JSON', '{]'],
    ['PROTOBUF', 'message {'],
  ]) {
    await refused(client().register(unique('s'), { schemaType, schema }), 422, 42201);
  }
  await refused(client().register(unique('s'), { schemaType: 'THRIFT', schema: '"int"' }), 422, 42201);
});

test('what is not there', async () => {
  const subject = unique('s');
  await refused(client().getBySubjectAndId(subject, MISSING), 404, 40403);
  await refused(client().getByGuid('00000000-0000-0000-0000-000000000000'), 404, 40403);
  await refused(client().getLatestSchemaMetadata(subject), 404, 40401);
  await client().register(subject, ONE);
  await refused(client().getSchemaMetadata(subject, 2), 404, 40402);
});

test('basic authentication headers are accepted', async () => {
  const secure = client({ basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo: 'user:secret' } });
  assert.ok((await secure.register(unique('s'), ONE)) > 0);
});

test('a bearer token is accepted', async () => {
  const secure = client({
    bearerAuthCredentials: {
      credentialsSource: 'STATIC_TOKEN',
      token: 'token',
      logicalCluster: 'lsrc-1',
      identityPoolId: 'pool-1',
    },
  });
  assert.ok((await secure.register(unique('s'), ONE)) > 0);
});

test('the next address is tried when one does not answer', async () => {
  const c = client({ baseURLs: ['http://127.0.0.1:1', url] });
  assert.ok((await c.register(unique('s'), ONE)) > 0);
});

test('nothing is associated with a topic', async () => {
  await refused(client().getAssociationsByResourceName(unique('t'), '-', 'topic', ['value'], null, 0, -1), 404, 404);
});
