import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { createApi, listenOnLoopback } from '../../control-plane/api/server.ts';
import { wallClock } from '../../control-plane/mesh/clock.ts';
import { createExamplePlane, type ExamplePlane } from './example-plane.ts';

export const token = 'the-token-of-this-test';

/** Debian's Chromium, or the one named; undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM_BIN, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
}

/** However busy the machine is, a browser has come up by then, and a page has drawn what it was told. */
const PATIENCE_MS = 60_000;

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Opened {
  readonly page: Page;
  readonly plane: ExamplePlane;
  readonly url: string;
  readonly api: FastifyInstance;
  /** Whatever the page logged as an error, and exceptions. */
  readonly errors: string[];
}

/**
 * A running plane and the dashboard opened on it (or on `url`) in a fresh browser; a window passes each second. All of it ends
 * with the test.
 */
export async function openDashboard(
  t: { after(ending: () => unknown): void },
  options: {
    width?: number;
    height?: number;
    dark?: boolean;
    change?: (plane: ExamplePlane) => void;
    url?: string;
  } = {},
): Promise<Opened> {
  const plane = createExamplePlane(wallClock);
  options.change?.(plane);
  const api = await createApi({ plane, token });
  const ticking = setInterval(() => plane.advance(), 1000);
  const profile = mkdtempSync(join(tmpdir(), 'umbra-chromium-'));
  let browser: BrowserContext | undefined;
  t.after(async () => {
    clearInterval(ticking);
    await browser?.close();
    await api.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  });
  const url = await listenOnLoopback(api);
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium()!,
    timeout: PATIENCE_MS,
    args: flags,
    viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
    colorScheme: options.dark ? 'dark' : 'light',
  });
  const page = browser.pages()[0] ?? (await browser.newPage());
  page.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  page.on('pageerror', (e) => errors.push(String(e)));
  page.on('console', (m) => m.type() === 'error' && errors.push(m.text()));
  await page.goto(options.url ?? url);
  return { page, plane, url, api, errors };
}
