import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExamplePlane, type ExamplePlane } from '../../test/dashboard/example-plane.ts';
import { bootstrap } from '../envoy/bootstrap.ts';
import { wallClock } from '../mesh/clock.ts';
import { checkPlane } from './check.ts';

const proxies = (plane: ExamplePlane, change: (n: ExamplePlane['status_']['xds']['nodes'][number]) => object) => {
  const status = plane.status_;
  const nodes = status.xds.nodes.map((n, i) => (i === 0 ? { ...n, ...change(n) } : n));
  plane.status = () => ({ ...status, xds: { ...status.xds, nodes } });
};
const worlds = (plane: ExamplePlane, world: 'production' | 'shadow', change: object) => {
  plane.status_ = {
    ...plane.status_,
    worlds: { ...plane.status_.worlds, [world]: { ...plane.status_.worlds[world], ...change } },
  };
};

const cases: [what: string, change: (plane: ExamplePlane) => void, name: RegExp, state: string, detail: RegExp][] = [
  [
    'a sidecar never sent metrics',
    (p) => proxies(p, () => ({ metricsAt: undefined })),
    /production: metrics/,
    'fail',
    /1 of 5 are silent: production\/ingress/,
  ],
  [
    'a sidecar fell silent',
    (p) => proxies(p, (n) => ({ metricsAt: n.metricsAt! - 60_000 })),
    /production: metrics/,
    'fail',
    /1 of 5 are silent/,
  ],
  [
    'a sidecar refused',
    (p) =>
      proxies(p, () => ({ acknowledged: false, lastNack: { type: 'LDS', names: ['in'], detail: 'bad port', at: 1 } })),
    /configuration/,
    'fail',
    /refused LDS in: bad port/,
  ],
  [
    'a sidecar is away',
    (p) => proxies(p, () => ({ connected: false })),
    /production: configuration/,
    'fail',
    /not connected: production\/ingress/,
  ],
  [
    'a sidecar is behind',
    (p) => proxies(p, () => ({ acknowledged: false })),
    /production: configuration/,
    'warn',
    /waiting for/,
  ],
  [
    'no window came',
    (p) => Object.assign(p, { latest: () => undefined }),
    /production: the picture/,
    'fail',
    /no window yet/,
  ],
  [
    'the collector stands still',
    (p) => {
      const old = p.latest('production')!;
      p.latest = () => ({ ...old, at: old.at - 30_000 });
    },
    /production: the picture/,
    'fail',
    /3\d s old/,
  ],
  [
    'nobody uses production',
    (p) => {
      const old = p.latest('production')!;
      p.latest = () => ({ ...old, entry: { ...old.entry, offered: 0 } });
    },
    /production: the picture/,
    'warn',
    /no request/,
  ],
  [
    'there is nothing to mirror',
    (p) => {
      const old = p.latest('production')!;
      p.latest = () => ({ ...old, entry: { ...old.entry, offered: 0 } });
    },
    /mirrored traffic/,
    'warn',
    /production has no request to copy/,
  ],
  [
    'the picture has gaps',
    (p) => {
      const old = p.latest('production')!;
      p.latest = () => ({ ...old, gaps: ['cart: no cpu'] });
    },
    /production: the picture/,
    'warn',
    /cart: no cpu/,
  ],
  [
    'nothing is mirrored',
    (p) =>
      Object.assign(p, {
        mirror: () => ({ mirrored: 0, dropped: {}, skipped: {}, compared: 0, differing: 0, alive: true }),
      }),
    /mirrored traffic/,
    'fail',
    /nothing was ever copied/,
  ],
  [
    'the shadow is walled by declaration',
    (p) => worlds(p, 'shadow', { isolation: 'declared' }),
    /isolated/,
    'warn',
    /declaration/,
  ],
  [
    'there is no shadow',
    (p) => worlds(p, 'shadow', { present: false, notes: ['kernel says no'] }),
    /^shadow$/,
    'warn',
    /kernel says no/,
  ],
  [
    'the static policy decides',
    (p) => {
      p.status_ = { ...p.status_, policy: { kind: 'static', version: 's1', notes: ['model damaged'] } };
    },
    /policy/,
    'fail',
    /model damaged/,
  ],
  [
    'the store cannot be written',
    (p) => Object.assign(p, { storeProblem: () => 'disk full' }),
    /store/,
    'fail',
    /disk full/,
  ],
];
for (const [what, change, name, state, detail] of cases) {
  test(`check: ${what}`, () => {
    const plane = createExamplePlane(wallClock);
    change(plane);
    const checks = checkPlane(plane);
    const found = checks.find((c) => name.test(c.name));
    assert.ok(found, checks.map((c) => c.name).join(', '));
    assert.equal(found.state, state);
    assert.match(found.detail, detail);
    for (const c of checks)
      assert.equal(c.state !== 'pass', c.hint !== undefined, `${c.name}: a hint on exactly what does not pass`);
  });
}

test('check: the hint on silence names a cluster that Envoy has, and what an Envoy’s log is called', () => {
  const plane = createExamplePlane(wallClock);
  proxies(plane, () => ({ metricsAt: undefined }));
  const { hint } = checkPlane(plane).find((c) => c.state === 'fail')!;
  const node = { id: 'production/cart/0', world: 'production', service: 'cart', replica: 0, outbound: [] } as const;
  const address = { pipe: '/run/x.sock' };
  const { staticResources } = bootstrap(node, { xds: address, admin: address, statsIntervalMs: 1000 });
  const [, cluster] = /“(.*)”/.exec(hint!)!;
  assert.ok(JSON.stringify(staticResources).includes(`"name":"${cluster}"`), cluster);
  assert.match(hint!, /SERVICE\.REPLICA\.envoy\.log/);
});

test('check: all is well', () => {
  const checks = checkPlane(createExamplePlane(wallClock));
  assert.deepEqual(
    checks.filter((c) => c.state !== 'pass'),
    [],
  );
  assert.ok(checks.length >= 10);
});
