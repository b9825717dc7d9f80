import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FaultLease, MitigationLease } from '../../control-plane/mesh/lease.ts';
import type { ApplyResult } from '../../control-plane/mesh/world.ts';
import type { Description } from '../../control-plane/worlds/local/protocol.ts';
import { groupsOf, processesOf, whyNoShadow, whyNot } from './machine.ts';
import { ask, document, eventually, makeHome, Running, service } from './running.ts';

const skip = (await whyNot()) ?? false;
const noShadow = skip || (whyNoShadow() ?? false);

const lease = (id: string, more: object, durationMs = 600_000) => {
  const now = Date.now();
  return { id, reason: 'test', createdAt: now, expiresAt: now + durationMs, ...more };
};

test('kill -9 of the control plane: production goes on as mitigated, the fault ends, leases are there again', {
  skip: noShadow,
}, async () => {
  const place = makeHome(document());
  const running = await Running.up(place);
  try {
    const scaled = lease('m1', {
      type: 'mitigation',
      owner: 'operator',
      mitigation: { kind: 'scale', target: { service: 'api' }, strength: 1 },
      setting: { service: 'api', addReplicas: 1 },
    }) as MitigationLease;
    const limited = lease('m2', {
      type: 'mitigation',
      owner: 'policy',
      mitigation: { kind: 'rate-limit', target: { edge: 'ingress>web' }, strength: 0.5 },
      setting: { edge: 'ingress>web', change: { rateLimit: 1 } },
    }) as MitigationLease;
    for (const mitigation of [scaled, limited]) {
      const result = await running.tell<ApplyResult>('apply', mitigation);
      assert.equal(result.state, 'effective', JSON.stringify(result));
    }
    assert.equal((await running.tell<Description>('describe')).production.endpoints.api?.length, 3);
    const fault = lease(
      'f1',
      {
        type: 'fault',
        owner: 'chaos',
        fault: { kind: 'outage', target: { service: 'api' }, magnitude: 0.2, share: 1, seed: 1, durationMs: 4000 },
      },
      4000,
    ) as FaultLease;
    assert.equal((await running.tell<ApplyResult>('inject', fault)).state, 'effective');

    const [pid] = processesOf(running.ready.runId, (command) => command.includes('control-plane.ts'));
    process.kill(pid!, 'SIGKILL');
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(running.entry, '/still')));
    const limitedAnswers = answers.filter((a) => a.status === 429).length;
    assert.ok(
      answers.every((a) => a.status === 200 || a.status === 429),
      JSON.stringify(answers),
    );
    assert.ok(limitedAnswers > 0, 'the rate limit is in force without a control plane');
    // The shadow's replicas go on by the supervisor's clock alone.
    await eventually(async () => (await ask(running.shadowIngress, '/again')).status === 200);

    const leases = await eventually(() =>
      running.tell<{ production: MitigationLease[]; shadow: FaultLease[] }>('leases'),
    );
    assert.deepEqual(leases.production.map((l) => l.id).sort(), ['m1', 'm2']);
    assert.deepEqual(leases.shadow, []);
    assert.equal((await running.tell<Description>('describe')).production.replicas.api, 3);
    const again = await Promise.all(Array.from({ length: 10 }, () => ask(running.entry, '/after')));
    assert.ok(
      again.some((a) => a.status === 429),
      'and after its return',
    );
    await running.tell('remove', 'm1');
    await running.tell('remove', 'm2');
    await eventually(async () => (await running.tell<Description>('describe')).production.replicas.api === 2);
    await eventually(async () =>
      (await Promise.all(Array.from({ length: 10 }, () => ask(running.entry, '/free')))).every((a) => a.status === 200),
    );
  } finally {
    await running.stop();
    place.remove();
  }
});

