import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorKind, errorKind } from './response-flags.ts';

const cases: [flags: string, kind: ErrorKind][] = [
  ['-', 'http5xx'],
  ['', 'http5xx'],
  ['URX', 'http5xx'],
  ['UT', 'timeout'],
  ['URX,UT', 'timeout'],
  ['DC', 'timeout'],
  ['UO', 'overflow'],
  ['UF,URX', 'connect'],
  ['UH', 'connect'],
  ['NC', 'connect'],
  ['UC', 'reset'],
  ['UR', 'reset'],
  ['RL', 'shed'],
  ['DC,UC', 'reset'],
  ['DR', 'timeout'],
  ['DR,UR', 'reset'],
  ['DPE', 'reset'],
  ['DF', 'connect'],
  ['DO', 'shed'],
  ['UDO', 'shed'],
  ['SOMETHING-NEW', 'http5xx'],
];
for (const [flags, kind] of cases) test(`${flags || 'nothing'} is ${kind}`, () => assert.equal(errorKind(flags), kind));
