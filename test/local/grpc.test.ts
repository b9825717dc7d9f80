/** An application that speaks gRPC: what its users get, what its shadow gets, and what is counted of it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { FaultLease } from '../../control-plane/mesh/lease.ts';
import type { ApplyResult } from '../../control-plane/mesh/world.ts';
import type { Totals } from '../../control-plane/telemetry/collector.ts';
import { type GrpcClient, grpcClient } from '../filters/grpc-service.ts';
import type { Call } from './app/grpc.ts';
import { whyNoShadow, whyNot } from './machine.ts';
import { eventually, makeHome, Running } from './running.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;
const service = fileURLToPath(new URL('./app/grpc.ts', import.meta.url));

/** Good has no haste here: what is looked at is who failed. */
const document = `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: tiny }
spec:
  entry: { service: front, slo: 1m, timeout: 1m, health: { grpc: '' } }
  services:
    front:
      command: [node, ${service}]
      env: { NAME: front, PORT: '{{port}}', DATA: '{{data}}', BACK: '{{url.back}}' }
      protocol: grpc
      health: { grpc: '' }
      data: true
      calls: { back: { slo: 1m, timeout: 1m, retries: 1, idempotent: all } }
    back:
      command: [node, ${service}]
      env: { NAME: back, PORT: '{{port}}', DATA: '{{data}}' }
      protocol: grpc
      health: { grpc: '' }
      data: true
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: tiny-shadow }
spec:
  application: tiny
  mirror: { routes: [{ name: echo, pathPrefix: /test.Echo/, methods: [POST], opaque: copy }] }
`;

let running: Running;
let place: ReturnType<typeof makeHome>;
let users: GrpcClient;

before(async () => {
  if (skip) return;
  place = makeHome(document);
  running = await Running.up(place);
  users = grpcClient(running.ready.entry.port);
  // Proxies of the shadow may be served a moment later than production's.
  await eventually(async () => {
    await users.get('warm');
    return calls('shadow', 'back').length > 0;
  });
});
after(async () => {
  if (skip) return;
  users.close();
  await running.stop();
  place.remove();
});

function calls(world: 'production' | 'shadow', name: string, word?: string): Call[] {
  const file = running.file(world, 'data', name, '0', 'calls');
  if (!existsSync(file)) return [];
  const all = readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Call);
  return word === undefined ? all : all.filter((call) => call.messages.includes(word));
}
const totals = () => running.tell<{ production: Totals; shadow: Totals }>('totals');
const copied = (word: string) => eventually(async () => calls('shadow', 'front', word)[0]);

const endsWith = (code: status) => (e: ServiceError) => e.code === code;

test('unary and client-stream calls are answered by production, and copied with what they carry', {
  skip,
}, async () => {
  assert.equal(await users.get('one'), 'front:back:one');
  assert.equal(await users.collect(['a', 'b', 'c']), 'front:a+b+c');
  assert.deepEqual((await copied('one')).method, 'Get');
  assert.deepEqual((await copied('b')).messages, ['a', 'b', 'c']);
  await eventually(async () => calls('shadow', 'back', 'one').length === 1);
});

test('credentials in metadata stay in production; the shadow gets pseudonyms', { skip }, async () => {
  await users.get('secretly');
  const copy = await copied('secretly');
  assert.match(String(copy.metadata.authorization), /^Bearer umbra-[0-9a-f]{32}$/);
  assert.equal(copy.metadata['x-umbra-shadow'], '1');
  assert.equal(calls('production', 'front', 'secretly')[0]?.metadata.authorization, 'Bearer secret-77');
  for (const name of ['front', 'back'])
    assert.doesNotMatch(readFileSync(running.file('shadow', 'data', name, '0', 'calls'), 'utf8'), /secret-77/);
});

test('a stream both ways goes through, and is counted as not copied', { skip }, async () => {
  const skipped = async () => (await totals()).production.filters.umbra_mirror_skipped_stream ?? 0;
  const before = await skipped();
  assert.deepEqual(await users.talk(['x', 'y']), ['x', 'y']);
  await eventually(async () => (await skipped()) > before);
});

