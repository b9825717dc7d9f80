/** Secrets in every place a secret can be: production gets them as they are; neither the shadow, a mock nor a file has one. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { places, sendPlace } from '../secrets/places.ts';
import { leaks, startProvider } from '../secrets/provider.ts';
import { document, everyLeakSampled, received, secretsIn, secretsInFiles } from '../secrets/scene.ts';
import { whyNoShadow, whyNot } from './machine.ts';
import { ask, eventually, makeHome, Running } from './running.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;
let provider: Awaited<ReturnType<typeof startProvider>>;
let place: ReturnType<typeof makeHome>;
let running: Running;
let run: string;

before(async () => {
  if (skip) return;
  provider = await startProvider();
  place = makeHome(document(provider.port));
  running = await Running.up(place);
  run = join(place.home, 'tiny');
});
after(async () => {
  await running?.stop();
  await provider?.stop();
  place?.remove();
});

test('copies of what can be read come without secrets; what cannot be read does not come', { skip }, async () => {
  const { port } = running.entry;
  const copied = (name: string) => received(run, 'shadow').includes(`"x-place":"${name.replaceAll(' ', '-')}"`);
  for (const name of Object.keys(places)) assert.equal(await sendPlace(port, name), 200, name);
  for (const name of Object.keys(places).filter((name) => !places[name]!.unreadable))
    await eventually(async () => {
      if (copied(name)) return true;
      // A copy may be dropped, as when the shadow's proxy is not yet served.
      await sendPlace(port, name);
      return false;
    }, 60_000);
  const found = secretsIn(received(run, 'production'));
  const unseen = Object.keys(places).filter((name) => !found.includes(name));
  assert.deepEqual(unseen, ['trailer'], 'production gets them as they are; Envoy passes on no trailers of HTTP/1.1');
  for (const [name, { unreadable }] of Object.entries(places)) if (unreadable) assert.ok(!copied(name), name);
  assert.deepEqual(secretsIn(received(run, 'shadow')), []);
});

test('mocks answer with what was recorded, but not with its secrets', { skip }, async () => {
  await everyLeakSampled(run, running.entry);
  for (const [name, { unreadable }] of Object.entries(leaks)) {
    // A mock reads its file a moment after it is there.
    const { body } = await eventually(async () => {
      const answer = await ask(running.shadowIngress, `/pay/${name}`, 'POST', '{}');
      assert.equal(answer.status, unreadable ? 503 : 200, `${name}: ${answer.body}`);
      return answer;
    });
    assert.deepEqual(secretsIn(body), [], name);
  }
});

test('no file has one but those of production’s own data, once everything has ended', { skip }, async () => {
  assert.equal(await running.stop(), 0);
  const expected = ['logs/control-plane.log', 'shadow/data/web/0/received', 'shadow/mocks/pay.json'];
  assert.deepEqual(secretsInFiles(run, expected), {});
});
