import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv } from 'ajv';
import { createExamplePlane } from '../../test/dashboard/example-plane.ts';
import { wallClock } from '../mesh/clock.ts';
import { createApi, listenOnLoopback } from './server.ts';

const token = 'a-token-of-some-length';

/** Parsed JSON whose parts are asserted on. */
// biome-ignore lint/suspicious/noExplicitAny: its shape is what is tested
type Loose = any;
interface Described {
  get?: { responses: Record<string, { content?: Record<string, { schema?: object }> }> };
}

async function start(t: TestContext) {
  const plane = createExamplePlane(wallClock);
  const api = await createApi({ plane, token, dashboard: '/nowhere' });
  t.after(() => api.close());
  const order = (body: unknown, authorization = `Bearer ${token}`) =>
    api.inject({
      method: 'POST',
      url: '/api/v1/overrides',
      headers: { host: 'localhost', authorization },
      payload: body as object,
    });
  const get = (url: string) => api.inject({ url, headers: { host: '127.0.0.1:4000' } });
  return { plane, api, order, get };
}

test('every answer is as its description says', async (t) => {
  const { get } = await start(t);
  const openapi = (await get('/api/v1/openapi.json')).json();
  const ajv = new Ajv({ strict: false });
  const sample: Record<string, string> = { id: 'i-12', world: 'shadow', kind: 'Application' };
  const ids: Record<string, string> = { '/api/v1/decisions/{id}': 'd-104', '/api/v1/episodes/{id}': 'e-44' };
  let checked = 0;
  for (const [path, item] of Object.entries<Described>(openapi.paths)) {
    if (!item.get || path.endsWith('/events')) continue;
    const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[path] ?? sample[name]!);
    const answer = await get(url);
    assert.equal(answer.statusCode, 200, `${url}: ${answer.body}`);
    const schema = item.get.responses['200']?.content?.['application/json']?.schema;
    if (!schema) continue;
    const check = ajv.compile(schema);
    assert.ok(check(answer.json()), `${url}: ${JSON.stringify(check.errors?.slice(0, 3))}`);
    checked++;
  }
  assert.ok(checked >= 18, `${checked} described answers`);
});

