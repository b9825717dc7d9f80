import { readFileSync } from 'node:fs';
import { create, type JsonObject, toJson } from '@bufbuild/protobuf';
import type { PlaneStatus } from '../../api/plane.ts';
import { ConfigDumpSchema } from '../../envoy/protos/gen/envoy/admin/v3/config_dump_pb.js';
import { ClientConfigSchema, ConfigStatus } from '../../envoy/protos/gen/envoy/service/status/v3/csds_pb.js';
import { registry } from '../../envoy/protos/registry.ts';
import { UmbraError } from '../../mesh/errors.ts';
import { configDump, shortName, typeUrls } from '../../standalone/index.ts';
import { createClient } from '../client.ts';
import { findConnection, runningApplications } from '../connection.ts';
import type { Terminal } from '../terminal.ts';
import { plain } from '../text/words.ts';
import { DEFAULT_ADDRESS, fetchStatus } from './client.ts';
import { type Difference, differences } from './diff.ts';
import { statusText } from './status.ts';

const json = () => ({ registry: registry(), useProtoFieldName: true });

/** The management server to look into: the one given, UMBRA_XDS, that of the running application, or where `umbra xds` serves. */
export async function findServer(terminal: Terminal, given: string | undefined): Promise<string> {
  const named = given ?? terminal.env.UMBRA_XDS;
  if (named !== undefined) return named;
  if (terminal.env.UMBRA_API === undefined && runningApplications(terminal.env).length === 0) return DEFAULT_ADDRESS;
  const plane = await createClient(findConnection({}, terminal.env)).get<PlaneStatus>('/status');
  return plane.xds.address ?? DEFAULT_ADDRESS;
}

/** `umbra xds status`: how far every node, or one, got. */
export async function status(terminal: Terminal, o: { xds: string; node?: string; json?: boolean }): Promise<number> {
  const configs = await fetchStatus(o.xds, { contents: false, ...(o.node === undefined ? {} : { node: o.node }) });
  terminal.out(
    o.json
      ? JSON.stringify(
          configs.map((c) => toJson(ClientConfigSchema, c, json())),
          null,
          2,
        )
      : statusText(configs, terminal.now(), terminal.paint),
  );
  return 0;
}

/** `umbra xds dump`: what a node should have, as Envoy's own /config_dump would say it. */
export async function dump(terminal: Terminal, node: string, o: { xds: string }): Promise<number> {
  const [config] = await fetchStatus(o.xds, { node, contents: true });
  const message = create(ConfigDumpSchema, { configs: configDump(config!) });
  terminal.out(JSON.stringify(toJson(ConfigDumpSchema, message, json()), null, 2));
  return 0;
}

/**
 * `umbra xds diff`: what a node should have and has not: by its Envoy's own word (an admin address, or a saved /config_dump), or,
 * without one, by what it acknowledged. 0 = in step, 1 = not.
 */
export async function diff(
  terminal: Terminal,
  node: string,
  o: { xds: string; envoy?: string; json?: boolean },
): Promise<number> {
  const [config] = await fetchStatus(o.xds, { node, contents: o.envoy !== undefined });
  const found =
    o.envoy === undefined
      ? config!.genericXdsConfigs
          .filter((c) => c.configStatus !== ConfigStatus.SYNCED && !isUnknownHost(c))
          .map((c) => ({
            type: shortName(c.typeUrl),
            name: c.name,
            state: c.versionInfo === '' ? 'missing' : ConfigStatus[c.configStatus].toLowerCase(),
            ...(c.errorState ? { detail: c.errorState.details } : {}),
          }))
      : differences(config!.genericXdsConfigs, await readDump(o.envoy));
  if (o.json) terminal.out(JSON.stringify(found, null, 2));
  else if (found.length === 0) terminal.out(`${node} has what it should`);
  else for (const d of found) terminal.out('kind' in d ? differenceText(d, terminal) : stateText(d));
  return found.length === 0 ? 0 : 1;
}

/** Envoy asks for virtual hosts by whatever name a request has; that there is none is an answer. */
const isUnknownHost = (c: { typeUrl: string; versionInfo: string }) =>
  c.typeUrl === typeUrls.VHDS && c.versionInfo === '';

const stateText = (d: { type: string; name: string; state: string; detail?: string }) =>
  `${d.type} ${plain(d.name)}: ${d.state.replace('_', ' ')}${d.detail === undefined ? '' : `: ${plain(d.detail)}`}`;

function differenceText(d: Difference, { paint: p }: Terminal): string {
  const of = `${d.type} ${plain(d.name)}`;
  switch (d.kind) {
    case 'missing':
      return p.bad(`- ${of}: Envoy does not have it`);
    case 'extra':
      return p.warn(`+ ${of}: Envoy has it and should not`);
    case 'unreadable':
      return `? ${of}: cannot be compared: ${plain(d.reason)}`;
    case 'changed':
      return [
        `~ ${of}`,
        ...d.fields.map((f) => `    ${f.path}: ${p.good(short(f.wanted))} is wanted, ${p.bad(short(f.has))} is there`),
      ].join('\n');
  }
}

const short = (value: unknown) => {
  const text = value === undefined ? 'nothing' : plain(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

/** An Envoy's /config_dump, endpoints included, from its admin interface or from a file. Errors: UMB0802, UMB0102. */
async function readDump(from: string): Promise<{ configs?: JsonObject[] }> {
  const parse = (text: string) => {
    try {
      return JSON.parse(text) as { configs?: JsonObject[] };
    } catch (cause) {
      throw new UmbraError('UMB0802', `${from} is not a configuration dump`, { cause, remedy: 'Give JSON.' });
    }
  };
  if (!/^https?:\/\//.test(from)) {
    try {
      return parse(readFileSync(from, 'utf8'));
    } catch (cause) {
      if (cause instanceof UmbraError) throw cause;
      throw new UmbraError('UMB0102', `${from}: ${(cause as Error).message}`, {
        cause,
        remedy: 'Give the address of an admin interface, http://127.0.0.1:9901, or a file that it wrote.',
      });
    }
  }
  try {
    const response = await fetch(new URL('/config_dump?include_eds', from), { signal: AbortSignal.timeout(10_000) });
    return parse(await response.text());
  } catch (cause) {
    if (cause instanceof UmbraError) throw cause;
    throw new UmbraError('UMB0802', `${from} does not answer`, { cause, remedy: 'Is that Envoy’s admin address?' });
  }
}
