import assert from 'node:assert/strict';
import { PureStream } from './pure-stream.ts';
import { CDS, EDS, LDS, RDS, resource } from './sample.ts';

/** Resources by `name` or `name=text`. */
export const make = (typeUrl: string, ...names: string[]) =>
  names.map((name) => {
    const [plain, text] = name.split('=');
    return resource(typeUrl, plain!, text ?? '1');
  });

/** A proxy in step with clusters, endpoints, a listener and routes to `old`. */
export function running(): PureStream {
  const s = new PureStream('sotw')
    .want(CDS, make(CDS, 'old'))
    .want(EDS, make(EDS, 'old'))
    .want(LDS, make(LDS, 'in'))
    .want(RDS, make(RDS, 'to=old'));
  s.ask(CDS);
  s.answers();
  s.ask(EDS, ['old']);
  s.answers();
  s.ask(EDS, ['old']);
  s.ask(CDS);
  s.ask(LDS);
  s.answers();
  s.ask(LDS);
  s.ask(RDS, ['to']);
  s.answers();
  s.ask(RDS, ['to']);
  assert.deepEqual(s.answers(), []);
  return s;
}