test('a call that may be repeated is, by its gRPC status; a failure is passed on as it is', { skip }, async () => {
  assert.equal(await users.get('flaky'), 'front:back:flaky');
  await assert.rejects(users.get('fail'), endsWith(status.UNAVAILABLE));
  await assert.rejects(users.get('refuse'), endsWith(status.INVALID_ARGUMENT));
  assert.deepEqual(
    ['flaky', 'fail', 'refuse'].map((word) => calls('production', 'back', word).length),
    [2, 2, 1],
  );
});

test('what failed is counted on each edge it passed, though it was answered with HTTP 200', { skip }, async () => {
  const tries = calls('production', 'back').length;
  const inner = await eventually(async () => {
    const edge = (await totals()).production.edges['front>back']!;
    return edge.good + edge.failed + edge.retries === tries && edge;
  });
  // `fail`, after its retry. That `refuse` was wrong is its caller's doing.
  assert.deepEqual([inner.failed, inner.errors.http5xx, inner.retries], [1, 1, 2]);
  const asked = calls('production', 'front').length;
  const entry = await eventually(async () => {
    const edge = (await totals()).production.edges['ingress>front']!;
    return edge.good + edge.failed >= asked && edge;
  });
  assert.deepEqual([entry.failed, entry.errors.http5xx, entry.retries], [1, 1, 0]);
});

test('a caller that takes its call back has seen a time-out', { skip }, async () => {
  const errors = async () => (await totals()).production.edges['ingress>front']!.errors;
  const before = await errors();
  const enough = new AbortController();
  const answer = assert.rejects(users.get('never', enough.signal), endsWith(status.CANCELLED));
  await eventually(async () => calls('production', 'front', 'never').length === 1);
  enough.abort();
  await answer;
  await eventually(async () => (await errors()).timeout === before.timeout + 1);
  assert.equal((await errors()).http5xx, before.http5xx);
});

test('a changed file changes what is copied, and cannot change what a service speaks', { skip }, async () => {
  const follow = (text: string) => {
    writeFileSync(place.file, text);
    process.kill(running.ready.pid, 'SIGHUP');
  };
  await running.remirrored(() => follow(document.replace('opaque: copy', 'opaque: skip')));
  assert.equal(await users.get('unseen'), 'front:back:unseen');
  await running.remirrored(() => follow(document));
  assert.equal(await users.get('seen'), 'front:back:seen');
  await copied('seen');
  assert.deepEqual(calls('shadow', 'front', 'unseen'), []);
  follow(document.replace('protocol: grpc', 'protocol: http2'));
  await eventually(async () => running.progress.some((line) => line.includes('what they speak')));
});

test('a fault in the shadow acts on gRPC, is counted there and told by the comparison', { skip }, async () => {
  const mirror = async () => (await totals()).production.filters;
  const before = await mirror();
  const failed = async () => (await totals()).shadow.edges['front>back']?.errors.http5xx;
  // Of copies made before all of the shadow was served, and of the copy of `fail`.
  const failedBefore = await failed();
  const lease: FaultLease = {
    type: 'fault',
    id: 'f1',
    owner: 'chaos',
    reason: 'test',
    createdAt: Date.now(),
    expiresAt: Date.now() + 600_000,
    fault: { kind: 'exception', target: { service: 'back' }, magnitude: 1, share: 1, seed: 1, durationMs: 600_000 },
  };
  assert.equal((await running.tell<ApplyResult>('inject', lease)).state, 'effective');
  assert.equal(await users.get('broken'), 'front:back:broken', 'production is not touched');
  await copied('broken');
  const now = await eventually(async () => {
    const filters = await mirror();
    return (filters.umbra_mirror_status_mismatch ?? 0) > (before.umbra_mirror_status_mismatch ?? 0) && filters;
  });
  for (const name of ['umbra_mirror_sent', 'umbra_mirror_compared', 'umbra_mirror_route.echo.compared'])
    assert.ok((now[name] ?? 0) > (before[name] ?? 0), name);
  assert.deepEqual(calls('shadow', 'back', 'broken'), []);
  await eventually(async () => (await failed()) === failedBefore! + 1);
  await running.tell('clear', 'f1');
});
