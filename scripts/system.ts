import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Debian packages that bring what npm cannot: the program looked for, the package that has it, and what is missing without. */
const wanted: [program: string, pkg: string, without: string][] = [
  ['nft', 'nftables', 'packet loss and counted denials in the shadow are skipped'],
  ['ip', 'iproute2', 'the shadow cannot bring its loopback up'],
  ['unshare', 'util-linux', 'production runs without a shadow'],
  ['chromium', 'chromium', 'the dashboard is not tested in a browser'],
];

function has(program: string): boolean {
  const path = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin', '/usr/local/sbin');
  return path.some((folder) => existsSync(`${folder}/${program}`));
}

/**
 * Installs the missing ones with apt-get where that is allowed; silent when all are there, one line for each that cannot be had.
 * `only` names programs, for callers that need no browser.
 */
export function installSystemPackages(only?: readonly string[]): void {
  const missing = wanted.filter(([program]) => (only === undefined || only.includes(program)) && !has(program));
  if (missing.length === 0) return;
  const packages = missing.map(([, pkg]) => pkg);
  const root = process.getuid?.() === 0 && has('apt-get');
  if (root) {
    console.log(`installing ${packages.join(', ')} (apt-get)…`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { env, stdio: 'ignore' });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, stdio: 'ignore' });
  }
  for (const [program, pkg, without] of missing) {
    if (!has(program)) console.log(`${program} is not installed (Debian package ${pkg}): ${without}`);
  }
}

if (import.meta.main) installSystemPackages();
