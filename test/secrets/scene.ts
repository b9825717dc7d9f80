import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, eventually } from '../local/running.ts';
import { places } from './places.ts';
import { leaks } from './provider.ts';
import { formsOf, word } from './secrets.ts';

const service = fileURLToPath(new URL('./keeper.ts', import.meta.url));
/** In each of production's answers. */
const answered = word();

/** An application whose one service keeps what it receives, and asks a provider on this port. */
export const document = (port: number): string => `apiVersion: umbra.dev/v1alpha1
kind: Application
metadata: { name: tiny }
spec:
  entry: { service: web }
  externals: { pay: { url: 'http://127.0.0.1:${port}' } }
  services:
    web:
      command: [node, ${service}]
      env: { PORT: '{{port}}', DATA: '{{data}}', PAY: '{{url.pay}}', ANSWER: ${answered} }
      secrets: [ANSWER]
      calls: { pay: { timeout: 10s } }
      health: { path: /healthz }
      data: true
---
apiVersion: umbra.dev/v1alpha1
kind: Shadow
metadata: { name: tiny-shadow }
spec:
  application: tiny
  chaos: { enabled: false }
  externals: { pay: { mode: mock } }
`;

/** All that must not be anywhere, with its name. */
const secrets: [name: string, forms: string[]][] = [
  ...Object.entries(places).map(([name, { secret }]): [string, string[]] => [name, formsOf(secret)]),
  ...Object.entries(leaks).map(([name, { secret }]): [string, string[]] => [`answer: ${name}`, formsOf(secret)]),
  ["production's own answer", formsOf(answered)],
];

/** Names of the secrets that are in a text. */
export const secretsIn = (text: string): string[] =>
  secrets.flatMap(([name, forms]) => (forms.some((form) => text.includes(form)) ? [name] : []));

/** What a world's service has received so far. */
export function received(run: string, world: 'production' | 'shadow'): string {
  const file = join(run, world, 'data/web/0/received');
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

/** What is left of a run, but for production's own data: secrets by file. Throws if a file that should be there is not. */
export function secretsInFiles(run: string, expected: readonly string[]): Record<string, string[]> {
  const own = join('production', 'data') + sep;
  const files = readdirSync(run, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(run, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(own));
  const missing = expected.filter((name) => !files.includes(name));
  if (missing.length > 0) throw new Error(`no ${missing.join(', ')} among ${files.join(', ')}`);
  const found = files.map((file) => [file, secretsIn(readFileSync(join(run, file), 'latin1'))] as const);
  return Object.fromEntries(found.filter(([, names]) => names.length > 0));
}

/** Kinds of answers that nobody can read. */
const UNREADABLE = ['multipart/form-data', 'gzip', 'application/x-protobuf'];

/** Asks for every leak through production until each was sampled: kept for the mock, or told not to be. */
export async function everyLeakSampled(run: string, entry: { port: number }): Promise<void> {
  const kept = () => readFileSync(join(run, 'shadow/mocks/pay.json'), 'utf8');
  const log = () => readFileSync(join(run, 'logs/control-plane.log'), 'utf8');
  await eventually(async () => {
    for (const name of Object.keys(leaks)) for (let i = 0; i < 10; i++) await ask(entry, `/pay/${name}`, 'POST', '{}');
    return (
      Object.keys(leaks).every((name) => leaks[name]!.unreadable || kept().includes(`"/pay/${name}"`)) &&
      UNREADABLE.every((type) => log().includes(type))
    );
  }, 120_000);
}
