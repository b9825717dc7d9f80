/**
 * The management server under test of the CNCF's conformance harness (xds-test-harness): its adapter on one port, xDS on
 * another. `node test/conformance/adapter.ts [--adapter 17000] [--xds 18000] [--host 127.0.0.1]`; ends on SIGINT.
 */
import { parseArgs } from 'node:util';
import * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { createManagementServer } from '../../control-plane/xds/index.ts';
import { adapterService } from './adapter-service.ts';

/**
 * The harness acknowledges the second type of an aggregated state-of-the-world stream under the name of the first, that
 * is, never, and looks for the next answer three seconds later. Waiting for it has to end before that.
 */
const PATIENCE_MS = 500;

/**
 * The harness sends a new subscription and, on another connection and without waiting, the change that the subscription
 * must or must not see. It means them in this order, which two connections do not keep.
 */
const DELAY_MS = 100;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: '17000' },
    xds: { type: 'string', default: '18000' },
    host: { type: 'string', default: '127.0.0.1' },
    verbose: { type: 'boolean', default: false },
  },
});
const say = (fields: object, message: string) => {
  if (values.verbose) console.error(message, JSON.stringify(fields));
};
const server = createManagementServer({
  logger: { debug: say, info: say, warn: say, error: say },
  clock: wallClock,
  identifier: 'umbra',
  onAudit: () => {},
  patienceMs: PATIENCE_MS,
});
const xds = await server.listen({ address: `${values.host}:${values.xds}`, scope: 'production' });
const { definition, implementation } = adapterService(server, DELAY_MS);
const adapter = new grpc.Server();
adapter.addService(definition, implementation);
const port = await new Promise<number>((resolve, reject) =>
  adapter.bindAsync(`${values.host}:${values.adapter}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  ),
);
console.log(`adapter on ${values.host}:${port}, xDS on ${xds.address}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    adapter.forceShutdown();
    await server.close();
  });