test('an order needs the token, and reaches the plane with its defaults', async (t) => {
  const { plane, order } = await start(t);
  const freeze = { order: { type: 'freeze' } };
  const wrong = ['Bearer wrong', `Basic ${token}`, `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, token];
  for (const authorization of wrong) {
    const refused = await order(freeze, authorization);
    assert.equal(refused.statusCode, 401, authorization);
    assert.equal(refused.json().code, 'UMB0801');
  }
  assert.deepEqual(plane.given, []);
  const given = await order(freeze);
  assert.equal(given.statusCode, 201);
  assert.deepEqual(plane.given, [{ order: { type: 'freeze' }, by: 'operator', reason: '', ttlMs: 3_600_000 }]);
});

test('without any token nothing changes, by any method', async (t) => {
  const { plane, api } = await start(t);
  for (const [method, url] of [
    ['POST', '/api/v1/overrides'],
    ['DELETE', '/api/v1/overrides/o-1'],
    ['POST', '/api/v1/token'],
  ] as const) {
    const answer = await api.inject({
      method,
      url,
      headers: { host: 'localhost', cookie: `token=${token}` },
      ...(method === 'POST' ? { payload: { order: { type: 'freeze' } } } : {}),
    });
    assert.equal(answer.statusCode, 401, `${method} ${url}`);
  }
  assert.deepEqual(plane.given, []);
});

const bad: [name: string, body: unknown, message: RegExp][] = [
  ['nothing', {}, /order/],
  ['an unknown field', { order: { type: 'freeze' }, force: true }, /force/],
  ['an unknown type', { order: { type: 'explode' } }, /order/],
  ['a service that is not there', { order: { type: 'freeze', service: 'crat' } }, /no service crat; there are .*cart/],
  ['a mode that is not there', { order: { type: 'mode', service: 'cart', mode: 'yolo' } }, /mode/],
  ['an external service', { order: { type: 'mode', service: 'bank', mode: 'auto' } }, /no service bank/],
  ['a kind that is not there', { order: { type: 'forbid', what: 'magic' } }, /magic is no kind/],
  [
    'a kind on the wrong sort of target',
    { order: { type: 'forbid', what: 'scale@storefront>cart' } },
    /belongs to a service/,
  ],
  [
    'an edge that is not there',
    { order: { type: 'pin', mitigation: { kind: 'retry', target: { edge: 'a>b' }, strength: 0 } } },
    /no edge a>b/,
  ],
  [
    'a negative strength',
    { order: { type: 'pin', mitigation: { kind: 'retry', target: { edge: 'storefront>cart' }, strength: -1 } } },
    /strength/,
  ],
  ['a time that is too short', { order: { type: 'freeze' }, ttlMs: 5 }, /ttlMs/],
  ['a time that is text', { order: { type: 'freeze' }, ttlMs: '5000' }, /ttlMs/],
  ['an inherited name as a service', { order: { type: 'freeze', service: '__proto__' } }, /no service __proto__/],
];
for (const [name, body, message] of bad) {
  test(`an order with ${name} is refused in words`, async (t) => {
    const { plane, order } = await start(t);
    const answer = await order(body);
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().code, 'UMB0803');
    assert.match(answer.json().message, message);
    assert.ok(answer.json().remedy);
    assert.deepEqual(plane.given, []);
  });
}

test('undo and approve of what is not there are 404', async (t) => {
  const { order, api } = await start(t);
  for (const [body, code] of [
    [{ order: { type: 'undo', lease: 'l-99' } }, 'UMB0702'],
    [{ order: { type: 'approve', decision: 'd-0' } }, 'UMB0804'],
  ] as const) {
    const answer = await order(body);
    assert.deepEqual([answer.statusCode, answer.json().code], [404, code]);
  }
  const shadows = await order({ order: { type: 'undo', lease: 'l-30' } });
  assert.deepEqual([shadows.statusCode, shadows.json().code], [400, 'UMB0803']);
  assert.match(shadows.json().message, /in force in the shadow/);
  const cancel = await api.inject({
    method: 'DELETE',
    url: '/api/v1/overrides/o-77',
    headers: { host: 'localhost', authorization: `Bearer ${token}` },
  });
  assert.deepEqual([cancel.statusCode, cancel.json().code], [404, 'UMB0804']);
});

test('requests that another site made are refused', async (t) => {
  const { api } = await start(t);
  for (const headers of [
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost:80@evil.example' },
    { host: 'localhost', origin: 'https://evil.example' },
    { host: 'localhost', origin: 'null' },
  ]) {
    const answer = await api.inject({ url: '/api/v1/status', headers });
    assert.deepEqual([answer.statusCode, answer.json().code], [403, 'UMB0805'], JSON.stringify(headers));
  }
  for (const host of ['localhost:8080', '127.0.0.1', '[::1]:9']) {
    assert.equal(
      (await api.inject({ url: '/api/v1/status', headers: { host, origin: `http://${host}` } })).statusCode,
      200,
      host,
    );
  }
});

test('what is empty says why', async (t) => {
  const { plane, get } = await start(t);
  plane.status_ = {
    ...plane.status_,
    worlds: {
      ...plane.status_.worlds,
      shadow: { present: false, ready: false, notes: ['no Shadow document'], gaps: [] },
    },
  };
  plane.latest = () => undefined;
  const answer = await get('/api/v1/worlds/shadow/snapshot');
  assert.equal(answer.statusCode, 404);
  assert.match(answer.json().message, /there is no shadow: no Shadow document/);
  assert.equal((await get('/api/v1/nothing')).json().code, 'UMB0804');
  assert.match((await get('/')).body, /not built/);
});

test('a failure of ours is told without its details, and logged', async (t) => {
  const { plane, get } = await start(t);
  plane.fidelity = () => {
    throw new Error('secret detail');
  };
  const answer = await get('/api/v1/fidelity');
  assert.deepEqual([answer.statusCode, answer.json().code], [500, 'UMB0809']);
  assert.doesNotMatch(answer.body, /secret/);
});