test('documents with other bounds: the control plane starts again to follow them, and what a lease has added stays added', {
  skip,
}, async () => {
  const place = makeHome(document({ shadow: false }));
  const running = await Running.up(place);
  const follow = (text: string) => {
    writeFileSync(place.file, text);
    process.kill(running.ready.pid, 'SIGHUP');
  };
  const controlPlane = () => processesOf(running.ready.runId, (command) => command.includes('control-plane.ts'))[0];
  const answering = (count: number) =>
    eventually(async () => {
      const { production } = await running.tell<Description>('describe');
      return production.endpoints.api?.filter((e) => e.healthy).length === count && production;
    });
  try {
    const more = lease('m1', {
      type: 'mitigation',
      owner: 'policy',
      mitigation: { kind: 'scale', target: { service: 'api' }, strength: 1 },
      setting: { service: 'api', addReplicas: 1 },
    }) as MitigationLease;
    assert.equal((await running.tell<ApplyResult>('apply', more)).state, 'effective');
    const before = controlPlane();
    const wider = document({ shadow: false }).replace('replicas: 2', 'replicas: 4').replace('max: 3', 'max: 6');
    follow(wider);
    const { atRest, replicas } = await answering(5);
    assert.deepEqual([atRest.api, replicas.api], [4, 5]);
    const after = controlPlane();
    assert.notEqual(after, before);
    follow(document({ shadow: false }));
    await answering(3);
    const last = controlPlane();
    follow(document({ shadow: false, api: ", GREETING: 'servus' }" }));
    await eventually(async () => (await ask(running.entry, '/x')).body.includes('servus'));
    assert.equal(controlPlane(), last, 'it need not start again for what it does not read');
    await running.tell('remove', 'm1');
    await answering(2);
  } finally {
    await running.stop();
    place.remove();
  }
});

test('a command that does not run costs a service one replica, and the next document mends it', { skip }, async () => {
  const place = makeHome(document({ shadow: false }));
  const running = await Running.up(place);
  const follow = (text: string) => {
    writeFileSync(place.file, text);
    process.kill(running.ready.pid, 'SIGHUP');
  };
  try {
    const [web, api] = document({ shadow: false }).split('    api:');
    follow(`${web}    api:${api!.replace(/command: .*/, "command: [node, -e, 'process.exit(1)']")}`);
    await eventually(async () =>
      running.progress.some((p) => p.includes('api.0 does not answer as the document says')),
    );
    await eventually(async () => (await ask(running.entry, '/x')).status === 200);
    assert.ok(!running.progress.some((p) => p.includes('api.1 restarted')));
    follow(document({ shadow: false, api: ", GREETING: 'servus' }" }));
    await eventually(async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(running.entry, '/x')));
      return answers.every(({ body }) => body.includes('servus'));
    });
  } finally {
    await running.stop();
    place.remove();
  }
});

test('kill -9 of the supervisor: the next start leaves nothing of it', { skip: noShadow }, async () => {
  const place = makeHome(document());
  const first = await Running.up(place);
  const { runId } = first.ready;
  await first.stop('SIGKILL');
  const second = await Running.up(place);
  try {
    assert.ok(second.progress.some((p) => p.startsWith('swept')));
    assert.deepEqual(processesOf(runId), []);
    assert.deepEqual(groupsOf(runId), []);
    assert.notEqual(second.ready.runId, runId);
    assert.equal((await ask(second.entry, '/')).status, 200);
    const third = await Running.up(place).catch((e: Error & { code?: string }) => e);
    assert.equal((third as { code?: string }).code, 'UMB0404', 'one run of an application at a time');
    assert.equal((await ask(second.entry, '/')).status, 200);
  } finally {
    await second.stop();
    place.remove();
  }
});

for (const step of ['walling in the shadow', 'starting the control plane', 'production answers', 'starting the shadow'])
  test(`asked to end when it says "${step}" it ends well and leaves nothing`, { skip: noShadow }, async () => {
    const place = makeHome(document());
    let runId = '';
    const onProgress = (line: string, child: ChildProcess) => {
      if (!line.startsWith(step)) return;
      ({ runId } = JSON.parse(readFileSync(join(place.home, 'tiny/supervisor.json'), 'utf8')) as { runId: string });
      child.kill('SIGTERM');
    };
    try {
      const ended = await Running.up({ ...place, onProgress }).catch((e: Error) => e.message);
      assert.match(String(ended), /^it ended with 0:/);
      assert.doesNotMatch(String(ended), /does not start|waiting for the control plane/);
      assert.deepEqual(processesOf(runId), []);
      assert.deepEqual(groupsOf(runId), []);
    } finally {
      place.remove();
    }
  });

test('a replica that crashes is started again; its proxy stays', { skip }, async () => {
  const place = makeHome(document({ shadow: false }));
  const running = await Running.up(place);
  try {
    const of = (text: string) =>
      processesOf(running.ready.runId, (command, environ) => command.includes(service) && environ.includes(text));
    const [pid] = of('NAME=web');
    process.kill(pid!, 'SIGKILL');
    await eventually(async () => of('NAME=web').length === 1 && of('NAME=web')[0] !== pid);
    await eventually(async () => (await ask(running.entry, '/')).status === 200);
    await eventually(async () => {
      const { production } = await running.tell<{
        production?: { services: Record<string, { restarts: number }> };
      }>('latest');
      return production?.services.web;
    });
  } finally {
    await running.stop();
    place.remove();
  }
});

