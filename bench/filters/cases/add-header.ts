import { requestOf } from '../../lib/wire.ts';
import { buildExample } from '../example.ts';
import { AGAIN, NONE, OURS, rowsOf } from '../figures.ts';
import { lua, nativeFaultUnmatched, nativeHeader, wasm } from '../http-filters.ts';
import type { Case } from '../options.ts';
import { addHeader } from '../peers/lua.ts';
import { buildRust } from '../peers/rust.ts';
import { type Contender, startProxy } from '../proxy.ts';
import { sideBySide } from '../side-by-side.ts';
import { skippedRust } from '../skipped.ts';

const NAME = 'header decision and one header added';

/** Reads a header, decides by it, adds one: the filter of docs/new-filter.md against the same in others. */
export const addHeaderCase: Case = async (options) => {
  const rust = buildRust(options.say);
  const contenders: Contender[] = [
    { name: NONE },
    { name: OURS, filters: [wasm('example', buildExample().path, {})] },
    { name: 'native fault', filters: [nativeFaultUnmatched] },
    { name: 'native header mutation', filters: [nativeHeader] },
    { name: 'Lua', filters: [lua(addHeader)] },
    ...('path' in rust ? [{ name: 'Rust SDK', filters: [wasm('rust', rust.path, { work: 'add' })] }] : []),
    { name: AGAIN },
  ];
  const proxy = await startProxy(contenders, []);
  try {
    const samples = await sideBySide(proxy, contenders, requestOf('GET', '/', { 'x-canary': 'no' }), options);
    const goal = {
      text: 'path' in rust ? 'below Lua and Rust SDK' : 'below Lua',
      met: (ours: number, peers: Readonly<Record<string, number>>) =>
        ours < peers.Lua! && ours < (peers['Rust SDK'] ?? Number.POSITIVE_INFINITY),
    };
    return [...rowsOf(NAME, samples, 'Lua', goal), ...skippedRust(NAME, rust)];
  } finally {
    await proxy.stop();
  }
};
