/**
 * Runs inside the shadow's namespaces: starts its processes by the supervisor's orders, tells it of their ends, loads packet
 * filter rules, and guards production's files. Orders come over file descriptor 3, which no process it starts inherits; when it
 * closes, the shadow ends.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { FileAttempt } from '../../shadow/isolation/file-wall.ts';
import type { InitEvent, Order, OrderResult } from './init-protocol.ts';
import { readLines } from './rpc.ts';
import { replaceData } from './supervisor/data.ts';
import { boundLogs } from './supervisor/log-tail.ts';
import { probe } from './supervisor/probe.ts';
import { groupOf, type ProcessGroup } from './supervisor/process-group.ts';
import { sameData } from './supervisor/same-data.ts';

const control = new Socket({ fd: 3 });
const children = new Map<number, { readonly child: ReturnType<typeof spawn>; readonly group: ProcessGroup }>();
const send = (message: object) => control.write(`${JSON.stringify(message)}\n`);
const event = (e: InitEvent) => send({ event: e });

/** No process of the shadow may undo its walls: it has no capability and cannot gain one. */
const UNPRIVILEGED = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'];

function start(order: Extract<Order, { do: 'start' }>): Promise<number> {
  const log = openSync(order.log, 'a', 0o600);
  const child = spawn('setpriv', [...UNPRIVILEGED, ...order.argv], {
    cwd: order.cwd,
    env: order.env,
    detached: true,
    stdio: [order.stdin ? 'pipe' : 'ignore', log, log],
  });
  closeSync(log);
  child.stdin?.on('error', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const pid = child.pid!;
      const group = groupOf(child);
      children.set(pid, { child, group });
      void group.exited.then(({ code, signal }) => {
        children.delete(pid);
        event({ type: 'exit', pid, code, signal });
      });
      resolve(pid);
    });
  });
}

function run(argv: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0]!, argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let problem = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      problem += text;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`${argv[0]}: ${problem.trim() || `exit ${code}`}`)),
    );
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

async function obey(order: Order): Promise<OrderResult> {
  switch (order.do) {
    case 'start':
      return { pid: await start(order) };
    case 'signal':
      children.get(order.pid)?.group.signal(order.signal);
      return {};
    case 'tell':
      children.get(order.pid)?.child.stdin?.write(`${order.line}\n`);
      return {};
    case 'probe':
      return { ok: await probe(order.port, order.check) };
    case 'replaceData':
      await replaceData(order.from, order.to);
      return {};
    case 'sameData':
      return { ok: sameData(order.a, order.b) };
    case 'boundLogs':
      boundLogs(order.folder);
      return {};
    case 'run':
      return { out: await run(order.argv, order.input) };
  }
}

readLines(control, (line) => {
  const { id, order } = JSON.parse(line) as { id: number; order: Order };
  obey(order).then(
    (result) => send({ id, result }),
    (e: Error) => send({ id, error: e.message }),
  );
});
// Not by exit(): that would wait for the thread that guards the files.
const end = () => process.kill(process.pid, 'SIGKILL');
control.on('close', end);
control.on('error', end);
process.on('SIGTERM', () => {});

const wall = process.env.wall === 'fuse' ? 'fuse' : 'plain';
if (wall === 'fuse') {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new URL(`../../shadow/isolation/file-wall-thread.${extension}`, import.meta.url);
  new Worker(thread, { workerData: 4 }).on('message', (attempt: FileAttempt) => event({ type: 'file', ...attempt }));
}
event({ type: 'ready', wall });
