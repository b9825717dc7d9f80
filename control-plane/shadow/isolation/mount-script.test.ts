import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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