test('readiness follows production', async (t) => {
  const { plane, get } = await start(t);
  assert.equal((await get('/readyz')).statusCode, 200);
  plane.status_ = {
    ...plane.status_,
    worlds: { ...plane.status_.worlds, production: { present: true, ready: false, notes: ['starting'], gaps: [] } },
  };
  assert.equal((await get('/readyz')).statusCode, 503);
  assert.equal((await get('/healthz')).statusCode, 200);
});

interface StreamEvent {
  readonly event: string;
  readonly data: Loose;
}

/** Follows the events of a stream: the first of them shows that it is followed, and `all` are there once there are `count`. */
function follow(url: string, count: number): { first: Promise<StreamEvent>; all: Promise<StreamEvent[]> } {
  const found: StreamEvent[] = [];
  const first = Promise.withResolvers<StreamEvent>();
  const all = Promise.withResolvers<StreamEvent[]>();
  const request = httpRequest(url, (response) => {
    let text = '';
    response.on('data', (chunk) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const event = /^event: (.*)$/m.exec(block)?.[1];
        if (event) found.push({ event, data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!) });
      }
      if (found.length > 0) first.resolve(found[0]!);
      if (found.length >= count) {
        request.destroy();
        all.resolve(found);
      }
    });
  });
  request.on('error', (error) => {
    first.reject(error);
    all.reject(error);
  });
  request.end();
  return { first: first.promise, all: all.promise };
}

test('listeners see each picture, and at once what an order changed', async (t) => {
  // The picture of each second comes when the test says so: how many there are in between is no matter of time.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { plane, api, order } = await start(t);
  const url = await listenOnLoopback(api);
  const { first, all } = follow(`${url}/api/v1/events`, 4);
  const { event, data } = await first;
  assert.equal(event, 'tick');
  assert.equal(data.status.application, 'shop');
  assert.equal(data.worlds.production.leases.length, 1);
  t.mock.timers.tick(1000);
  await order({ order: { type: 'undo', lease: 'l-31' } });
  const seen = await all;
  assert.deepEqual(
    seen.map((e) => e.event),
    ['tick', 'tick', 'tick', 'changed'],
  );
  const { what } = seen[3]!.data;
  assert.ok(what.includes('leases') && what.includes('audit'));
  assert.deepEqual(
    seen.slice(0, 3).map((e) => e.data.worlds.production.leases.length),
    [1, 1, 0],
  );
  assert.equal(plane.given[0]!.order.type, 'undo');
});

test('a picture that cannot be drawn does not end the process, and the stream goes on', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { plane, api } = await start(t);
  const url = await listenOnLoopback(api);
  const { first, all } = follow(`${url}/api/v1/events`, 3);
  await first;
  const { status } = plane;
  const asked = new Promise<void>((resolve) => {
    plane.status = () => {
      resolve();
      throw new Error('half started');
    };
  });
  plane.emit({ type: 'leases', world: 'production' });
  await asked;
  assert.equal((await api.inject({ url: '/api/v1/events', headers: { host: 'localhost' } })).statusCode, 500);
  plane.status = status;
  t.mock.timers.tick(1000);
  const seen = await all;
  assert.deepEqual(
    seen.map((e) => e.event),
    ['tick', 'changed', 'tick'],
  );
});

test('a port that is taken is UMB0401', async (t) => {
  const one = await start(t);
  const two = await start(t);
  const url = await listenOnLoopback(one.api);
  assert.match(url, /^http:\/\/127\.0\.0\.1:/);
  await assert.rejects(listenOnLoopback(two.api, Number(new URL(url).port)), { code: 'UMB0401' });
});

test('the built dashboard is served with a strict policy, and nothing beside its folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-dashboard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Umbra</title>');
  const api = await createApi({ plane: createExamplePlane(wallClock), token, dashboard: folder });
  t.after(() => api.close());
  const page = await api.inject({ url: '/', headers: { host: 'localhost' } });
  assert.match(page.body, /<title>Umbra/);
  assert.match(String(page.headers['content-security-policy']), /script-src 'self'.*frame-ancestors 'none'/);
  const out = await api.inject({ url: '/..%2f..%2fetc%2fpasswd', headers: { host: 'localhost' } });
  assert.ok(out.statusCode >= 400);
});
