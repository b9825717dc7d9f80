/**
 * Secrets in every place a secret can be, in an application under the real `umbra up`: nothing that the API, the metrics or a
 * proxy tells has one of them, nor has anything that is left. What reaches the shadow: test/local/redaction.test.ts.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { whyNoShadow, whyNot } from '../local/machine.ts';
import { ask } from '../local/running.ts';
import { places, sendPlace } from '../secrets/places.ts';
import { startProvider } from '../secrets/provider.ts';
import { document, everyLeakSampled, secretsIn, secretsInFiles } from '../secrets/scene.ts';
import { type UmbraUp, umbraUp } from './umbra-up.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;
const folder = mkdtempSync(join(tmpdir(), 'umbra-secrets-'));
const run = join(folder, 'h/tiny');
let provider: Awaited<ReturnType<typeof startProvider>>;
let umbra: UmbraUp;
/** What the dashboard was told all the while. */
const events = { text: '', end: new AbortController() };

before(async () => {
  if (skip) return;
  provider = await startProvider();
  const file = join(folder, 'app.yaml');
  writeFileSync(file, document(provider.port));
  umbra = await umbraUp({ file, home: join(folder, 'h'), run });
  const stream = await fetch(`${umbra.ready.api}/api/v1/events`, { signal: events.end.signal });
  void (async () => {
    for await (const part of stream.body!) events.text += Buffer.from(part).toString();
  })().catch(() => {});
});
after(async () => {
  events.end.abort();
  await umbra?.stop();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that can be looked at without an id, in both worlds. */
async function readablePaths(api: string): Promise<string[]> {
  const described = (await (await fetch(`${api}/api/v1/openapi.json`)).json()) as { paths: Record<string, object> };
  const paths = Object.entries(described.paths)
    .filter(([path, methods]) => 'get' in methods && !path.endsWith('/events'))
    .flatMap(([path]) => ['production', 'shadow'].map((world) => path.replace('{world}', world)));
  return [...new Set(paths)].filter((path) => !path.includes('{'));
}

test('neither the API, its events, the metrics nor the proxy tells one', { skip }, async () => {
  const { api, entry } = umbra.ready;
  for (const name of Object.keys(places)) assert.equal(await sendPlace(entry.port, name), 200, name);
  await everyLeakSampled(run, entry);
  const paths = await readablePaths(api);
  assert.ok(paths.length > 15, paths.join());
  for (const path of [...paths, '/metrics']) {
    const answer = await fetch(`${api}${path}`);
    assert.deepEqual(secretsIn(await answer.text()), [], path);
  }
  assert.match(events.text, /event: tick/);
  assert.deepEqual(secretsIn(events.text), []);
  for (const path of ['/config_dump', '/stats', '/clusters', '/server_info']) {
    const { status, body } = await ask({ socketPath: join(run, 'production/x/ingress.0.sock') }, path);
    assert.equal(status, 200, path);
    assert.deepEqual(secretsIn(body), [], path);
  }
});

test('no file has one but those of production’s own data, once everything has ended', { skip }, async () => {
  events.end.abort();
  await umbra.stop();
  assert.deepEqual(secretsInFiles(run, ['store.db', 'logs/control-plane.log', 'shadow/mocks/pay.json']), {});
});
