import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeniedCounters } from '../../control-plane/worlds/local/protocol.ts';
import { whyNoShadow, whyNot } from './machine.ts';
import { startPayee } from './payee.ts';
import { ask, document, eventually, makeHome, Running } from './running.ts';

const skip = (await whyNot()) ?? whyNoShadow() ?? false;

/** An application that pays, its shadow standing for what is outside as `mode` says. */
async function withExternal(
  mode: string,
  work: (running: Running, real: Payee, sandbox: Payee) => Promise<void>,
): Promise<void> {
  const [real, sandbox] = await Promise.all([startPayee(), startPayee()]);
  const place = makeHome(
    document({
      web: ", PAY: '{{url.pay}}' }\n      calls: { api: { timeout: 10s }, pay: { timeout: 10s } }",
      externals: `externals: { pay: { url: 'http://127.0.0.1:${real.port}' } }`,
      shadow: `externals: { pay: { mode: ${mode}${mode === 'sandbox' ? `, url: 'http://127.0.0.1:${sandbox.port}'` : ''} } }`,
    }),
  );
  let running: Running | undefined;
  try {
    running = await Running.up(place);
    await work(running, real, sandbox);
  } finally {
    await running?.stop();
    await Promise.all([real.close(), sandbox.close()]);
    place.remove();
  }
}
type Payee = Awaited<ReturnType<typeof startPayee>>;
const pay = (where: Parameters<typeof ask>[0]) => ask(where, '/pay/charge', 'POST', '{"amount":12}');

test('sandbox: the shadow pays its own copy', { skip }, () =>
  withExternal('sandbox', async (running, real, sandbox) => {
    const before = real.requests();
    await eventually(async () => (await pay(running.shadowIngress)).status === 201);
    assert.ok(sandbox.requests() >= 1);
    assert.equal(real.requests(), before);
  }),
);

test('read-only: nothing that could change it reaches the real one', { skip }, () =>
  withExternal('read-only', async (running, real) => {
    // Its proxies may not be served yet.
    const { status } = await eventually(async () => {
      const answer = await pay(running.shadowIngress);
      assert.match(answer.body, /nothing-recorded/);
      return answer;
    });
    assert.equal(status, 503);
    assert.equal(real.requests(), 0);
  }),
);

test('deny: it is refused, and counted', { skip }, () =>
  withExternal('deny', async (running, real) => {
    const denied = await eventually(async () => {
      assert.ok((await pay(running.shadowIngress)).status >= 500);
      const counters = await running.tell<DeniedCounters>('denied');
      return typeof counters.externals === 'number' && counters.externals > 0 && counters;
    });
    assert.ok(denied);
    assert.equal(real.requests(), 0);
  }),
);
