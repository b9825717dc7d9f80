import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audit } from './audit.ts';
import type { AuditEvent } from './events.ts';

const event = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  kind: 'limit-exceeded',
  code: 'UMB0305',
  nodeId: 'cart',
  scope: 'production',
  detail: 'too much',
  at: 0,
  ...more,
});

test('the same attempt is told once a minute, with how often it was made meanwhile', () => {
  const told: AuditEvent[] = [];
  const audit = new Audit((e) => told.push(e));
  for (let at = 0; at < 60_000; at += 1000) audit.record(event({ at }));
  assert.deepEqual(told, [event()]);
  audit.record(event({ at: 60_000 }));
  assert.deepEqual(told[1], event({ at: 60_000, repeated: 59 }));
  audit.record(event({ at: 120_000 }));
  assert.deepEqual(told[2], event({ at: 120_000 }));
});

test('other attempts are others, by cause rather than by name and wording where one is given', () => {
  const told: AuditEvent[] = [];
  const audit = new Audit((e) => told.push(e));
  const others = [
    {},
    { nodeId: 'other' },
    { scope: 'shadow' as const },
    { detail: 'other' },
    { kind: 'unauthorised' as const },
  ];
  for (const more of [...others, ...others]) audit.record(event(more));
  assert.equal(told.length, others.length);
  audit.record(event({ detail: 'from port 1' }), 'flood');
  audit.record(event({ detail: 'from port 2', nodeId: 'made up' }), 'flood');
  assert.deepEqual(
    told.slice(others.length).map((e) => e.detail),
    ['from port 1'],
  );
});

test('what is remembered is bounded', () => {
  let told = 0;
  const audit = new Audit(() => told++);
  for (let i = 0; i < 5000; i++) audit.record(event({ nodeId: `n${i}` }));
  audit.record(event({ nodeId: 'n4999' }));
  assert.equal(told, 5000);
  audit.record(event({ nodeId: 'n0' }));
  assert.equal(told, 5001, 'forgotten, and so told again');
});
