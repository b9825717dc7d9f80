import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type ClientConfig, ConfigStatus } from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { shortName } from '../../standalone/index.ts';
import { duration, type Paint, plain, table } from '../text/words.ts';

const words: Readonly<Record<ConfigStatus, string>> = {
  [ConfigStatus.UNKNOWN]: 'unknown',
  [ConfigStatus.SYNCED]: 'synced',
  [ConfigStatus.NOT_SENT]: 'not sent',
  [ConfigStatus.STALE]: 'not acknowledged',
  [ConfigStatus.ERROR]: 'refused',
};

/** What `umbra xds status` prints: a line a node with its types, then what was refused and in whose words. */
export function statusText(configs: readonly ClientConfig[], now: number, p: Paint): string {
  if (configs.length === 0) return 'no nodes: nobody has connected yet';
  const rows = configs
    .toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
    .map((c) => [plain(idOf(c)), plain(c.node?.cluster ?? ''), types(c, p)]);
  const lines = [table([['NODE', 'CLUSTER', 'RESOURCES'].map((h) => p.bold(h)), ...rows])];
  for (const config of configs)
    for (const r of config.genericXdsConfigs) {
      if (!r.errorState) continue;
      const since = r.errorState.lastUpdateAttempt;
      const when = since ? `, ${duration(now - timestampMs(since))} ago` : '';
      lines.push(
        `${p.bad('refused')} ${plain(idOf(config))}: ${shortName(r.typeUrl)} ${plain(r.name)}${when}: ${plain(r.errorState.details)}`,
      );
    }
  return lines.join('\n');
}

const idOf = (config: ClientConfig) => config.node?.id ?? '';

/** `CDS 3, EDS 2 (1 not acknowledged)` */
function types({ genericXdsConfigs }: ClientConfig, p: Paint): string {
  const byType = Map.groupBy(genericXdsConfigs, (c) => c.typeUrl);
  const parts = [...byType].map(([typeUrl, list]) => {
    const open = new Map<string, number>();
    for (const c of list) {
      // A name that is asked for and does not exist has no version.
      const word = c.versionInfo === '' ? 'missing' : words[c.configStatus];
      if (word !== 'synced') open.set(word, (open.get(word) ?? 0) + 1);
    }
    const text = [...open].map(([word, n]) => (word === 'refused' ? p.bad(`${n} ${word}`) : p.warn(`${n} ${word}`)));
    return `${shortName(typeUrl)} ${list.length}${text.length > 0 ? ` (${text.join(', ')})` : ''}`;
  });
  return parts.length > 0 ? parts.join(', ') : p.dim('none');
}
