import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GoOutput } from './go-output.ts';

const heard = (...lines: string[]) => {
  const output = new GoOutput();
  for (const line of lines) output.take(line);
  return output;
};

test('modules and packages are counted', () => {
  const output = heard('go: downloading istio.io/api v1.2.3', 'istio.io/api/label', 'k8s.io/client-go/rest', 'bytes');
  assert.equal(output.progress, '1 modules downloaded, 3 packages compiled');
  assert.equal(output.reason, undefined);
});

test('the reason of a failure is one line: no heading, no package', () => {
  const compiler = heard(
    'istio.io/api/label',
    '# istio.io/api/label',
    './a.go:3:1: undefined: b',
    './a.go:9:1: too many',
  );
  assert.equal(compiler.reason, './a.go:3:1: undefined: b');
  const download = 'go: istio.io/istio@v0.0.1: Get "https://proxy.test/": dial tcp: no such host';
  assert.equal(heard('go: downloading istio.io/istio v0.0.1', download).reason, download);
});
