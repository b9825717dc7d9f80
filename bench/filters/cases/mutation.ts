import { startOrigin } from '../../lib/origin.ts';
import { requestOf } from '../../lib/wire.ts';
import { AGAIN, NONE, OURS, rowsOf } from '../figures.ts';
import { chaos, lua, wasm } from '../http-filters.ts';
import type { Case } from '../options.ts';
import { jsonOf } from '../payloads.ts';
import { mutate } from '../peers/lua.ts';
import { buildRust } from '../peers/rust.ts';
import { type Contender, proxied, startProxy } from '../proxy.ts';
import { sideBySide } from '../side-by-side.ts';
import { skippedRust } from '../skipped.ts';

const NAME = 'JSON mutation, 4 KiB answer';

/**
 * One value of the answer is changed: ours any by any of its kinds, Lua the first number that a pattern finds, the Rust SDK's the
 * first number, with serde_json.
 */
export const mutationCase: Case = async (options) => {
  const rust = buildRust(options.say);
  const routes = proxied();
  const contenders: Contender[] = [
    { name: NONE, routes },
    { name: OURS, routes, filters: [chaos({ mutate: { on: 'response', ops: 1 } })] },
    { name: 'Lua', routes, filters: [lua(mutate)] },
    ...('path' in rust ? [{ name: 'Rust SDK', routes, filters: [wasm('rust', rust.path, { work: 'mutate' })] }] : []),
    { name: AGAIN, routes },
  ];
  const origin = await startOrigin(jsonOf(4096));
  const proxy = await startProxy(contenders, [{ name: 'production', port: origin.port }]);
  try {
    const samples = await sideBySide(proxy, contenders, requestOf('GET', '/', {}), options);
    const goal = { text: 'below 60', met: (ours: number) => ours < 60 };
    return [...rowsOf(NAME, samples, 'Rust SDK', goal), ...skippedRust(NAME, rust)];
  } finally {
    await proxy.stop();
    await origin.stop();
  }
};
