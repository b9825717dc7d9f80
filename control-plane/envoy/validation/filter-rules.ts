import { type Any, anyUnpack, BytesValueSchema, StringValueSchema } from '@bufbuild/protobuf/wkt';
import type { FilterRole } from '../../../filters/config.ts';
import { describeTextProblem, problemsIn } from '../../../filters/config-text.ts';
import type { Violation, Visit } from './message-rules.ts';

/** Umbra's own filters by the `root_id` they are configured under. */
const roles: Readonly<Record<string, FilterRole>> = { umbra_mirror: 'mirror', umbra_chaos: 'chaos' };

/**
 * Checks the configurations of Umbra's own filters, wherever they stand, by the rules the modules apply, and says line and
 * reason: a proxy's refusal only says that a module did not load.
 */
export function filterRules(found: Violation[]): Visit {
  return (message, path) => {
    if (message.desc.typeName !== 'envoy.extensions.wasm.v3.PluginConfig') return;
    const { rootId, configuration } = message.message as unknown as { rootId: string; configuration?: Any };
    const role = roles[rootId];
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

/** What Envoy hands to the module: the text inside the Any, nothing for none. */
function textOf(configuration: Any | undefined): string | undefined {
  if (!configuration) return '';
  const text = anyUnpack(configuration, StringValueSchema);
  if (text) return text.value;
  const bytes = anyUnpack(configuration, BytesValueSchema);
  return bytes && Buffer.from(bytes.value).toString();
}
