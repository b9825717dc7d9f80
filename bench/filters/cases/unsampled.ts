import type { MirrorConfig } from '../../../filters/config.ts';
import { startOrigin } from '../../lib/origin.ts';
import type { Row } from '../../lib/rows.ts';
import { requestOf } from '../../lib/wire.ts';
import { AGAIN, type Goal, NATIVE, NONE, OURS, rowsOf } from '../figures.ts';
import { hostCalls } from '../host-calls.ts';
import { bareMirror, lua, mirror, nativeFaultUnmatched, wasm } from '../http-filters.ts';
import type { Case } from '../options.ts';
import { byHeader, bySession, byWeight } from '../peers/lua.ts';
import { buildRust } from '../peers/rust.ts';
import { type Contender, proxied, startProxy } from '../proxy.ts';
import { sideBySide } from '../side-by-side.ts';
import { skippedRust } from '../skipped.ts';

/** One of a million: sampling is on, and next to nothing is sampled. */
const SHARE = 1e-6;
const SESSION = 'theme=dark; sid=6f1c2a9be04d4b7d; lang=en';

interface How {
  readonly name: string;
  readonly ours: Partial<MirrorConfig>;
  readonly lua: string;
  readonly rust: object;
  readonly headers: Record<string, string>;
  readonly hostCalls: number;
  readonly goal: Goal;
}

const belowLua: Goal = { text: 'below Lua', met: (ours, peers) => ours < (peers.Lua ?? 0) };

const ways: Record<'weight' | 'header' | 'session', How> = {
  weight: {
    name: 'not sampled, by weight',
    ours: { percent: SHARE * 100 },
    lua: byWeight(SHARE),
    rust: { work: 'mirror', share: SHARE },
    headers: {},
    hostCalls: 0,
    goal: { text: '≤ 2', met: (ours) => ours <= 2 },
  },
  header: {
    name: 'not sampled, by header',
    ours: { percent: 0, routes: [{ header: { name: 'x-canary', value: 'yes' }, percent: 100 }] },
    lua: byHeader('x-canary', 'yes'),
    rust: { work: 'mirror', header: ['x-canary', 'yes'] },
    headers: { 'x-canary': 'no' },
    hostCalls: 1,
    goal: belowLua,
  },
  session: {
    name: 'not sampled, by session',
    ours: { percent: SHARE * 100, session: { cookie: 'sid' } },
    lua: bySession('sid', SHARE),
    rust: { work: 'mirror', share: SHARE, cookie: 'sid' },
    headers: { cookie: SESSION },
    hostCalls: 1,
    goal: belowLua,
  },
};

const PROXIED = 'none, proxied';
/** The module samples, as it does where sessions or routes decide; by weight alone Envoy does it for us. */
const IN_FILTER = 'ours, sampling in the filter';

/**
 * Mirror is configured and the request is not sampled. Envoy answers itself, so that little but the filter costs; native mirroring
 * belongs to a route that is proxied and is compared with one that is.
 */
const unsampled =
  (how: How): Case =>
  async (options) => {
    const rust = buildRust(options.say);
    const contenders: Contender[] = [
      { name: NONE },
      { name: OURS, filters: [mirror(how.ours)] },
      { name: 'native fault', filters: [nativeFaultUnmatched] },
      { name: 'Lua', filters: [lua(how.lua)] },
      ...('path' in rust ? [{ name: 'Rust SDK', filters: [wasm('rust', rust.path, how.rust)] }] : []),
      ...(how === ways.weight
        ? [
            { name: IN_FILTER, filters: [bareMirror(how.ours)] },
            { name: PROXIED, routes: proxied() },
            {
              name: NATIVE,
              routes: proxied({
                request_mirror_policies: [
                  {
                    cluster: 'shadow',
                    runtime_fraction: { default_value: { numerator: SHARE * 1e6, denominator: 'MILLION' } },
                  },
                ],
              }),
            },
          ]
        : []),
      { name: AGAIN },
    ];
    const origin = await startOrigin('{"ok":true}');
    const upstreams = ['production', 'shadow'].map((name) => ({ name, port: origin.port }));
    const proxy = await startProxy(contenders, upstreams);
    try {
      const samples = await sideBySide(proxy, contenders, requestOf('GET', '/', how.headers), options);
      const rows: Row[] = rowsOf(how.name, samples, 'Lua', how.goal, how === ways.weight ? { [NATIVE]: PROXIED } : {});
      return [...rows, hostCalls(how.name, how.ours, how.headers, how.hostCalls), ...skippedRust(how.name, rust)];
    } finally {
      await proxy.stop();
      await origin.stop();
    }
  };

export const byWeightCase = unsampled(ways.weight);
export const byHeaderCase = unsampled(ways.header);
export const bySessionCase = unsampled(ways.session);
