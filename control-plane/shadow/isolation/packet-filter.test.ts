import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearLossText, filterText, lossText, parseFilterState, portsText } from './packet-filter.ts';

test('ports are sorted, each once, and an empty set is only flushed', () => {
  const text = portsText({ own: [3, 1, 3], forbidden: [], deniedExternals: [9] });
  assert.match(text, /add element inet umbra own \{ 1, 3 \}/);
  assert.match(text, /flush set inet umbra forbidden\n(?!add element inet umbra forbidden)/);
  assert.match(text, /add element inet umbra denied_externals \{ 9 \}/);
  assert.ok(
    filterText({ own: [1], forbidden: [2], deniedExternals: [] }).endsWith(
      portsText({ own: [1], forbidden: [2], deniedExternals: [] }),
    ),
  );
});

test('loss is in thousandths, in both directions, under the fault’s name', () => {
  const text = lossText('f1', [7, 5], 0.25);
  assert.match(text, /tcp dport \{ 5, 7 \} numgen random mod 1000 < 250 counter drop comment "fault:f1"/);
  assert.match(text, /tcp sport \{ 5, 7 \}/);
  assert.equal(
    clearLossText([4, 5]),
    'delete rule inet umbra faults handle 4\ndelete rule inet umbra faults handle 5\n',
  );
});

test('what nft lists is read back', () => {
  const state = parseFilterState(
    JSON.stringify({
      nftables: [
        { metainfo: {} },
        { counter: { name: 'network', packets: 3 } },
        { counter: { name: 'other', packets: 9 } },
        { set: { name: 'own', elem: [1, 2] } },
        { set: { name: 'attempts', elem: [{ elem: { val: { concat: ['8.8.8.8', 53] }, counter: { packets: 2 } } }] } },
        { rule: { chain: 'out', handle: 1, expr: [] } },
        { rule: { chain: 'faults', handle: 8, comment: 'fault:f', expr: [{ counter: { packets: 4 } }] } },
        { rule: { chain: 'faults', handle: 9, comment: 'fault:f', expr: [{ counter: { packets: 1 } }] } },
      ],
    }),
  );
  assert.deepEqual(state, {
    counters: { network: 3, production: 0, externals: 0, refused: 0 },
    attempts: { '8.8.8.8:53': 2 },
    faults: { f: { handles: [8, 9], dropped: 5 } },
  });
  assert.throws(() => parseFilterState('not JSON'));
});
