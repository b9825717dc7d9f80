/** The words by which mirror.wasm tells that a name means a credential, as its source has them (filters/mirror/names.ts). */
import { readFileSync } from 'node:fs';

const source = readFileSync(new URL('../../filters/mirror/names.ts', import.meta.url), 'utf8');
const list = (name: string) => new RegExp(`${name} = \\w+\`([^\`]+)\``).exec(source)![1]!.trim().split(/\s+/);
const plain = Number(/PLAIN: u32 = (\d+)/.exec(source)![1]);

/** What is a credential by itself only. */
export const exact = list('EXACT');
/** What a credential's name ends with. */
export const ends = list('ENDS').slice(plain);
/** What says where the next page begins, and is none. */
export const pages = list('ENDS').slice(0, plain);
