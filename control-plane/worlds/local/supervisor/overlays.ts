import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes what overlay mounts have left: `N/up` and `N/work`. Overlayfs makes `work/work` with mode 000, which keeps anyone but root
 * from removing it as it is.
 */
export function removeOverlays(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const work = join(folder, name, 'work', 'work');
    if (existsSync(work)) chmodSync(work, 0o700);
  }
  rmSync(folder, { recursive: true, force: true });
}