test('no log of a run grows without bound', { skip: noShadow }, async () => {
  const place = makeHome(document({ externals: "externals: { pay: { url: 'http://127.0.0.1:9' } }" }));
  const running = await Running.up(place);
  try {
    const expected = {
      '.': ['control-plane'],
      production: ['ingress.0.envoy', 'web.0', 'web.0.envoy'],
      shadow: ['init', 'mock.pay', 'ingress.0.envoy', 'web.0', 'web.0.envoy'],
    };
    const logs = Object.entries(expected).flatMap(([of, names]) =>
      names.map((name) => running.file(of, 'logs', `${name}.log`)),
    );
    // A hole takes no room.
    const long = 2 ** 30;
    for (const log of logs) truncateSync(log, long);
    for (const log of logs) await eventually(async () => statSync(log).size < long || Promise.reject(new Error(log)));
    assert.equal((await ask(running.entry, '/')).status, 200);
  } finally {
    await running.stop();
    place.remove();
  }
});

const failing = async (text: string, env: Record<string, string> = {}) => {
  const place = makeHome(text);
  try {
    const running = await Running.up({ ...place, env });
    await running.stop();
    throw new Error('it started');
  } catch (e) {
    return e as Error & { code?: string };
  } finally {
    place.remove();
  }
};

test('what is wrong is said with its code, and nothing is left half started', { skip }, async () => {
  assert.equal((await failing(document().replace('replicas: 2', 'replicsa: 2'))).code, 'UMB0101');
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  assert.equal((await failing(document({ entry: `, port: ${port}` }))).code, 'UMB0401');
  await new Promise((resolve) => taken.close(resolve));
  assert.equal((await failing(document(), { ENVOY_BIN: '/nowhere/envoy' })).code, 'UMB0201');
  const broken = await failing(
    document({ shadow: false }).replace(`[node, ${service}]`, "[node, '-e', 'throw new Error(\"no such luck\")']"),
  );
  assert.equal(broken.code, 'UMB0403');
  assert.match(broken.message, /no such luck/);
  const missing = await failing(document({ shadow: false }).replace(`[node, ${service}]`, '[no-such-program]'));
  assert.equal(missing.code, 'UMB0403');
});

test('where namespaces are refused production runs alone and says why', { skip }, async () => {
  const place = makeHome(document());
  // All programs but unshare.
  const bin = join(place.home, '..', 'bin');
  mkdirSync(bin);
  for (const folder of ['/bin', '/usr/bin', '/sbin', '/usr/sbin'])
    for (const name of readdirSync(folder)) {
      if (name === 'unshare') continue;
      try {
        symlinkSync(join(folder, name), join(bin, name));
      } catch {
        // There already.
      }
    }
  const running = await Running.up({ ...place, env: { PATH: bin } });
  try {
    assert.equal((await ask(running.entry, '/')).status, 200);
    const description = await running.tell<Description>('describe');
    assert.equal(description.shadow, undefined);
    assert.match(description.noShadow ?? '', /namespaces/);
    assert.ok(running.progress.some((p) => p.includes('UMB0402')));
    const { production } = await running.tell<{ production: { notes: string[] } }>('health');
    assert.ok(production.notes.some((n) => n.startsWith('no shadow')));
  } finally {
    await running.stop();
    place.remove();
  }
});

test('isolation: declared runs plain processes where namespaces are refused, and says so', { skip }, async () => {
  const place = makeHome(document({ shadow: 'isolation: declared' }));
  const bin = join(place.home, '..', 'bin');
  mkdirSync(bin);
  for (const folder of ['/usr/bin', '/usr/sbin', '/bin', '/sbin'])
    for (const name of readdirSync(folder)) {
      if (name === 'unshare') continue;
      try {
        symlinkSync(join(folder, name), join(bin, name));
      } catch {
        // There already.
      }
    }
  const running = await Running.up({ ...place, env: { PATH: bin } });
  try {
    const { shadow } = await running.tell<Description>('describe');
    assert.equal(shadow?.isolation, 'declared');
    assert.ok(shadow.notes.some((n) => n.startsWith('isolation: declared')));
    assert.notEqual(shadow.capabilities.netfilter, true);
    await eventually(async () => (await ask(running.shadowIngress, '/')).status === 200);
  } finally {
    await running.stop();
    place.remove();
  }
});
