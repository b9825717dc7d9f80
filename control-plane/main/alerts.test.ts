import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlerts } from './alerts.ts';

test('an alert is a line of the log, and one more of its kind', async () => {
  const said: [fields: object, message: string][] = [];
  const alerts = createAlerts({ warn: (fields, message) => void said.push([fields, message]) });
  const before = await alerts.registry.metrics();
  assert.match(before, /^umbra_alerts_total\{world="production",kind="gave-up"\} 0$/m);
  assert.match(before, /^umbra_alerts_total\{world="shadow",kind="problem"\} 0$/m);

  alerts.raise('production', { kind: 'gave-up', message: 'a person is needed', incident: 'i-1' });
  alerts.raise('shadow', { kind: 'problem', message: 'disk full' });

  assert.deepEqual(said, [
    [{ kind: 'gave-up', incident: 'i-1' }, 'a person is needed'],
    [{ kind: 'problem', incident: undefined }, 'disk full'],
  ]);
  const after = await alerts.registry.metrics();
  assert.match(after, /^umbra_alerts_total\{world="production",kind="gave-up"\} 1$/m);
  assert.match(after, /^umbra_alerts_total\{world="shadow",kind="problem"\} 1$/m);
  assert.match(after, /^umbra_alerts_total\{world="production",kind="frozen"\} 0$/m);
});
