import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { createApi, listenOnLoopback } from '../../control-plane/api/server.ts';
import { assets } from '../../control-plane/assets.ts';
import { findChromium, openDashboard, token } from './browser.ts';

const missing =
  findChromium() === undefined
    ? 'SKIPPED: no Chromium (set CHROMIUM_BIN); the dashboard is not tested'
    : existsSync(`${assets.dashboard}/index.html`)
      ? false
      : 'SKIPPED: the dashboard is not built (npm run build:dashboard)';
if (missing) console.error(missing);
const options = { skip: missing, timeout: 240_000 };

test('an incident is seen, and why it was treated so', options, async (t) => {
  const { page, errors } = await openDashboard(t);
  await page.getByTestId('connection').getByText('live').waitFor();
  assert.equal((await page.getByTestId('application').textContent())?.trim(), 'shop');
  const incident = page.getByTestId('incident-i-12');
  await incident.getByText('origin=payments slow+timeouts').waitFor();
  await incident.getByRole('button').first().click();
  await incident.getByText('payments has no redundant service').first().waitFor();
  const chosen = incident.locator('tr.chosen').first();
  assert.match((await chosen.textContent()) ?? '', /circuit-breaking@checkout>payments×2.*\+0\.21.*\+0\.15.*chosen/);
  await incident.getByText('expected without it').first().waitFor();
  await page.locator('.graph canvas').first().waitFor();
  await page.locator('.chart canvas').nth(1).waitFor();
  assert.equal(await page.locator('.chart canvas').count(), 2);
  assert.deepEqual(errors, []);
});

