import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import type { Address } from '../../control-plane/envoy/node.ts';
import type { Fidelity } from '../../control-plane/shadow/fidelity.ts';
import type { DeniedCounters, Description, MachineSample } from '../../control-plane/worlds/local/protocol.ts';
import { groupsOf, processesOf, whyNoShadow, whyNot } from './machine.ts';
import { ask, document, eventually, makeHome, Running } from './running.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;
/** Answers that come late on a busy machine are good still. */
const more = {
  entry: ', slo: 30s, timeout: 60s',
  // Nobody calls it; its mock is a process of the shadow.
  externals: 'externals: { bank: { url: http://127.0.0.1:9 } }',
  api: ' }\n      secrets: [LEDGER]',
  shadow: `mirror:
    twicePercent: 100
    routes:
      - { name: alike, pathPrefix: /alike }
      - { name: otherwise, pathPrefix: /otherwise, methods: [GET] }
      - { name: chance, pathPrefix: /chance, methods: [GET] }`,
};
/** Of the run's environment, and not for the shadow: one by its name, one because a service calls it a secret. */
const secrets = { PAY_PASSWORD: 'hunter2-of-the-run', LEDGER: 'hunter3-of-the-run' };
let running: Running;
let place: ReturnType<typeof makeHome>;

before(async () => {
  if (skip) return;
  place = makeHome(document(more));
  running = await Running.up({ ...place, env: secrets });
});
after(async () => {
  if (skip) return;
  await running.stop();
  place.remove();
});

const inShadow = async (path: string) => JSON.parse((await ask(running.shadowIngress, path)).body) as string;
const inProduction = async (path: string) => JSON.parse((await ask(running.entry, path)).body) as string;
const tcp = (address: Address) => {
  assert.ok('port' in address);
  return address;
};
const encoded = (path: string) => encodeURIComponent(path);

