import { startOrigin } from '../../lib/origin.ts';
import { requestOf } from '../../lib/wire.ts';
import { AGAIN, NATIVE, NONE, OURS, rowsOf } from '../figures.ts';
import { lua, mirror, wasm } from '../http-filters.ts';
import type { Case } from '../options.ts';
import { jsonOf } from '../payloads.ts';
import { everything } from '../peers/lua.ts';
import { buildRust } from '../peers/rust.ts';
import { type Contender, proxied, startProxy } from '../proxy.ts';
import { sideBySide } from '../side-by-side.ts';
import { skippedRust } from '../skipped.ts';

const HEADERS = {
  'content-type': 'application/json',
  'user-agent': 'bench/1',
  accept: 'application/json',
  authorization: 'Bearer 0b5e7f3a9c1d4e2f8a6b',
  cookie: 'sid=6f1c2a9be04d4b7d',
};

/**
 * Every request is copied; ours redacts it and compares the answers as well, which no peer does. Every contender must send a copy
 * of every request, else its turn would be cheaper than it is: counted at the shadow.
 */
const mirrored =
  (name: string, answer: string): Case =>
  async (options) => {
    const rust = buildRust(options.say);
    const routes = proxied();
    const contenders: Contender[] = [
      { name: NONE, routes },
      { name: OURS, routes, filters: [mirror({})] },
      // Where ours spends its time: what is left when a part of the work is.
      { name: 'ours, bodies not compared', routes, filters: [mirror({ compare: { body: false } })] },
      { name: 'ours, no patterns', routes, filters: [mirror({ redact: { cards: false, bearer: false } })] },
      { name: NATIVE, routes: proxied({ request_mirror_policies: [{ cluster: 'shadow' }] }) },
      { name: 'Lua', routes, filters: [lua(everything)] },
      ...('path' in rust ? [{ name: 'Rust SDK', routes, filters: [wasm('rust', rust.path, { work: 'mirror' })] }] : []),
      { name: AGAIN, routes },
    ];
    const [production, shadow] = await Promise.all([startOrigin(answer), startOrigin(answer)]);
    const proxy = await startProxy(contenders, [
      { name: 'production', port: production.port },
      { name: 'shadow', port: shadow.port },
    ]);
    try {
      const request = requestOf('POST', '/orders?page=2', HEADERS, jsonOf(1024));
      const samples = await sideBySide(proxy, contenders, request, options, {
        count: shadow.count,
        ofEach: (contender) => (contender === NONE || contender === AGAIN ? 0 : 1),
      });
      const goal = {
        text: '≤ 1.25 × native mirroring',
        met: (ours: number, peers: Readonly<Record<string, number>>) => ours <= 1.25 * peers[NATIVE]!,
      };
      return [...rowsOf(name, samples, NATIVE, goal), ...skippedRust(name, rust)];
    } finally {
      await proxy.stop();
      await Promise.all([production.stop(), shadow.stop()]);
    }
  };

export const mirrorCase = mirrored('mirror 100%, 1 KiB body', '{"id":4711,"state":"accepted","total":129.95}');
export const mirrorBothCase = mirrored('mirror 100%, 1 KiB body and 1 KiB answer', jsonOf(1024));