test('a mitigation is undone by a click, after the token was asked for', options, async (t) => {
  const { page, plane } = await openDashboard(t);
  const lease = page.getByTestId('lease-l-31');
  await lease.getByText('outlier-detection@storefront>catalog×1').waitFor();
  await lease.getByRole('button', { name: 'Undo' }).click();
  await page.getByTestId('token').fill('not-the-token-at-all');
  await page.getByRole('button', { name: 'Continue' }).click();
  const problem = page.getByTestId('token-error');
  await problem.waitFor();
  assert.match(
    (await problem.textContent()) ?? '',
    /UMB0801 not allowed: the token is wrong.*Give the token, which is in the file named at start/,
  );
  assert.equal(plane.given.length, 0);

  await page.getByTestId('token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await lease.waitFor({ state: 'detached' });
  assert.deepEqual(
    plane.given.map((g) => g.order),
    [{ type: 'undo', lease: 'l-31' }],
  );
  await page.locator('#audit').getByText('undo', { exact: true }).waitFor();
  assert.equal(await page.evaluate('document.cookie'), '');
});

test('freeze all asks once, is shown, and is lifted', options, async (t) => {
  const { page, plane } = await openDashboard(t);
  await page.getByRole('button', { name: 'Freeze all' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The shadow is not broken either').waitFor();
  await dialog.getByLabel('Reason').fill('deploy day');
  await dialog.getByRole('button', { name: 'Freeze everything' }).click();
  await page.getByTestId('token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByTestId('frozen').getByText('deploy day').waitFor();
  assert.deepEqual(plane.given[0], {
    order: { type: 'freeze' },
    by: 'dashboard',
    reason: 'deploy day',
    ttlMs: 3_600_000,
  });
  assert.equal(await page.getByRole('button', { name: 'Freeze all' }).isDisabled(), true);
  await page.getByTestId('frozen').getByRole('button', { name: 'Unfreeze' }).click();
  await page.getByTestId('frozen').waitFor({ state: 'detached' });
});

test('mode and forbid are orders of their own', options, async (t) => {
  const { page, plane } = await openDashboard(t);
  const controls = page.locator('#controls');
  await controls.getByRole('group', { name: 'Mode of cart' }).getByRole('button', { name: 'observe' }).click();
  await page.getByTestId('token').fill(token);
  await page.getByRole('button', { name: 'Continue' }).click();
  await controls.getByTestId('override-o-1').getByText('mode cart observe').waitFor();
  await controls.getByLabel('Kind of mitigation').selectOption('scale');
  await controls.getByLabel('Where').selectOption('payments');
  await controls.getByRole('button', { name: 'Forbid' }).click();
  await controls.getByTestId('override-o-2').waitFor();
  assert.deepEqual(
    plane.given.map((g) => g.order),
    [
      { type: 'mode', service: 'cart', mode: 'observe' },
      { type: 'forbid', what: 'scale@payments' },
    ],
  );
});

test('fidelity is shown by route, the worst first, with its limits or why there is none', options, async (t) => {
  const { page } = await openDashboard(t);
  const worst = page.getByTestId('route-recommendations');
  await worst.waitFor();
  assert.deepEqual(await page.locator('#fidelity tbody td:first-child').allTextContents(), [
    'recommendations',
    'cart-writes',
    'products',
    'checkout',
  ]);
  assert.match((await worst.textContent()) ?? '', /411.*41\.2%.*87\.1%/);
  await worst.getByLabel('between 79% and 100%').waitFor();
  await page.getByTestId('route-checkout').getByText('too few: 31 answers compared of 50').waitFor();
});

test('what the plane says cannot become markup', options, async (t) => {
  const attack = '<img src=x onerror="window.__hit=1"><script>window.__hit=1</script>';
  const { page } = await openDashboard(t, {
    change(plane) {
      plane.status_ = {
        ...plane.status_,
        notes: [attack],
        worlds: {
          ...plane.status_.worlds,
          shadow: { ...plane.status_.worlds.shadow, activity: attack, gaps: [attack] },
        },
      };
      const list = plane.records.incidents.list;
      (plane.records.incidents as { list: typeof list }).list = (o) =>
        list(o).map((i) => ({ ...i, signature: attack, notes: [attack] }));
    },
  });
  await page.getByTestId('incident-i-12').getByText(attack, { exact: false }).first().waitFor();
  assert.equal(await page.evaluate('window.__hit'), undefined);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
});

test('empty pictures say why they are empty', options, async (t) => {
  const { page } = await openDashboard(t, {
    change(plane) {
      const none = { get: () => undefined, list: () => [], count: () => 0 };
      Object.assign(plane.records, { incidents: none, patterns: none });
      plane.history = () => ({ points: [], spans: [] });
      plane.latest = () => undefined;
      plane.leases = () => [];
      plane.status_ = {
        ...plane.status_,
        worlds: {
          ...plane.status_.worlds,
          shadow: { present: false, ready: false, notes: ['the kernel refuses user namespaces'], gaps: [] },
        },
      };
    },
  });
  await page.locator('#incidents').getByText('never impaired').waitFor();
  await page.locator('#patterns').getByText('a paired run').waitFor();
  await page.locator('#in-force').getByText('Nothing is in force').waitFor();
  await page.locator('#world-shadow').getByText('the kernel refuses user namespaces').waitFor();
  await page.locator('#world-production').getByText('No window yet').waitFor();
});

test('a control plane that is gone is said, and found again', options, async (t) => {
  const { page, api, plane, url } = await openDashboard(t);
  await page.getByTestId('connection').getByText('live').waitFor();
  await page.getByTestId('incident-i-12').waitFor(); // It has an answer of its own, which may come after that.
  await api.close();
  await page.getByText('this picture is old').waitFor();
  // What was there stays readable.
  await page.getByTestId('incident-i-12').waitFor();
  const again = await createApi({ plane, token });
  t.after(() => again.close());
  await listenOnLoopback(again, Number(new URL(url).port));
  await page.getByTestId('connection').getByText('live').waitFor();
  await page.getByText('this picture is old').waitFor({ state: 'detached' });
});

test('what is refused is asked for again: the stream of events, and the lists', options, async (t) => {
  const { page, plane } = await openDashboard(t);
  const refused = (path: string) =>
    page.waitForResponse((response) => response.status() === 500 && new URL(response.url()).pathname.endsWith(path));
  const broken = () => {
    throw new Error('not now');
  };
  const { incidents } = plane.records;
  const { status } = plane;
  const { list } = incidents;
  Object.assign(plane, { status: broken });
  Object.assign(incidents, { list: broken });
  let answer = refused('/events');
  await page.reload();
  await answer;
  answer = refused('/incidents');
  Object.assign(plane, { status });
  await answer;
  await page.getByText('this picture is old').waitFor();
  Object.assign(incidents, { list });
  await page.getByTestId('incident-i-12').waitFor();
  await page.getByTestId('connection').getByText('live').waitFor();
});

test('a page that nobody looks at holds no connection, and is up to date when somebody does', options, async (t) => {
  const { page, plane } = await openDashboard(t);
  const show = (state: 'visible' | 'hidden') =>
    page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
  await page.getByTestId('connection').getByText('live').waitFor();
  await page.getByTestId('incident-i-12').waitFor();
  const closed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
  await show('hidden');
  await closed;
  await page.getByTestId('connection').getByText('connecting').waitFor();
  const others = plane.records.incidents.list().filter((i) => i.id !== 'i-12');
  Object.assign(plane.records.incidents, { list: () => others });
  await show('visible');
  await page.getByTestId('incident-i-12').waitFor({ state: 'detached' });
  await page.getByTestId('connection').getByText('live').waitFor();
});

test('it fits a narrow window: nothing is wider than the page', options, async (t) => {
  const { page } = await openDashboard(t, { width: 1024, height: 768 });
  await page.getByTestId('incident-i-12').waitFor();
  const [content, room] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]');
  assert.ok(content <= room, `${content} > ${room}`);
});
