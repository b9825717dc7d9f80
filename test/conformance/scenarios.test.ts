import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type * as grpc from '@grpc/grpc-js';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import type { ManagementServer } from '../../control-plane/xds/index.ts';
import { createManagementServer } from '../../control-plane/xds/index.ts';
import { connect } from '../xds/client.ts';
import { adapterService } from './adapter-service.ts';
import { Harness } from './harness.ts';
import { allVariants, outlines } from './scenarios.ts';

/** xds-test-harness has 18 outlines; the examples of each run in every variant it is tagged with. */
test('the whole suite is here', () => assert.equal(outlines.length, 18));

for (const variant of allVariants)
  suite(`the CNCF's scenarios, ${variant.protocol}, ${variant.streams} streams`, { timeout: 120_000 }, () => {
    let server: ManagementServer;
    let client: grpc.Client;
    before(async () => {
      server = createManagementServer({
        logger: { debug() {}, info() {}, warn() {}, error() {} },
        clock: wallClock,
        identifier: 'umbra-test',
        onAudit() {},
      });
      const services = [adapterService(server)];
      const { address } = await server.listen({ address: '127.0.0.1:0', scope: 'production', services });
      client = connect(address);
    });
    after(async () => {
      client.close();
      await server.close();
    });
    for (const outline of outlines.filter((o) => o.variants.includes(variant)))
      for (const example of outline.examples)
        test(`${[example.type, example.other].filter(Boolean).join(' and ')}: ${outline.title}`, async () => {
          const harness = new Harness(client, server, variant);
          try {
            await outline.run(harness, example);
          } finally {
            await harness.end();
          }
        });
  });
