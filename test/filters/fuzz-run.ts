/** Runs steps against a module and checks what must hold whatever they are. */
import assert from 'node:assert/strict';
import type { FilterRole } from '../../filters/config.ts';
import { Exchange, settleAll } from './exchange.ts';
import type { Step } from './fuzz-arbitraries.ts';
import { FilterHost, type Headers } from './harness.ts';

/** A stream with what was sent through it, and how far it has come. */
interface Live {
  x: Exchange;
  root: number;
  /** No fault hit it, or the filter is mirror: nothing may be changed or held. */
  untouched: boolean;
  sent: { headers: Headers; body: string; ended: boolean };
  got: { headers: Headers | undefined; body: string; ended: boolean };
}

/** A host that lives on from run to run, so that what one run leaves behind is seen by the next. */
export class FuzzWorld {
  readonly host: FilterHost;
  private refusals = 0;
  private outcomes: object[] = [];

  constructor(role: FilterRole) {
    // Every seventh callout fails at once.
    this.host = new FilterHost(role, { refuseCalls: () => this.refusals++ % 7 === 6 });
  }

  /** Configures, goes through the steps, ends every stream; afterwards nothing may be left. What each stream came to. */
  run(configs: readonly object[], steps: readonly Step[]): object[] {
    const { host } = this;
    const roots: number[] = [];
    const live: Live[] = [];
    const configure = (i: number) => {
      const root = host.configure(configs[i % configs.length]);
      assert.ok(root, host.logs.join());
      roots.push(root);
    };
    configure(0);
    this.outcomes = [];
    for (const step of steps) this.step(step, roots, live, configure);
    for (const l of live) this.finish(l);
    for (const call of [...host.httpCalls]) host.answer(call);
    for (const root of roots) host.tick(root);
    this.nothingIsHeld();
    // A root that goes takes with it, and counts, the copies that were not given back.
    const forgotten = () => host.metric('umbra_mirror_dropped_reconfigured');
    const before = forgotten();
    for (const root of roots) host.deleteContext(root);
    assert.equal(forgotten(), before, 'copies nobody waits for');
    this.nothingIsLeft();
    return this.outcomes;
  }

  private step(step: Step, roots: number[], live: Live[], configure: (i: number) => void): void {
    const { host } = this;
    const pick = (n: number): Live | undefined => live[n % Math.max(1, live.length)];
    switch (step.do) {
      case 'open': {
        const root = roots.at(-1)!;
        const x = new Exchange(host, root);
        // Told on a tick.
        const faults = () => {
          if (host.role === 'chaos') host.tick(root);
          return host.metric('umbra_chaos_faulted');
        };
        const faulted = faults();
        x.requestHeaders(step.headers, step.end);
        live.push({
          x,
          root,
          untouched: faults() === faulted,
          sent: { headers: step.headers, body: '', ended: step.end },
          got: { headers: undefined, body: '', ended: false },
        });
        break;
      }
      case 'request': {
        const l = pick(step.which);
        if (!l || l.sent.ended || l.x.local || l.x.reset) return;
        l.sent.body += step.chunk;
        l.sent.ended = step.end;
        l.x.requestBody(step.chunk, step.end);
        break;
      }
      case 'request-trailers': {
        const l = pick(step.which);
        if (!l || l.sent.ended || l.x.local || l.x.reset) return;
        l.sent.ended = true;
        l.x.requestTrailers(step.trailers);
        break;
      }
      case 'answer': {
        // The service, or Envoy itself while the request is held.
        const l = pick(step.which);
        if (!l || l.got.headers || l.x.local || l.x.reset) return;
        l.got.headers = step.headers;
        l.got.ended = step.end;
        l.x.responseHeaders(step.headers, step.end);
        break;
      }
      case 'response': {
        const l = pick(step.which);
        if (!l?.got.headers || l.got.ended || l.x.local || l.x.reset) return;
        l.got.body += step.chunk;
        l.got.ended = step.end;
        l.x.responseBody(step.chunk, step.end);
        break;
      }
      case 'response-trailers': {
        const l = pick(step.which);
        if (!l?.got.headers || l.got.ended || l.x.local || l.x.reset) return;
        l.got.ended = true;
        l.x.responseTrailers(step.trailers);
        break;
      }
      case 'whole': {
        const { request, chunks, answer, answerChunks } = step;
        const before = host.httpCalls.length;
        this.step({ do: 'open', headers: request, end: chunks.length === 0 }, roots, live, configure);
        const which = live.length - 1;
        chunks.forEach(
          (chunk, i) =>
            void this.step({ do: 'request', which, chunk, end: i === chunks.length - 1 }, roots, live, configure),
        );
        this.step({ do: 'time', ms: 100, wallJump: 0 }, roots, live, configure);
        this.step({ do: 'answer', which, headers: answer, end: answerChunks.length === 0 }, roots, live, configure);
        answerChunks.forEach(
          (chunk, i) =>
            void this.step(
              { do: 'response', which, chunk, end: i === answerChunks.length - 1 },
              roots,
              live,
              configure,
            ),
        );
        for (const call of host.httpCalls.slice(before)) host.answer(call, step.shadow, step.shadowBody);
        this.step({ do: 'end', which }, roots, live, configure);
        break;
      }
      case 'end': {
        const l = pick(step.which);
        if (!l) return;
        this.finish(l);
        live.splice(live.indexOf(l), 1);
        break;
      }
      case 'shadow': {
        const call = host.httpCalls[step.which % Math.max(1, host.httpCalls.length)];
        if (call) host.answer(call, step.headers, step.body);
        break;
      }
      case 'time':
        host.wallMs += step.wallJump;
        host.run(step.ms, () => settleAll(live.map((l) => l.x)));
        break;
      case 'configure':
        configure(step.which);
        // The one before goes once no stream of its own is left.
        if (roots.length > 1 && !live.some((l) => l.root === roots[0])) host.deleteContext(roots.shift()!);
        break;
    }
    settleAll(live.map((l) => l.x));
    for (const l of live) this.check(l);
  }

  private check(l: Live): void {
    if (this.host.role === 'mirror') assert.ok(l.untouched);
    if (l.untouched) {
      assert.ok(
        l.x.results.every((r) => r === 0),
        'something else than Continue',
      );
      assert.deepEqual(l.x.request.headers, l.sent.headers);
      assert.equal(l.x.request.body, l.sent.body);
      assert.equal(l.x.request.ended, l.sent.ended);
      if (l.got.headers) {
        assert.deepEqual(l.x.response.headers, l.got.headers);
        assert.equal(l.x.response.body, l.got.body);
      }
    }
    l.x.results.length = 0;
  }

  private finish(l: Live): void {
    this.check(l);
    const { request, response, local, reset } = l.x;
    this.outcomes.push({ request, response, local, reset });
    l.x.end();
  }

  private nothingIsHeld(): void {
    for (const gauge of ['mirror_in_flight', 'mirror_bytes_held', 'chaos_active', 'chaos_waiting'])
      assert.equal(this.host.metric(`umbra_${gauge}`), 0, gauge);
  }

  private nothingIsLeft(): void {
    const { host } = this;
    this.nothingIsHeld();
    assert.equal(host.actions.filter((a) => host.contexts.has(a.context)).length, 0);
    host.actions.length = 0;
    assert.equal(host.httpCalls.length, 0);
    assert.equal(host.timers.size, 0, 'a timer outlives its root');
    host.logs.length = 0;
  }
}
