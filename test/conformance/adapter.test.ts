import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { shortName, typeUrls } from '../../control-plane/xds/index.ts';
import { connect, DeltaStream } from '../xds/client.ts';
import { fixture } from '../xds/fixture.ts';
import { bareMessages, callAdapter } from './adapter-client.ts';
import { adapterService } from './adapter-service.ts';

const node = 'test-id';

test('one command starts the adapter and the server under test', { timeout: 120_000 }, async (t) => {
  const command = new URL('adapter.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [command, '--adapter', '0', '--xds', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const [, adapterAddress, xdsAddress] = /^adapter on (\S+), xDS on (\S+)$/.exec(line) ?? assert.fail(line);
  const adapter = connect(adapterAddress!);
  const xds = connect(xdsAddress!);
  const resources = bareMessages(['CDS', 'EDS'], ['A', 'B']);
  assert.deepEqual((await callAdapter(adapter, 'SetState', { node, version: '7', resources })).success, true);
  const stream = new DeltaStream(xds);
  stream.send({ node: { id: node }, typeUrl: typeUrls.CDS });
  const answer = await stream.receive();
  assert.deepEqual(
    [shortName(answer.typeUrl), answer.systemVersionInfo, answer.resources.map((r) => r.name)],
    ['CDS', '7', ['A', 'B']],
  );
  stream.close();
  xds.close();
  adapter.close();
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});

test('what the adapter cannot do it says', async (t) => {
  const f = await fixture(t);
  const { address } = await f.server.listen({
    address: '127.0.0.1:0',
    scope: 'shadow',
    services: [adapterService(f.server)],
  });
  const client = connect(address);
  t.after(() => client.close());
  const { status } = grpc;
  const known = { node, typeUrl: typeUrls.CDS, version: '2' };
  const resources = bareMessages(['CDS'], ['A']);
  await callAdapter(client, 'SetState', { node, version: '1', resources });
  const refused: [string, Promise<unknown>, grpc.status][] = [
    [
      'a node nobody set',
      callAdapter(client, 'AddResource', { ...known, node: 'nobody', resourceName: 'B' }),
      status.NOT_FOUND,
    ],
    [
      'a resource that exists',
      callAdapter(client, 'AddResource', { ...known, resourceName: 'A' }),
      status.ALREADY_EXISTS,
    ],
    [
      'a resource that does not',
      callAdapter(client, 'UpdateResource', { ...known, resourceName: 'B' }),
      status.NOT_FOUND,
    ],
    ['nor can it be removed', callAdapter(client, 'RemoveResource', { ...known, resourceName: 'B' }), status.NOT_FOUND],
    [
      'a type the suite does not have',
      callAdapter(client, 'AddResource', { ...known, typeUrl: typeUrls.RTDS, resourceName: 'B' }),
      status.INVALID_ARGUMENT,
    ],
    [
      'a state without names',
      callAdapter(client, 'SetState', { node, version: '1', resources: bareMessages(['CDS'], ['']) }),
      status.INVALID_ARGUMENT,
    ],
    [
      'a state that is no protobuf',
      callAdapter(client, 'SetState', {
        node,
        version: '1',
        resources: [{ ...resources[0]!, value: new TextEncoder().encode('hello') }],
      }),
      status.INVALID_ARGUMENT,
    ],
  ];
  for (const [name, call, code] of refused)
    await assert.rejects(call, (error: grpc.ServiceError) => error.code === code, name);
});
