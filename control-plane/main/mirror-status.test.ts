import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisons, mirrorStatus } from './mirror-status.ts';

test('drops and skips by reason', () => {
  const s = mirrorStatus(
    {
      umbra_mirror_sent: 90,
      umbra_mirror_failed: 2,
      umbra_mirror_dropped_in_flight: 3,
      umbra_mirror_skipped_upgrade: 1,
      umbra_mirror_compared: 80,
      umbra_mirror_status_mismatch: 4,
      umbra_mirror_digest_mismatch: 1,
    },
    true,
    { share: 0.5, why: 'busy' },
  );
  assert.deepEqual(s, {
    share: 0.5,
    note: '50% is copied: busy',
    mirrored: 90,
    dropped: { in_flight: 3, failed: 2 },
    skipped: { upgrade: 1 },
    compared: 80,
    differing: 5,
    alive: true,
  });
});

test('nothing is said where everything is copied; without a shadow that is said', () => {
  assert.equal(mirrorStatus({}, true, { share: 1 }).note, undefined);
  const none = mirrorStatus({}, false, undefined);
  assert.deepEqual([none.share, none.note], [0, 'there is no shadow to mirror into']);
});

test('comparisons by route, and nothing of the totals', () => {
  const counters = {
    umbra_mirror_compared: 99,
    'umbra_mirror_route.cart-writes.compared': 7,
    'umbra_mirror_route.cart.compared': 40,
    'umbra_mirror_route.cart.digest_mismatch': 2,
    'umbra_mirror_route.cart.noise_compared': 5,
    'umbra_mirror_route.cart.noise_status_mismatch': 1,
    'umbra_mirror_route.cart.noise_digest_mismatch': 2,
  };
  assert.deepEqual(comparisons(counters), {
    'cart-writes': { compared: 7, statusMismatch: 0, digestMismatch: 0, noiseCompared: 0, noiseMismatch: 0 },
    cart: { compared: 40, statusMismatch: 0, digestMismatch: 2, noiseCompared: 5, noiseMismatch: 3 },
  });
});
