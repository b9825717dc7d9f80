import { UmbraError } from '../mesh/errors.ts';
import type { Resource } from '../xds/resource.ts';
import { buildResources } from './build.ts';
import type { BuildInput } from './node.ts';
import { describeProblem, validate } from './validation/index.ts';

/** Problems named in an error; the rest is counted. */
const NAMED = 5;

/**
 * {@link buildResources}, with what it built checked before anybody is served it.
 * @throws UmbraError as buildResources does, and UMB0301 naming resource, field, rule and value
 */
export function buildChecked(input: BuildInput): Resource[] {
  const resources = buildResources(input);
  const problems = validate(resources);
  if (problems.length > 0) {
    const named = problems.slice(0, NAMED).map(describeProblem).join('; ');
    const rest = problems.length > NAMED ? `; and ${problems.length - NAMED} more` : '';
    throw new UmbraError('UMB0301', `${input.node.id}: ${named}${rest}`);
  }
  return resources;
}
