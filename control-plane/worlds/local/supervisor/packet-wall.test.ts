import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { type FilterPorts, filterText, parseFilterState } from '../../../shadow/isolation/packet-filter.ts';
import { PacketWall } from './packet-wall.ts';

/** A namespace that writes down what it is to run, as command and the ports in its input; `refuse` makes a command fail. */
function wall(refuse: (argv: string) => boolean = () => false) {
  const ran: string[] = [];
  const notes: string[] = [];
  const ports: { own: number[]; forbidden: number[]; deniedExternals: number[] } = {
    own: [1000],
    forbidden: [],
    deniedExternals: [],
  };
  const run = async (argv: readonly string[], input = '') => {
    const command = argv.join(' ');
    ran.push([command, ...(/add element inet umbra own \{ (.*) \}/.exec(input)?.slice(1) ?? [])].join(': '));
    if (refuse(command)) throw new Error('not permitted');
    return '{"nftables": [{"counter": {"name": "network", "packets": 3}}]}';
  };
  return {
    ran,
    notes,
    ports,
    wall: new PacketWall(
      { run },
      (): FilterPorts => ports,
      (text) => notes.push(text),
    ),
  };
}

test('the rules come before the routes, and from then on it counts', async () => {
  const w = wall();
  assert.notEqual(w.wall.counts, true);
  await w.wall.load();
  assert.deepEqual(
    w.ran.map((r) => r.split(' add ')[0]),
    ['nft -f -: 1000', 'ip route', 'ip -6 route'],
  );
  assert.equal(w.wall.counts, true);
  assert.equal((await w.wall.read()).counters.network, 3);
});

test('ports are followed in order, but not before the filter is loaded', async () => {
  const w = wall();
  await w.wall.follow();
  assert.deepEqual(w.ran, []);
  await w.wall.load();
  w.ran.length = 0;
  w.ports.own = [1000, 1001];
  const first = w.wall.follow();
  w.ports.own = [1000, 1001, 1002];
  await Promise.all([first, w.wall.follow()]);
  assert.equal(w.ran.at(-1), 'nft -f -: 1000, 1001, 1002');
  assert.deepEqual(w.notes, []);
});

test('what the kernel refuses is told; IPv6 may be missing', async () => {
  const without = wall((argv) => argv.startsWith('nft'));
  await without.wall.load();
  assert.match(String(without.wall.counts), /not permitted/);
  assert.match(without.notes.join(), /denied but not counted/);

  const no6 = wall((argv) => argv.startsWith('ip -6'));
  await no6.wall.load();
  assert.equal(no6.wall.counts, true);

  let deaf = false;
  const later = wall((argv) => deaf && argv.startsWith('nft'));
  await later.wall.load();
  deaf = true;
  await later.wall.follow();
  assert.match(later.notes.join(), /does not know of new ports: not permitted/);
});

/** Runs a script in a network namespace of its own, with full rights in it. */
const inNamespace = (script: string) =>
  spawnSync('unshare', ['--user', '--map-root-user', '--net', 'sh', '-euc', `PATH=$PATH:/usr/sbin:/sbin\n${script}`], {
    encoding: 'utf8',
  });
const usable = inNamespace('nft list ruleset');
const skip = usable.status === 0 ? false : `no packet filter: ${usable.stderr || usable.error}`;

test('attempts are denied and counted, however many destinations are remembered already', { skip }, () => {
  const forbidden = [1001, 1002, 1003, 1004, 1005];
  const nobodys = [2001, 2002, 2003];
  const dial = `
    const { connect } = require('node:net');
    for (const port of [${[...forbidden, ...nobodys]}]) connect(port, '127.0.0.1').on('error', (e) => console.log(e.code));`;
  const { stdout, stderr } = inNamespace(`ip link set lo up
nft -f - <<'END'
${filterText({ own: [], forbidden, deniedExternals: [] }, 2)}END
${process.execPath} -e "${dial}"
nft -j list table inet umbra`);
  const lines = stdout.trim().split('\n');
  const state = parseFilterState(lines.pop() ?? stderr);
  assert.deepEqual(
    lines,
    [...forbidden, ...nobodys].map(() => 'ECONNREFUSED'),
  );
  assert.equal(Object.keys(state.attempts).length, 2);
  assert.equal(state.counters.production, forbidden.length);
  assert.equal(state.counters.refused, nobodys.length);
});
