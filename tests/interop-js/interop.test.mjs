// A record that two phones made and the server merged, opened by the
// JavaScript implementation of Automerge.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as Automerge from '@automerge/automerge';
import { furnish, signIn, startServer, workOnPhones } from './server.mjs';

let server;
let place;
let phones;
let file;

before(async () => {
  server = await startServer();
  place = await furnish(server.admin);
  phones = await workOnPhones(server.admin, place.worker);
  const cookie = await signIn(server.address, place.supervisor);
  const answer = await fetch(address(), { headers: { cookie } });
  assert.equal(answer.status, 200);
  file = new Uint8Array(await answer.arrayBuffer());
});

after(() => server?.stop());

const address = () => `${server.address}/api/v1/records/${phones.record}.automerge`;

/** A scalar of the document as a plain value; form fields are not `Text`. */
const plain = (value) =>
  value instanceof Automerge.ImmutableString ? value.toString() : value;

/** The place of a field: an entry's fields lie flat in their container. */
function locate(path) {
  const dot = path.indexOf('.');
  return dot < 0 ? [[], path] : [[path.slice(0, dot)], path.slice(dot + 1)];
}

const container = (doc, [name]) => (name === undefined ? doc : doc[name]);

test('every field of the phones is in the file', () => {
  const doc = Automerge.load(file);
  assert.equal(plain(doc['record']), phones.kind);
  assert.ok(Object.keys(phones.fields).length >= 10);
  for (const [path, value] of Object.entries(phones.fields)) {
    const [parents, key] = locate(path);
    assert.deepEqual(plain(container(doc, parents)[key]), value, path);
  }
});

test('texts with characters beyond the basic plane arrive whole', () => {
  const doc = Automerge.load(file);
  assert.equal(plain(doc.contact.name), '𠮷田䶮');
  assert.equal(typeof doc.notes, 'string');
  for (const part of ['家中有老人👵，', '楼道灯已修好。', '燃气已检查。']) {
    if (phones.fields.notes.includes(part)) assert.ok(doc.notes.includes(part), part);
  }
  assert.equal(doc.notes, phones.fields.notes);
});

test('a conflict shows the same values and the same winner', () => {
  const doc = Automerge.load(file);
  assert.deepEqual(Object.keys(phones.conflicts), ['contact.phone']);
  const values = phones.conflicts['contact.phone'];
  const found = Object.values(Automerge.getConflicts(doc.contact, 'phone')).map(plain);
  assert.deepEqual(found.sort(), [...values].sort());
  assert.equal(plain(doc.contact.phone), values[0], 'the value that is shown comes first');
});

test('heads and history are those of the phones', () => {
  const doc = Automerge.load(file);
  assert.deepEqual([...Automerge.getHeads(doc)].sort(), [...phones.heads].sort());
  // The genesis change is in the file and no edit of anybody.
  assert.equal(Automerge.getHistory(doc).length, phones.changes + 1);
});

test('an edit in JavaScript merges with the file', () => {
  const doc = Automerge.load(file);
  const edited = Automerge.change(Automerge.clone(doc), (draft) => {
    draft.address.room = new Automerge.ImmutableString('501');
  });
  const merged = Automerge.merge(doc, Automerge.load(Automerge.save(edited)));
  assert.equal(plain(merged.address.room), '501');
  assert.equal(plain(merged.contact.name), '𠮷田䶮');
});

test('nobody gets the file without signing in or outside their scope', async () => {
  assert.equal((await fetch(address())).status, 401);
  const cookie = await signIn(server.address, place.stranger);
  assert.equal((await fetch(address(), { headers: { cookie } })).status, 404);
});
