import type { ConnectionOptions } from 'node:tls';
import type { Expectation, Layout, StepResult } from './fleet.ts';
import { Fleet, monotonicMs } from './fleet.ts';
import type { Protocol } from './requests.ts';

// The process the simulated proxies live in, driven by the bench over its channel.

export type Order =
  | {
      readonly do: 'open';
      readonly port: number;
      readonly protocol: Protocol;
      readonly layout: Layout;
      readonly tls?: ConnectionOptions | undefined;
    }
  | { readonly do: 'connect'; readonly count: number; readonly resume: boolean; readonly expect: Expectation }
  | { readonly do: 'disconnect' }
  | { readonly do: 'expect'; readonly expect: Expectation }
  | { readonly do: 'digest'; readonly typeUrl: string };

export type Report =
  | { readonly said: 'ready'; readonly startedAt?: number }
  | { readonly said: 'over'; readonly result: StepResult }
  | { readonly said: 'digest'; readonly digest: string }
  | { readonly said: 'failed'; readonly why: string };

const report = (r: Report) => process.send!(r);
let fleet: Fleet | undefined;

function watch(step: Promise<StepResult>): void {
  step.then(
    (result) => report({ said: 'over', result }),
    (error: Error) => report({ said: 'failed', why: error.message }),
  );
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'open':
      fleet = new Fleet(order, order.layout);
      report({ said: 'ready' });
      break;
    case 'connect': {
      const startedAt = monotonicMs();
      watch(fleet!.expect(order.expect));
      fleet!.connect(order.count, order.resume);
      report({ said: 'ready', startedAt });
      break;
    }
    case 'disconnect':
      fleet!.disconnect();
      report({ said: 'ready' });
      break;
    case 'expect':
      watch(fleet!.expect(order.expect));
      report({ said: 'ready' });
      break;
    case 'digest':
      report({ said: 'digest', digest: fleet!.digest(order.typeUrl) });
      break;
  }
});
process.on('disconnect', () => {
  fleet?.close();
  process.exit(0);
});
