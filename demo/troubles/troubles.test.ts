import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { type Affliction, parseAffliction } from '../services/affliction.ts';
import { services } from '../services/index.ts';
import { troubleNamed, troubles } from './index.ts';
import { together, type Victim } from './trouble.ts';

/** A victim that only remembers what is in force. `refuse` names what cannot be hit. */
function remembering(refuse?: string) {
  const inForce = new Set<string>();
  const seen: { service: string; affliction: Affliction }[] = [];
  const take = async (what: string) => {
    if (refuse !== undefined && what.startsWith(refuse)) throw new Error(`no ${refuse}`);
    inForce.add(what);
    return async () => void inForce.delete(what);
  };
  const victim: Victim = {
    afflict: (service, replicas, affliction) => {
      seen.push({ service, affliction });
      return take(`${service} ${replicas} ${JSON.stringify(affliction)}`);
    },
    multiplyLoad: (factor) => take(`load ${factor}`),
  };
  return { victim, inForce, seen };
}

test('every file here that is a trouble is registered under its own name', () => {
  const others = ['index.ts', 'trouble.ts', 'production.ts', 'run.ts'];
  const files = readdirSync(import.meta.dirname).filter((f) => !f.endsWith('.test.ts') && !others.includes(f));
  assert.deepEqual([...troubles.keys()].map((name) => `${name}.ts`).sort(), files.sort());
  assert.throws(() => troubleNamed('flood'), /no trouble flood; there are .*payments-slow/);
});

for (const trouble of troubles.values()) {
  test(`${trouble.name} hits something, asks for what a service understands, and is undone whole`, async () => {
    const { victim, inForce, seen } = remembering();
    const undo = await trouble.apply(victim);
    assert.ok(inForce.size > 0);
    for (const { service, affliction } of seen) {
      assert.ok(services[service], service);
      assert.deepEqual(parseAffliction(JSON.stringify(affliction)), affliction);
    }
    await undo();
    assert.equal(inForce.size, 0);
  });
}

test('of several that belong together none stays when one cannot be applied', async () => {
  const { victim, inForce } = remembering('catalog-standby');
  await assert.rejects(
    together([victim.multiplyLoad(2), victim.afflict('catalog-standby', 'all', {}), victim.afflict('cart', [0], {})]),
    /no catalog-standby/,
  );
  assert.equal(inForce.size, 0);
});
