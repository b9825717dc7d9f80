import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CDS, RDS, resource } from '../../test/xds/sample.ts';
import type { XdsEvents } from './events.ts';
import { Listeners } from './events.ts';
import type { Inconsistency } from './layered-nodes.ts';
import { LayeredNodes } from './layered-nodes.ts';
import type { Resource } from './resource.ts';
import type { ResourceSet } from './resource-set.ts';

/** A server that only remembers what it was given for whom. */
class Recorder {
  readonly given = new Map<string, string[]>();
  readonly #events = new Listeners<XdsEvents>((error) => {
    throw error;
  });
  sets = 0;
  readonly objects = new Map<string, ResourceSet>();
  set(nodeId: string, set: ResourceSet): void {
    this.sets++;
    this.objects.set(nodeId, set);
    const resources = [...set.fitting(undefined).types.values()].flatMap((of) => [...of.resources.values()]);
    this.given.set(nodeId, resources.map((r) => Buffer.from(r.body).toString()).sort());
  }
  forget(nodeId: string): void {
    this.given.delete(nodeId);
  }
  on<K extends keyof XdsEvents>(event: K, listener: (event: XdsEvents[K]) => void) {
    return this.#events.on(event, listener);
  }
  connect(nodeId: string, cluster = ''): void {
    this.#events.emit('connect', { nodeId, cluster, scope: 'production', protocol: 'delta', at: 0 });
  }
  disconnect(nodeId: string): void {
    this.#events.emit('disconnect', { nodeId, scope: 'production', protocol: 'delta', at: 0 });
  }
}

/** Routes need a cluster of their text. */
const check = (resources: readonly Resource[]) =>
  resources
    .filter((r) => r.typeUrl === RDS)
    .map((r) => Buffer.from(r.body).toString().split('=')[1]!)
    .filter((name) => !resources.some((r) => r.typeUrl === CDS && r.name === name))
    .map((name) => `no cluster ${name}`);

test('nodes get nothing before there are layers, then what is for all', () => {
  const server = new Recorder();
  const nodes = new LayeredNodes(server);
  server.connect('early');
  assert.equal(server.sets, 0);
  assert.deepEqual(nodes.replace([{ resources: [resource(CDS, 'a')] }]), []);
  server.connect('late');
  assert.deepEqual(
    [...server.given],
    [
      ['early', ['a=1']],
      ['late', ['a=1']],
    ],
  );
});

test('a cluster’s layer lies on top of everybody’s, a node’s own on top of both, in whatever order they are given', () => {
  const server = new Recorder();
  new LayeredNodes(server).replace([
    { node: { id: 'cart-0' }, resources: [resource(CDS, 'a', 'own')] },
    { node: { cluster: 'cart' }, resources: [resource(CDS, 'a', 'cart'), resource(CDS, 'b', 'cart')] },
    { resources: [resource(CDS, 'a', 'all'), resource(CDS, 'c', 'all')] },
  ]);
  server.connect('cart-0', 'cart');
  server.connect('cart-1', 'cart');
  server.connect('other-0', 'other');
  assert.deepEqual(Object.fromEntries(server.given), {
    'cart-0': ['a=own', 'b=cart', 'c=all'],
    'cart-1': ['a=cart', 'b=cart', 'c=all'],
    'other-0': ['a=all', 'c=all'],
  });
});

test('nodes of one group share one snapshot', () => {
  const server = new Recorder();
  new LayeredNodes(server).replace([{ resources: [resource(CDS, 'a')] }]);
  server.connect('one');
  server.connect('two');
  assert.equal(server.objects.get('one'), server.objects.get('two'));
});

test('layers that leave a group inconsistent replace nothing', () => {
  const server = new Recorder();
  const nodes = new LayeredNodes(server, { check });
  const good = [{ resources: [resource(CDS, 'a'), resource(RDS, 'to', 'a')] }];
  assert.deepEqual(nodes.replace(good), []);
  server.connect('one');
  assert.deepEqual(nodes.replace([{ resources: [resource(RDS, 'to', 'a')] }]), [
    { group: 'every node', problems: ['no cluster a'] },
    { group: 'node one', problems: ['no cluster a'] },
  ]);
  assert.deepEqual(server.given.get('one'), ['a=1', 'to=a']);
  server.connect('two');
  assert.deepEqual(server.given.get('two'), ['a=1', 'to=a']);
});

