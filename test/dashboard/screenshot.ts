import { wallClock } from '../../control-plane/mesh/clock.ts';
import { openDashboard } from './browser.ts';

// node test/dashboard/screenshot.ts FILE [URL] [light]: a picture of a running dashboard, or of the tests' own plane.

const [file, ...rest] = process.argv.slice(2);
if (file === undefined) throw new Error('Give the file to write.');
const url = rest.find((r) => r.startsWith('http'));
const endings: (() => unknown)[] = [];
const { page } = await openDashboard(
  { after: (ending: () => unknown) => void endings.push(ending) },
  { width: 1440, height: 1180, dark: !rest.includes('light'), ...(url === undefined ? {} : { url }) },
);
await page.getByTestId('connection').getByText('live').waitFor();
await page.locator('.chart canvas').first().waitFor();
// Some windows pass, so that the picture is not the first moment's.
await wallClock.sleep(2500);
await page.screenshot({ path: file });
for (const ending of endings) await ending();
