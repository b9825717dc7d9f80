import type { Application, Shadow } from './application.ts';
import { prefixLimits } from './mirror.ts';
import { addressOf } from './scalars.ts';
import { unreachableRoutes } from './unreachable-routes.ts';

/** What of a Shadow its schema cannot check: it must fit its Application, and nothing in it may lead into production. */
export function shadowReferences({ spec }: Shadow, application: Application): [path: string[], message: string][] {
  const { services, externals = {} } = application.spec;
  const { name: of } = application.metadata;
  // The rest would be measured by the wrong Application.
  if (spec.application !== of)
    return [[['spec', 'application'], `the Shadow is of ${spec.application}, the Application is ${of}`]];
  const problems: [string[], string][] = [];
  for (const [name, { mode, url }] of Object.entries(spec.externals ?? {})) {
    const at = ['spec', 'externals', name];
    const address = url === undefined ? undefined : addressOf(url);
    if (!Object.hasOwn(externals, name)) problems.push([at, `${name} is not among the externals of the Application`]);
    if (url !== undefined && address === undefined)
      problems.push([[...at, 'url'], `${name}: ${url} is no address that can be`]);
    if (mode !== 'sandbox') continue;
    if (url === undefined) problems.push([at, `${name}: mode sandbox needs the url of the sandbox`]);
    const real = address === undefined ? undefined : inProduction(application, address);
    if (real !== undefined) problems.push([[...at, 'url'], `${name}: ${url} is no sandbox, it is ${real}`]);
  }
  if (spec.mirror?.routes === undefined)
    for (const message of prefixLimits((application.spec.entry.protected ?? []).map((p) => p.pathPrefix)))
      problems.push([['spec', 'mirror', 'routes'], message]);
  for (const { route, by } of unreachableRoutes(spec.mirror?.routes ?? []))
    problems.push([
      ['spec', 'mirror', 'routes', String(route)],
      `no request is of this route: all are of route ${by + 1} of the list, which is wider. Put the narrower one first`,
    ]);
  spec.chaos?.exclude?.forEach((name, i) => {
    if (!Object.hasOwn(services, name) && !Object.hasOwn(externals, name))
      problems.push([['spec', 'chaos', 'exclude', String(i)], `${name} is neither a service nor an external`]);
  });
  return problems;
}

/** What of production has this address, as far as its document tells. */
function inProduction({ spec }: Application, address: string): string | undefined {
  if (spec.entry.port && address === addressOf(`http://localhost:${spec.entry.port}`))
    return 'where the users of production enter';
  const external = Object.entries(spec.externals ?? {}).find(([, { url }]) => addressOf(url) === address)?.[0];
  return external === undefined ? undefined : `the ${external} of production`;
}
