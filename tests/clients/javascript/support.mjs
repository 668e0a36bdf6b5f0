// What several test files want: the registry's address, names that no other test uses, and plain HTTP to set things up.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

export const url = process.env.REGISTRY_URL;
if (!url) throw new Error('set REGISTRY_URL to a registry, or use tests/clients/run');

export const unique = (word) => `${word}-${randomUUID().slice(0, 12)}`;

/** The text of an Avro record; a field is [name, type] or [name, type, default]. */
export function record(name, ...fields) {
  const parts = fields.map(([field, type, ...rest]) => ({
    name: field,
    type,
    ...(rest.length ? { default: rest[0] } : {}),
  }));
  return JSON.stringify({ type: 'record', name, namespace: 'com.acme', fields: parts });
}

/** Calls the registry without any client: {status, body}. */
export async function call(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { 'Content-Type': 'application/vnd.schemaregistry.v1+json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

/** The schema id in front of a payload. */
export function idIn(payload) {
  assert.equal(payload[0], 0);
  return payload.readUInt32BE(1);
}
