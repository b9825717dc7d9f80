import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeOverlays } from './overlays.ts';

test('what overlayfs locks is removed too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-overlay-'));
  mkdirSync(join(folder, '0', 'work', 'work'), { recursive: true });
  mkdirSync(join(folder, '0', 'up'));
  writeFileSync(join(folder, '0', 'up', 'written'), 'x');
  chmodSync(join(folder, '0', 'work', 'work'), 0);
  removeOverlays(folder);
  assert.ok(!existsSync(folder));
  removeOverlays(folder);
});
