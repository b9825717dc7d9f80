import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceWindow, Snapshot } from '../mesh/snapshot.ts';
import { averageOf } from './average.ts';
import { createTraffic, shop, silenced } from './testing/traffic.ts';

const traffic = createTraffic(shop(), 1);
const [one, other] = [traffic.next(100), traffic.next(100)];

/** A window in which no proxy is heard, and no process of `pay`. */
function dark(snapshot: Snapshot): Snapshot {
  const { unseen = [], ...silent } = silenced(snapshot, 'ingress', 'web', 'pay');
  const none: ServiceWindow = { ...silent.services.pay!, ready: 0, cpu: 0, cpuMax: 0, memory: 0, memoryMax: 0 };
  return { ...silent, services: { ...silent.services, pay: none }, unseen: [...unseen, 'pay'] };
}

const numbers = ({ entry, edges, services, unseen }: Snapshot) => ({ entry, edges, services, unseen });

test('rates and levels are means', () => {
  const { entry, edges } = averageOf([one, other]);
  assert.equal(entry.offered, (one.entry.offered + other.entry.offered) / 2);
  assert.equal(edges['web>pay']!.rate, (one.edges['web>pay']!.rate + other.edges['web>pay']!.rate) / 2);
  assert.notEqual(one.edges['web>pay']!.rate, other.edges['web>pay']!.rate);
});

test('of edges, services and the entry only windows in which they were seen count', () => {
  assert.deepEqual(numbers(averageOf([dark(other), one])), numbers(one));
  assert.deepEqual(numbers(averageOf([one, dark(other)])), numbers(one));
  const partly = averageOf([one, silenced(other, 'web')]);
  assert.deepEqual(partly.edges['web>pay'], one.edges['web>pay']);
  assert.deepEqual(partly.edges['pay>bank'], averageOf([one, other]).edges['pay>bank']);
});

test('what was seen in none of the windows is not seen', () => {
  const { unseen, edges } = averageOf([silenced(other, 'web'), dark(one)]);
  assert.deepEqual(unseen, ['web>cart', 'web>pay']);
  assert.equal(edges['web>pay']!.rate, 0);
});