test('users reach production and copies reach the shadow through their proxies', { skip }, async () => {
  const answer = await ask(running.entry, '/hello');
  assert.equal(answer.status, 200);
  assert.match(answer.body, /"replica\\":\\"[01]/);
  await eventually(async () => {
    // Proxies of the shadow may be served a moment later than production's.
    await ask(running.entry, '/hello');
    return readFileSync(running.file('shadow', 'data', 'web', '0', 'requests'), 'utf8').includes('GET /hello');
  });
});

test('copies stop and come again as the share is told, and the machine says how busy it is', { skip }, async () => {
  const told = (share: number) => running.remirrored(() => running.tell('mirrorShare', share));
  const copied = (path: string) =>
    readFileSync(running.file('shadow', 'data', 'web', '0', 'requests'), 'utf8').includes(`GET ${path}`);
  await told(0);
  for (let i = 0; i < 10; i++) assert.equal((await ask(running.entry, '/unseen')).status, 200);
  await told(1);
  await eventually(async () => {
    await ask(running.entry, '/seen');
    return copied('/seen');
  });
  assert.ok(!copied('/unseen'));
  const machine = await eventually(async () => {
    const sample = await running.tell<MachineSample | null>('machine');
    return sample?.busy !== undefined && sample.ingressCpuSeconds > 0 && sample;
  });
  assert.ok(machine.busy! >= 0 && machine.busy! <= 1);
});

test("production's files are denied by absolute path, and counted", { skip }, async () => {
  await ask(running.entry, '/written');
  const file = running.file('production', 'data', 'web', '0', 'requests');
  assert.match(readFileSync(file, 'utf8'), /GET \/written/);
  assert.match(await inProduction(`/read?path=${encoded(file)}`), /^ok/, 'production itself reads them');
  assert.equal(await inShadow(`/read?path=${encoded(file)}`), 'EACCES');
  assert.equal(await inShadow(`/list?path=${encoded(running.file('production'))}`), 'EACCES');
  assert.equal(await inShadow(`/write?path=${encoded(running.file('production', 'new'))}`), 'EACCES');
  const denied = await eventually(async () => {
    const counters = await running.tell<DeniedCounters>('denied');
    return typeof counters.files === 'number' && counters.files >= 3 && counters;
  });
  assert.ok(denied.targets.some((t) => t.what === 'production/data'));
});

test('what else is private is not there at all', { skip }, async () => {
  for (const name of ['token', 'supervisor.sock', 'supervisor.json', 'ready.json', 'test.sock'])
    assert.equal(await inShadow(`/read?path=${encoded(running.file(name))}`), 'ENOENT', name);
  assert.equal(await inShadow(`/write?path=${encoded('/etc/umbra-test')}`), 'EROFS');
  assert.equal(await inShadow(`/write?path=${encoded('/usr/umbra-test')}`), 'EROFS');
  assert.match(await inShadow(`/write?path=${encoded('/tmp/of-the-shadow')}`), /^ok/);
  assert.ok(!existsSync('/tmp/of-the-shadow'));
  assert.match(await inShadow(`/write?path=${encoded('/proc/sys/kernel/core_pattern')}`), /EROFS|EACCES/);
  const devices = await inShadow(`/list?path=${encoded('/dev')}`);
  assert.ok(!/vd|sd[a-z]|fuse|mem/.test(devices), devices);
  // What its starter had open is not handed on.
  assert.ok(Number(await inShadow('/fds')) < 40);
});

test('no process there has a secret in its environment', { skip }, async () => {
  const environments = async (of: typeof inShadow) => (await of('/environments')) as unknown as string[];
  const there = (await environments(inShadow)).filter((text) => text.startsWith('ok'));
  // Three replicas, their proxies, the ingress, the mock.
  assert.ok(there.length >= 8, `${there.length} environments were read`);
  for (const secret of Object.values(secrets)) {
    assert.ok((await environments(inProduction)).some((text) => text.includes(secret)));
    assert.ok(!there.some((text) => text.includes(secret)), secret);
  }
});

test('no address outside is reached, literal or not, and attempts are counted', { skip }, async () => {
  const before = await running.tell<DeniedCounters>('denied');
  const { production } = await running.tell<Description>('describe');
  const { listen, app } = production.nodes.find((n) => n.service === 'api')!.inbound!;
  const data = { app: tcp(app), listen: tcp(listen) };
  assert.equal(await inProduction(`/dial?host=127.0.0.1&port=${data.app.port}`), 'ok', 'production itself reaches it');
  const lan =
    Object.values(networkInterfaces())
      .flat()
      .find((i) => i && i.family === 'IPv4' && !i.internal)?.address ?? '192.0.2.1';
  for (const [host, port] of [
    ['127.0.0.1', data.app.port],
    ['127.0.0.1', data.listen.port],
    ['127.0.0.1', running.ready.entry.port],
    [lan, data.app.port],
    ['192.0.2.7', 443],
    ['::1', data.app.port],
  ] as const) {
    assert.equal(await inShadow(`/dial?host=${encoded(host)}&port=${port}`), 'ECONNREFUSED', `${host}:${port}`);
  }
  const now = await eventually(async () => {
    const counters = await running.tell<DeniedCounters>('denied');
    return (
      typeof counters.network === 'number' &&
      counters.network >= (before.network === 'unknown' ? 0 : before.network) + 6 &&
      counters
    );
  });
  assert.ok(now.targets.some((t) => t.what === `127.0.0.1:${data.app.port}`));
  assert.ok(now.targets.some((t) => t.what === '192.0.2.7:443'));
});

test('ordinary traffic of the shadow counts as no attempt', { skip }, async () => {
  const before = await running.tell<DeniedCounters>('denied');
  for (let i = 0; i < 20; i++) await ask(running.entry, `/quiet-${i}`);
  await eventually(async () =>
    readFileSync(running.file('shadow', 'data', 'web', '0', 'requests'), 'utf8').includes('quiet-19'),
  );
  // Two rounds of counting.
  const until = Date.now() + 4500;
  await eventually(async () => Date.now() > until);
  assert.deepEqual(await running.tell<DeniedCounters>('denied'), before);
});

test('fidelity by route: what answers otherwise is blamed, what answers by chance is not', { skip }, async () => {
  const paths = [
    ['alike', 'GET'],
    ['alike', 'POST'],
    ['otherwise', 'GET'],
    ['chance', 'GET'],
    ['chance', 'GET'],
  ] as const;
  const { routes } = await eventually(async () => {
    await Promise.all(
      paths.flatMap(([path, method]) => Array.from({ length: 4 }, () => ask(running.entry, `/${path}`, method))),
    );
    const fidelity = await running.tell<Fidelity>('fidelity');
    const enough = (name: string, compared: number) =>
      (fidelity.routes.find((r) => r.route === name)?.compared ?? 0) >= compared;
    return (
      enough('alike', 60) && enough('alike-writes', 60) && enough('otherwise', 60) && enough('chance', 200) && fidelity
    );
  }, 120_000);
  const of = (name: string) => routes.find((r) => r.route === name)!;
  assert.equal(routes[0]?.route, 'otherwise', 'the worst is first');
  assert.deepEqual([of('otherwise').score, of('otherwise').noiseFloor], [0, 0]);
  assert.ok(of('otherwise').interval![1] < 0.1, JSON.stringify(of('otherwise')));
  assert.deepEqual([of('alike').score, of('alike').noiseFloor], [1, 0]);
  assert.ok(of('alike').interval![0] > 0.9, JSON.stringify(of('alike')));
  // Half of the answers differ; so do half of the shadow's own. Limits five standard errors away.
  const chance = of('chance');
  assert.ok(chance.noiseFloor! > 0.25 && chance.structure! < 0.75, JSON.stringify(chance));
  assert.ok(chance.score! > 0.5 && chance.interval![1] > 0.75, JSON.stringify(chance));
  assert.deepEqual([of('alike-writes').score, of('alike-writes').pairs], [1, 0], 'a write is never sent twice');
});

test("the shadow starts from a copy of production's data and returns to its snapshot", { skip }, async () => {
  const file = running.file('shadow', 'data', 'web', '0', 'requests');
  await ask(running.shadowIngress, '/early');
  await running.tell('resetState');
  assert.ok(
    !existsSync(file) || !readFileSync(file, 'utf8').includes('early'),
    'without a snapshot it returns to its start',
  );
  await ask(running.shadowIngress, '/kept');
  await running.tell('snapshotState');
  const kept = readFileSync(file, 'utf8');
  await ask(running.shadowIngress, '/dirty');
  assert.match(readFileSync(file, 'utf8'), /dirty/);
  await running.tell('resetState');
  assert.equal(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((l) => l.includes('dirty')).length,
    0,
  );
  assert.ok(readFileSync(file, 'utf8').startsWith(kept));
  assert.equal((await ask(running.shadowIngress, '/healthz')).status, 200);
});

test('the shadow follows environment and replica count', { skip }, async () => {
  const follow = (replicas: number) => {
    const web = ', GREETING: bonjour }\n      calls: { api: { timeout: 10s } }';
    writeFileSync(place.file, document({ ...more, web }).replace('replicas: 2', `replicas: ${replicas}`));
    process.kill(running.ready.pid, 'SIGHUP');
    return eventually(async () => {
      const description = await running.tell<Description>('describe');
      return description.shadow?.endpoints.api?.filter((e) => e.healthy).length === replicas && description;
    });
  };
  const { shadow, production } = await follow(3);
  assert.equal(production.replicas.api, 3);
  assert.equal(shadow?.replicas.api, 3);
  await eventually(async () => (await ask(running.shadowIngress, '/greet')).body.includes('bonjour'));
  await follow(2);
});

test('a changed file is followed on SIGHUP, a broken one is not', { skip }, async () => {
  writeFileSync(place.file, document({ ...more, api: `, GREETING: 'servus'${more.api}` }));
  process.kill(running.ready.pid, 'SIGHUP');
  await eventually(async () => (await ask(running.shadowIngress, '/x')).body.includes('servus'));
  await eventually(async () => (await ask(running.entry, '/x')).body.includes('servus'));
  writeFileSync(place.file, 'kind: [');
  process.kill(running.ready.pid, 'SIGHUP');
  await eventually(async () => running.progress.some((p) => p.includes('UMB0101')));
  // A replica may just be starting again after the change before.
  await eventually(async () => (await ask(running.entry, '/x')).status === 200);
});

test('a link out of the shadow is followed by nobody outside of it', { skip }, async () => {
  const link = (path: string, to: string) => inShadow(`/replace-by-link?path=${encoded(path)}&to=${encoded(to)}`);
  const precious = running.file('production', 'data', 'api');
  await ask(running.entry, '/precious');
  const before = ['0', '1'].map((n) => readFileSync(running.file('production', 'data', 'api', n, 'requests'), 'utf8'));
  // What this side writes to cannot be replaced at all.
  for (const name of ['mocks', 'envoy', 'start', 'data', 'x'])
    assert.match(await link(running.file('shadow', name), precious), /EROFS|EBUSY/);
  assert.match(await link(running.file('shadow', 'envoy', 'web.0.json'), precious), /EROFS/);
  // A service's data can; a reset then meets the wall from inside.
  assert.match(await link(running.file('shadow', 'data', 'api'), precious), /^ok/);
  await running.tell('resetState').catch(() => {});
  assert.deepEqual(
    ['0', '1'].map((n) => readFileSync(running.file('production', 'data', 'api', n, 'requests'), 'utf8')),
    before,
  );
  assert.equal((await ask(running.entry, '/fine')).status, 200);
});

test('an orderly end leaves nothing', { skip }, async () => {
  const { runId } = running.ready;
  assert.ok(processesOf(runId).length > 0);
  assert.equal(await running.stop('SIGINT'), 0);
  assert.deepEqual(processesOf(runId), []);
  assert.deepEqual(groupsOf(runId), []);
  assert.ok(!existsSync(running.file('supervisor.sock')));
  assert.ok(!existsSync(running.file('ready.json')));
});
