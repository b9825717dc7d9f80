/** Mirroring by weight alone in a real Envoy under our management server: what Envoy hands to the module, and what it does not. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { SHADOW_CLUSTER } from '../../control-plane/envoy/names.ts';
import { TypedExtensionConfigSchema } from '../../control-plane/envoy/protos/gen/envoy/config/core/v3/extension_pb.js';
import { service, topologyOf } from '../../control-plane/mesh/testing/topology.ts';
import { withTrap } from '../filters/answers.ts';
import { modulePath } from '../filters/modules.ts';
import { askAtOnce, askInTurn, byStatus } from './fixtures/client.ts';
import { until } from './fixtures/envoy.ts';
import { edge, Mesh } from './fixtures/mesh.ts';
import { startUpstream, type Upstream } from './fixtures/upstream.ts';

const REQUESTS = 400;
/** By Hoeffding's inequality a fair draw of 400 is further from 200 with a probability below 2·e^(−2·70²/400) = 5·10⁻¹¹. */
const FURTHEST = 70;
/** So many requests in a row are all passed over, at a half, with a probability of 2⁻⁴⁰ = 10⁻¹². */
const SURELY_ONE = 40;

suite('sampled by weight alone', () => {
  const mesh = new Mesh(topologyOf([service('app')], [edge('ingress', 'app', { timeoutMs: 60_000 })]));
  const node = mesh.ingress();
  const users = node.ingress!.listen;
  let shadow: Upstream;
  let generation = 0;
  /** Configurations that Envoy's modules took of one push: one for each thread. */
  let threads = 0;

  async function stat(name: string): Promise<number> {
    const found = new RegExp(`^\\S*${name}: (\\d+)$`, 'm').exec(
      await mesh.envoy(node.id).admin(`/stats?filter=${name}`),
    );
    return Number(found?.[1] ?? 0);
  }
  const sampled = () => stat('umbra_mirror_sampled');

  /** What the proxy tells of its listeners: those that drain too, and since when each is as it is. */
  async function listeners(): Promise<unknown[]> {
    const dump = await mesh.envoy(node.id).admin('/config_dump?resource=dynamic_listeners');
    return (JSON.parse(dump) as { configs?: unknown[] }).configs ?? [];
  }

  function configure(percent: number): void {
    const mirror = {
      generation: ++generation,
      cluster: SHADOW_CLUSTER,
      percent,
      pseudonymKey: '0'.repeat(32),
      heartbeatMs: 20,
      maxInFlight: 4096,
    };
    mesh.parts = { ...mesh.parts, mirror };
  }

  /** Serves another share; resolves when every thread of the proxy has it. */
  async function change(percent: number): Promise<void> {
    const before = await stat('umbra_mirror_configured');
    configure(percent);
    await mesh.push();
    await until('every thread to take it', async () =>
      (await stat('umbra_mirror_configured')) >= before + threads ? true : undefined,
    );
  }

  /** What was sampled so far and what the shadow has seen of it, once nothing is on its way. */
  async function settled(): Promise<{ sampled: number; seen: number }> {
    // Counters are told on the heartbeat: once each thread has told them twice more all is in.
    const beats = (await stat('umbra_mirror_heartbeat')) + 2 * threads;
    await until('the heartbeat', async () => ((await stat('umbra_mirror_heartbeat')) >= beats ? true : undefined));
    await until('the copies', async () => ((await stat('umbra_mirror_in_flight')) === 0 ? true : undefined));
    return { sampled: await sampled(), seen: shadow.seen };
  }

  /** Copies of so many requests. */
  async function copiesOf(n: number): Promise<number> {
    const before = await settled();
    assert.deepEqual(byStatus(await askInTurn(n, users, '/')), { 200: n });
    const after = await settled();
    assert.equal(after.seen - before.seen, after.sampled - before.sampled, 'what was sampled came to the shadow');
    return after.sampled - before.sampled;
  }

  before(async () => {
    await mesh.serve('app');
    shadow = await startUpstream();
    const module = join(mesh.directory, 'mirror.wasm');
    writeFileSync(module, withTrap(readFileSync(modulePath('mirror')), 'proxy_on_request_body'));
    mesh.parts = { filters: { mirror: module, chaos: modulePath('chaos') }, shadowIngress: shadow.address };
    configure(50);
    await mesh.start(node);
    threads = await stat('umbra_mirror_configured');
    assert.ok(threads > 0);
    // A module's heart beats from its first request on.
    assert.deepEqual(byStatus(await askInTurn(SURELY_ONE, users, '/')), { 200: SURELY_ONE });
  });
  after(async () => {
    await mesh.stop();
    await shadow?.close();
  });

  test('the module is wrapped, and the proxy takes it so', () => {
    const served = mesh.build(node).find((r) => r.name === 'umbra.mirror')!;
    assert.match(fromBinary(TypedExtensionConfigSchema, served.body).typedConfig!.typeUrl, /\.ExtensionWithMatcher$/);
    assert.deepEqual(mesh.nacks, []);
  });

  test('of a half, about a half comes to the shadow', async () => {
    const copies = await copiesOf(REQUESTS);
    assert.ok(Math.abs(copies - REQUESTS / 2) <= FURTHEST, `${copies} copies of ${REQUESTS}`);
  });

  test('the share changes by ECDS, to nothing, to everything and back, and no listener drains', async () => {
    const before = await listeners();
    assert.equal(before.length, 1);
    await change(0);
    assert.equal(await copiesOf(SURELY_ONE), 0);
    // Not wrapped any more.
    await change(100);
    assert.equal(await copiesOf(SURELY_ONE), SURELY_ONE);
    await change(50);
    const copies = await copiesOf(REQUESTS);
    assert.ok(Math.abs(copies - REQUESTS / 2) <= FURTHEST, `${copies} copies of ${REQUESTS}`);
    assert.deepEqual(await listeners(), before);
    assert.deepEqual(mesh.nacks, []);
  });

  test('a trap changes no answer, the module is dead after, and the next configuration revives it', async () => {
    const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    const answers = await askAtOnce(SURELY_ONE, users, '/', body);
    assert.deepEqual(byStatus(answers), { 200: SURELY_ONE });
    await until('the trap to be told', () => mesh.envoy(node.id).log.includes('unreachable') || undefined);
    const dead = await sampled();
    assert.deepEqual(byStatus(await askInTurn(SURELY_ONE, users, '/')), { 200: SURELY_ONE });
    assert.equal(await sampled(), dead);
    configure(50);
    await mesh.push();
    await until('a copy', async () => {
      assert.deepEqual(byStatus(await askInTurn(1, users, '/')), { 200: 1 });
      return (await sampled()) > dead ? true : undefined;
    });
  });
});
