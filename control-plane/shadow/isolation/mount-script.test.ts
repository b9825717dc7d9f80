import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mountScript, quote } from './mount-script.ts';

const plan = {
  shadow: '/h/u/.umbra/shop/shadow',
  writable: ['data'],
  home: '/h/u/.umbra',
  production: '/h/u/.umbra/shop/production',
  privates: ['/tmp', '/h/u'],
  keeps: ['/h/u/.nvm/v24', '/opt/umbra', '/h/u/.nvm'],
  overlays: ['/h/u/my app', '/srv/shop'],
};

test('a script that sh can read, whatever the paths hold', () => {
  const odd = { ...plan, overlays: ["/h/u/it's $HOME `x`"] };
  const { status, stderr } = spawnSync('sh', ['-n'], { input: mountScript(odd), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(
    spawnSync('sh', ['-c', `printf %s ${quote("it's $HOME `x`")}`], { encoding: 'utf8' }).stdout,
    "it's $HOME `x`",
  );
});

test('what lies below a private folder is bound once, by its outermost folder; what does not stays where it is', () => {
  const script = mountScript(plan);
  assert.match(script, /mount --rbind '\/h\/u\/\.nvm' /);
  assert.doesNotMatch(script, /mount --rbind '\/h\/u\/\.nvm\/v24'/);
  assert.doesNotMatch(script, /mount --rbind '\/opt\/umbra'/);
  assert.match(script, /mount --rbind '\/h\/u\/my app' /);
});

test('the home of runs is hidden after everything that could show it, and only the shadow’s folder is put back', () => {
  const script = mountScript(plan);
  const order = [
    "mount --rbind '/h/u/my app'",
    'remount,bind,ro',
    'lowerdir=/srv/shop',
    "size=1m umbra-private '/h/u/.umbra/shop/shadow/root/h/u/.umbra'",
    "mount --bind '/h/u/.umbra/shop/shadow'",
    'umbra-wall',
    'pivot_root',
  ];
  const places = order.map((text) => script.indexOf(text));
  assert.ok(
    places.every((p) => p >= 0),
    JSON.stringify(places),
  );
  assert.deepEqual(
    [...places].sort((a, b) => a - b),
    places,
  );
});

test('a path that overlayfs cannot take stays read-only', () => {
  assert.doesNotMatch(mountScript({ ...plan, overlays: ['/srv/a:b'] }), /lowerdir/);
});

const UNSHARE = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child'];
const refused = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' }).status !== 0;

// Root's home is bound as a folder of `/` before it is made private; other homes can be mounts too.
test('a private folder that is a mount of this machine as well can be written to, the rest cannot', {
  skip: refused && 'the kernel refuses namespaces',
}, () => {
  const home = mkdtempSync(join(tmpdir(), 'umbra-mounts-'));
  try {
    for (const name of ['shadow/data', 'production']) mkdirSync(join(home, name), { recursive: true });
    const script = mountScript({
      shadow: join(home, 'shadow'),
      writable: ['data'],
      home,
      production: join(home, 'production'),
      privates: ['/tmp', '/usr/local'],
      keeps: [],
      overlays: [],
    });
    const probe = 'for d in /usr/local /tmp /usr /etc; do if : 2>/dev/null >$d/probe; then echo $d; fi; done\n';
    for (const mount of ['', 'mount --bind /usr/local /usr/local\n']) {
      const { stdout, stderr } = spawnSync('unshare', [...UNSHARE, 'sh'], {
        input: mount + script + probe,
        encoding: 'utf8',
      });
      assert.equal(stdout, '/usr/local\n/tmp\n', stderr);
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
