import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { codes } from '../mesh/codes.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, 7), section]),
);

test('docs/errors.md tells of every code: its title, what it means, the same remedy', () => {
  for (const [code, { title, remedy }] of Object.entries(codes)) {
    const section = sections.get(code);
    assert.ok(section, `${code} has no section`);
    const [head, ...rest] = section.split('\n');
    assert.equal(head, `${code} ${title}`);
    const body = rest.join('\n').split(/^# /m)[0]!;
    const [meaning, advice] = body.split('**Remedy.**');
    assert.ok(meaning!.trim().length > 40, `${code}: what it means is missing`);
    assert.equal(advice?.trim(), remedy, `${code}: the remedy differs from the code’s`);
  }
});

test('docs/errors.md tells of no code that is not there', () => {
  for (const code of sections.keys()) assert.ok(Object.hasOwn(codes, code), code);
});
