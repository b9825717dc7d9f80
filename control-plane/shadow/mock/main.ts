/** A mock of one external service: a process inside the shadow. Its only argument is its configuration as JSON. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { wallClock } from '../../mesh/clock.ts';
import type { MockConfiguration, MockFault, MockOrder, MockState } from './orders.ts';
import type { RecordedAnswer } from './recorded-answer.ts';
import { createMock } from './server.ts';

const configuration = JSON.parse(process.argv[2]!) as MockConfiguration;
let answers: readonly RecordedAnswer[] = [];
const faults = new Map<string, MockFault>();

function load(): void {
  try {
    answers = JSON.parse(readFileSync(configuration.answers, 'utf8')) as RecordedAnswer[];
  } catch {
    // Nothing is recorded yet.
  }
}

/** Replaced whole, so that who reads it never sees half of it. */
function say(): void {
  const state: MockState = { faults: [...faults.values()], answers: answers.length };
  writeFileSync(`${configuration.state}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${configuration.state}.new`, configuration.state);
}

function obey(order: MockOrder): void {
  if (order.do === 'break') faults.set(order.fault.id, order.fault);
  else if (order.do === 'mend') faults.delete(order.id);
  else load();
  say();
}

load();
createMock({
  answers: () => answers,
  faults: () => [...faults.values()],
  clock: wallClock,
  ...(configuration.upstream === undefined ? {} : { upstream: configuration.upstream }),
}).listen(configuration.port, '127.0.0.1', say);
createInterface({ input: process.stdin }).on('line', (line) => obey(JSON.parse(line) as MockOrder));
