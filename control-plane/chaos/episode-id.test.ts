import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Episode } from '../mesh/record.ts';
import { episodeId, lastSerial } from './episode-id.ts';

const kept = (...ids: string[]) => ({ list: () => ids.map((id) => ({ id }) as Episode) });

test('what follows the last episode is new, however many the store has forgotten', () => {
  assert.equal(lastSerial(kept()), 0);
  assert.equal(lastSerial(kept('e5003', 'e5002')), 5003);
  assert.equal(lastSerial(kept(episodeId(9), episodeId(10), 'other')), 10);
});
