import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, resource } from '../../test/xds/sample.ts';
import { Answers, type Sent } from './answers.ts';
import { typeSet } from './type-set.ts';

const set = typeSet(CDS, []);
const later = typeSet(CDS, [resource(CDS, 'a')]);
const sent = (nonce: string): Sent => ({
  nonce,
  version: set.version,
  set,
  revision: 1,
  resources: [],
  removed: [],
  whole: false,
  heartbeat: false,
  at: 0,
});

test('the nonce is the set’s serial, and counted on where the stream saw that set or a later one', () => {
  const [older, newer] = [set, later].sort((a, b) => a.serial - b.serial);
  const answers = new Answers();
  const first = answers.nextNonce(older!);
  assert.equal(first, older!.serial.toString(36));
  assert.equal(answers.nextNonce(older!), `${first}.1`);
  assert.equal(answers.nextNonce(newer!), newer!.serial.toString(36));
  assert.equal(answers.nextNonce(older!), `${first}.2`);
  assert.equal(answers.lastNonce, `${first}.2`);
});

test('an answer is judged once; a refusal that comes late counts once', () => {
  const answers = new Answers();
  answers.add(sent('a'));
  answers.add(sent('b'));
  assert.deepEqual(answers.judge('x', undefined), { kind: 'stale' });
  assert.equal(answers.judge('a', undefined).kind, 'ack');
  assert.equal(answers.onTheirWay, 1);
  assert.equal(answers.judge('a', undefined).kind, 'subscribe');
  assert.equal(answers.judge('a', 'no').kind, 'nack');
  assert.equal(answers.judge('a', 'no').kind, 'subscribe');
  assert.equal(answers.judge('b', 'no').kind, 'nack');
  assert.equal(answers.judge('a', 'no').kind, 'stale');
  assert.equal(answers.onTheirWay, 0);
});
