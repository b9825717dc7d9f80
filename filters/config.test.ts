import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFaults, validateChaos, validateMirror, wasmFilterConfig } from './config.ts';

const mirror = {
  generation: 1,
  cluster: 'shadow',
  percent: 100,
  pseudonymKey: '00112233445566778899aabbccddeeff',
};
const fault = { id: 'a', expiresAtMs: 1 };
const chaos = (more: object) => ({ generation: 1, faults: [{ ...fault, ...more }] });

test('what is needed is enough', () => {
  assert.deepEqual(validateMirror(mirror), []);
  assert.deepEqual(validateChaos(chaos({})), []);
  assert.deepEqual(validateChaos(noFaults), []);
});

/** Each wrong mirror configuration and the path its problem must name. */
const wrongMirrors: [object, string][] = [
  [{ generation: undefined }, 'generation'],
  [{ percent: 101 }, 'percent'],
  [{ percent: Number.NaN }, 'percent'],
  [{ pseudonymKey: 'xyz' }, 'pseudonymKey'],
  [{ session: {} }, 'session'],
  [{ session: { cookie: 'a', header: 'b' } }, 'session'],
  [{ session: { header: 'X-Upper' } }, 'session.header'],
  [{ learn: { jsonPaths: ['order.id'] } }, 'learn.jsonPaths[0]'],
  [{ routes: [{ name: 'a', pathPrefix: 'orders' }] }, 'routes[0].pathPrefix'],
  [{ redact: { emails: 'yes' } }, 'redact.emails'],
  [{ maxBodyBytes: 1e9 }, 'maxBodyBytes'],
  [{ timeoutMs: 0.5 }, 'timeoutMs'],
  [{ routes: [{ name: 'a b', pathPrefix: '/' }] }, 'routes[0].name'],
  [{ fault: true }, 'fault'],
  [{ redact: { all: true } }, 'redact.all'],
];
for (const [change, path] of wrongMirrors) {
  test(`mirror refuses ${JSON.stringify(change)}`, () => {
    const problems = validateMirror({ ...mirror, ...change });
    assert.equal(problems.length, 1, problems.join('; '));
    assert.ok(problems[0]!.startsWith(`${path}: `), problems[0]);
  });
}

const wrongFaults: [object, string][] = [
  [{ id: 'a b' }, 'faults[0].id'],
  [{ id: undefined }, 'faults[0].id'],
  [{ share: 2 }, 'faults[0].share'],
  [{ delay: { kind: 'gamma', ms: 1 } }, 'faults[0].delay.kind'],
  [{ delay: { kind: 'fixed' } }, 'faults[0].delay.ms'],
  [{ delay: { kind: 'table', table: [1] } }, 'faults[0].delay.table'],
  [{ delay: { kind: 'pareto', ms: 1, spread: 0 } }, 'faults[0].delay.spread'],
  [{ abort: { http: 99 } }, 'faults[0].abort.http'],
  [{ abort: {} }, 'faults[0].abort'],
  [{ abort: { http: 500 }, reset: true }, 'faults[0]'],
  [{ exception: { template: 'grpc', status: 500 } }, 'faults[0].exception.status'],
  [{ mutate: { on: 'request', ops: 0 } }, 'faults[0].mutate.ops'],
  [{ mutate: { on: 'request', ops: 1, kinds: ['burn'] } }, 'faults[0].mutate.kinds[0]'],
  [{ stall: 'both' }, 'faults[0].stall'],
  [{ truncate: -1 }, 'faults[0].truncate'],
  [{ match: { header: { value: 'x' } } }, 'faults[0].match.header.name'],
];
for (const [change, path] of wrongFaults) {
  test(`chaos refuses ${JSON.stringify(change)}`, () => {
    const problems = validateChaos(chaos(change));
    assert.equal(problems.length, 1, problems.join('; '));
    assert.ok(problems[0]!.startsWith(`${path}: `), problems[0]);
  });
}

test('no object at all', () => {
  for (const value of [null, 3, 'x', [], undefined]) {
    assert.equal(validateMirror(value).length, 1);
    assert.equal(validateChaos(value).length, 1);
  }
});

test("Envoy's resource: one VM per role, fail open, capabilities in both directions", () => {
  const resource = wasmFilterConfig('mirror', '/m.wasm', '{}') as { config: Record<string, unknown> };
  const { vm_config, fail_open, capability_restriction_config, allow_on_headers_stop_iteration } = resource.config;
  assert.equal((vm_config as { vm_id: string }).vm_id, 'umbra_mirror');
  assert.equal(fail_open, true);
  assert.equal(allow_on_headers_stop_iteration, undefined);
  const allowed = (capability_restriction_config as { allowed_capabilities: object }).allowed_capabilities;
  assert.ok('proxy_on_request_headers' in allowed && 'proxy_http_call' in allowed);
});
