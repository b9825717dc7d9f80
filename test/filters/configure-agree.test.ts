/** Whatever a configuration says, the module and its validator in TypeScript accept and refuse the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { validateChaos, validateMirror } from '../../filters/config.ts';
import { chaosConfig, mirrorConfig } from './fuzz-arbitraries.ts';
import { FilterHost } from './harness.ts';

/** A place in a document: the keys that lead there. */
type Path = readonly (string | number)[];

function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, v]) =>
    placesIn(v, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inner];
}

/** A copy with one place changed. */
function changed(
  document: unknown,
  path: Path,
  change: (holder: Record<string, unknown>, key: string) => void,
): unknown {
  const copy = { root: structuredClone(document) };
  let holder = copy as Record<string, unknown>;
  const keys = ['root', ...path.map(String)];
  for (const key of keys.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  change(holder, keys.at(-1)!);
  return copy.root;
}

const values = fc.constantFrom<unknown>(
  ...[null, true, false, [], {}, [[]], [''], '', 'a', 'GET', 'get', '/', 'X-A', 'x-a', 'a b', 'é', '/é', '\ud800'],
  ...['request', 'fixed', 'pareto', 'te', 'host', 'x-umbra-a', 'a'.repeat(65), `/${'b'.repeat(256)}`, 'c'.repeat(1025)],
  ...[0, -0, 1, -1, 0.5, 0.1, 2, 16, 17, 64, 65, 100, 101, 199, 200, 599, 600, 60_000, 60_001, 86_400_001],
  ...[2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300, 1e-300],
);
const edit = fc.record({
  place: fc.nat(),
  change: fc.oneof(
    { weight: 6, arbitrary: values.map((value) => ({ set: value })) },
    { weight: 2, arbitrary: fc.constant('remove' as const) },
    { weight: 1, arbitrary: fc.constant('add' as const) },
    { weight: 1, arbitrary: fc.constant('repeat' as const) },
  ),
});

/** A configuration that may be right, with a few places changed. */
function edited(document: unknown, edits: readonly { place: number; change: unknown }[]): unknown {
  let after = document;
  for (const { place, change } of edits) {
    const places = placesIn(after);
    after = changed(after, places[place % places.length]!, (holder, key) => {
      if (change === 'remove') {
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete holder[key];
      } else if (change === 'add') {
        if (!Array.isArray(holder)) holder.surplus = 1;
      } else if (change === 'repeat') {
        if (Array.isArray(holder)) for (let i = 0; i < 100; i++) holder.push(structuredClone(holder[Number(key)]));
      } else holder[key] = (change as { set: unknown }).set;
    });
    if (after === undefined) return null;
  }
  return after;
}

const roles = [
  ['chaos', chaosConfig(1_700_000_000_000), validateChaos],
  ['mirror', mirrorConfig, validateMirror],
] as const;
for (const [role, config, validate] of roles) {
  test(`${role}: the module accepts what the validator does, and nothing else`, () => {
    const host = new FilterHost(role);
    const counts = { right: 0, wrong: 0 };
    const edits = fc.array(edit, { maxLength: 2 });
    fc.assert(
      fc.property(config as fc.Arbitrary<object>, edits, (before, e) => {
        const text = JSON.stringify(edited(before, e));
        const problems = validate(JSON.parse(text));
        const root = host.configure(text);
        if (root !== undefined) host.deleteContext(root);
        assert.equal(root !== undefined, problems.length === 0, `${text}: ${problems.join('; ') || 'refused'}`);
        counts[problems.length === 0 ? 'right' : 'wrong']++;
        host.logs.length = 0;
      }),
      { numRuns: 2000 },
    );
    assert.ok(counts.right > 200 && counts.wrong > 200, JSON.stringify(counts));
  });
}
