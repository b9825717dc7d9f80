/**
 * A route of the mirror's configuration as a predicate of Envoy's matchers: true of every request that the module would take for
 * one of the route's, so that the others need not enter it. It may be true of one more: Envoy's input joins the values of a
 * repeated header with commas, the module looks at the first.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MirrorRoute } from '../../filters/config.ts';
import { pack } from './messages.ts';
import { HttpRequestHeaderMatchInputSchema } from './protos/gen/envoy/type/matcher/v3/http_inputs_pb.js';
import type { Matcher_MatcherList_PredicateSchema } from './protos/gen/xds/type/matcher/v3/matcher_pb.js';
import type { StringMatcherSchema } from './protos/gen/xds/type/matcher/v3/string_pb.js';

export type Predicate = MessageInitShape<typeof Matcher_MatcherList_PredicateSchema>;
type Pattern = MessageInitShape<typeof StringMatcherSchema>['matchPattern'];

/** Any bytes, those that are no UTF-8 as well: a header that is there. */
const ANYTHING: Pattern = {
  case: 'safeRegex',
  value: { regex: '\\C*', engineType: { case: 'googleRe2', value: {} } },
};

const header = (headerName: string, matchPattern: Pattern): Predicate => ({
  matchType: {
    case: 'singlePredicate',
    value: {
      input: { name: headerName, typedConfig: pack(HttpRequestHeaderMatchInputSchema, { headerName }) },
      matcher: { case: 'valueMatch', value: { matchPattern } },
    },
  },
});

const combined =
  (how: 'orMatcher' | 'andMatcher') =>
  (predicate: readonly Predicate[]): Predicate =>
    predicate.length === 1 ? predicate[0]! : { matchType: { case: how, value: { predicate: [...predicate] } } };

/** True where one of them is. */
export const anyOf = combined('orMatcher');
const allOf = combined('andMatcher');

/** The value itself, alone or as the first of several. */
const withValue = (name: string, value: string): Predicate =>
  anyOf([header(name, { case: 'exact', value }), header(name, { case: 'prefix', value: `${value},` })]);

/** What a route asks of a request; undefined if nothing. */
export function routePredicate({ methods = [], pathPrefix, header: wanted }: MirrorRoute): Predicate | undefined {
  const asked: Predicate[] = [];
  if (methods.length > 0) asked.push(anyOf(methods.map((value) => header(':method', { case: 'exact', value }))));
  if (pathPrefix !== undefined) asked.push(header(':path', { case: 'prefix', value: pathPrefix }));
  if (wanted)
    asked.push(wanted.value === undefined ? header(wanted.name, ANYTHING) : withValue(wanted.name, wanted.value));
  return asked.length > 0 ? allOf(asked) : undefined;
}
