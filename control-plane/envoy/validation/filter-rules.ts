import { type Any, anyUnpack, BytesValueSchema, StringValueSchema } from '@bufbuild/protobuf/wkt';
import { type FilterRole, WASM_FILTER_TYPE } from '../../../filters/config.ts';
import { describeTextProblem, problemsIn } from '../../../filters/config-text.ts';
import { CHAOS_FILTER, MIRROR_FILTER } from '../names.ts';
import type { ExecuteFilterAction } from '../protos/gen/envoy/extensions/filters/http/composite/v3/composite_pb.js';
import type { Violation, Visit } from './message-rules.ts';

/** Umbra's own filters by the `root_id` they are configured under. */
const roles: Readonly<Record<string, FilterRole>> = { umbra_mirror: 'mirror', umbra_chaos: 'chaos' };

/** The filter that an extension of this name is for. */
const slots: Readonly<Record<string, FilterRole>> = { [MIRROR_FILTER]: 'mirror', [CHAOS_FILTER]: 'chaos' };

/**
 * Checks the configurations of Umbra's own filters, wherever they stand, by the rules the modules apply, and says line and
 * reason: a proxy's refusal only says that a module did not load. In the slot of one of them nothing else may run: Envoy looks at
 * the outermost type only, so a wrapping could bring a fault into production in the mirror's place.
 * @param resource name of the resource that is looked at
 */
export function filterRules(found: Violation[], resource: string): Visit {
  const slot = slots[resource];
  return (message, path) => {
    if (slot && message.desc.typeName === 'envoy.extensions.filters.http.composite.v3.ExecuteFilterAction')
      found.push(...otherThanModules(message.message as ExecuteFilterAction, path));
    if (message.desc.typeName !== 'envoy.extensions.wasm.v3.PluginConfig') return;
    const { rootId, configuration } = message.message as unknown as { rootId: string; configuration?: Any };
    const role = roles[rootId];
    if (slot && role !== slot)
      found.push({ path: `${path}.root_id`, rule: `must be umbra_${slot} in ${resource}`, value: rootId });
    if (!role) return;
    const at = path ? `${path}.configuration` : 'configuration';
    const text = textOf(configuration);
    if (text === undefined) {
      found.push({ path: at, rule: 'must be a StringValue of JSON', value: configuration?.typeUrl || 'nothing' });
      return;
    }
    const lines = text.split('\n');
    for (const problem of problemsIn(role, text)) {
      const line = lines[problem.line - 1]!.trim();
      const value = line.length > 60 ? `${line.slice(0, 59)}…` : line;
      found.push({ path: at, rule: describeTextProblem(problem), value });
    }
  };
}

/** A wrapped filter must be a module given here, so that it is looked at as one that is not wrapped. */
function otherThanModules({ typedConfig, dynamicConfig }: ExecuteFilterAction, path: string): Violation[] {
  const type = typedConfig?.typedConfig?.typeUrl ?? 'nothing';
  return [
    ...(type === WASM_FILTER_TYPE
      ? []
      : [{ path: `${path}.typed_config`, rule: 'must be a WebAssembly module', value: type }]),
    ...(dynamicConfig
      ? [{ path: `${path}.dynamic_config`, rule: 'must not be given', value: dynamicConfig.name }]
      : []),
  ];
}

/** What Envoy hands to the module: the text inside the Any, nothing for none. */
function textOf(configuration: Any | undefined): string | undefined {
  if (!configuration) return '';
  const text = anyUnpack(configuration, StringValueSchema);
  if (text) return text.value;
  const bytes = anyUnpack(configuration, BytesValueSchema);
  return bytes && Buffer.from(bytes.value).toString();
}