test('what is for all may need what each cluster brings; a node of no cluster is refused when it comes', () => {
  const server = new Recorder();
  const told: Inconsistency[] = [];
  const nodes = new LayeredNodes(server, { check, onInconsistent: (i) => told.push(i) });
  const base = { resources: [resource(RDS, 'to', 'a')] };
  assert.deepEqual(nodes.replace([base, { node: { cluster: 'cart' }, resources: [resource(CDS, 'a')] }]), []);
  server.connect('cart-0', 'cart');
  server.connect('stray');
  assert.deepEqual([...server.given.keys()], ['cart-0']);
  assert.deepEqual(told, [{ group: 'node stray', problems: ['no cluster a'] }]);
});

test('a node that is served nothing has no say in what comes next; it is told of again', () => {
  const server = new Recorder();
  const told: Inconsistency[] = [];
  const nodes = new LayeredNodes(server, { check, onInconsistent: (i) => told.push(i) });
  const layers = (text: string) => [
    { resources: [resource(RDS, 'to', 'a')] },
    { node: { cluster: 'cart' }, resources: [resource(CDS, 'a', text)] },
  ];
  server.connect('early');
  assert.deepEqual(nodes.replace(layers('1')), []);
  server.connect('cart-0', 'cart');
  server.connect('stray');
  server.connect('stray');
  assert.deepEqual(nodes.replace(layers('2')), []);
  assert.deepEqual(Object.fromEntries(server.given), { 'cart-0': ['a=2', 'to=a'] });
  assert.deepEqual(
    told.map((i) => i.group),
    ['node early', 'node stray', 'node early', 'node stray'],
    'once for each change',
  );
  server.connect('stray', 'cart');
  assert.deepEqual(server.given.get('stray'), ['a=2', 'to=a'], 'as soon as it fits');
});

test('a node that is served no more once it calls itself another has no say either; it keeps what it has', () => {
  const server = new Recorder();
  const nodes = new LayeredNodes(server, { check });
  const layers = (text: string) => [
    { resources: [resource(RDS, 'to', 'a')] },
    { node: { cluster: 'cart' }, resources: [resource(CDS, 'a', text)] },
  ];
  nodes.replace(layers('1'));
  server.connect('cart-0', 'cart');
  server.connect('cart-0', 'other');
  assert.deepEqual(nodes.replace(layers('2')), []);
  assert.deepEqual(server.given.get('cart-0'), ['a=1', 'to=a']);
});

test('a node that is gone has no say; what does not fit it is told when it comes back', () => {
  const server = new Recorder();
  const told: Inconsistency[] = [];
  const nodes = new LayeredNodes(server, { check, onInconsistent: (i) => told.push(i) });
  const base = { resources: [resource(RDS, 'to', 'a')] };
  const of = (cluster: string) => ({ node: { cluster }, resources: [resource(CDS, 'a', cluster)] });
  nodes.replace([base, of('cart'), of('old')]);
  server.connect('old-0', 'old');
  assert.equal(nodes.replace([base, of('cart')]).length, 1, 'it is served');
  server.disconnect('old-0');
  assert.deepEqual(nodes.replace([base, of('cart')]), []);
  assert.deepEqual(told, []);
  server.connect('old-0', 'old');
  assert.deepEqual(told, [{ group: 'node old-0', problems: ['no cluster a'] }]);
  assert.deepEqual(server.given.get('old-0'), ['a=old', 'to=a']);
});

test('a node that is gone is set meanwhile, and not again when it comes back', () => {
  const server = new Recorder();
  const nodes = new LayeredNodes(server);
  const layers = (text: string) => [{ resources: [resource(CDS, 'a', text)] }];
  nodes.replace(layers('1'));
  server.connect('one');
  server.disconnect('one');
  nodes.replace(layers('2'));
  assert.deepEqual(server.given.get('one'), ['a=2']);
  server.connect('one');
  assert.equal(server.sets, 2);
});

test('a node’s own layer may rest on that of its cluster, which is not known before it comes', () => {
  const nodes = new LayeredNodes(new Recorder(), { check });
  const own = { node: { id: 'cart-0' }, resources: [resource(RDS, 'to', 'a')] };
  assert.equal(nodes.replace([own]).length, 1);
  assert.deepEqual(nodes.replace([own, { node: { cluster: 'cart' }, resources: [resource(CDS, 'a')] }]), []);
});

test('a node that comes back is not set again, one that comes from another cluster is', () => {
  const server = new Recorder();
  new LayeredNodes(server).replace([
    { resources: [resource(CDS, 'a')] },
    { node: { cluster: 'cart' }, resources: [resource(CDS, 'b')] },
  ]);
  server.connect('one');
  server.disconnect('one');
  server.connect('one');
  assert.equal(server.sets, 1);
  server.connect('one', 'cart');
  assert.deepEqual(server.given.get('one'), ['a=1', 'b=1']);
});
