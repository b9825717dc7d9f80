/** Pieces of an Envoy with the mirror in it: the filter as the control plane configures it, and clusters of each protocol. */
import assert from 'node:assert/strict';
import { type MirrorConfig, wasmFilterConfig } from '../../filters/config.ts';
import { cluster, type RunningEnvoy } from './envoy-process.ts';
import { modulePath } from './harness.ts';

/** `umbra.mirror` with everything copied to the cluster `shadow`, but for what is changed. */
export function mirrorFilter(change: Partial<MirrorConfig> = {}): object {
  const config: MirrorConfig = {
    generation: 1,
    cluster: 'shadow',
    percent: 100,
    pseudonymKey: '00112233445566778899aabbccddeeff',
    heartbeatMs: 50,
    ...change,
  };
  return {
    name: 'umbra.mirror',
    typed_config: wasmFilterConfig('mirror', modulePath('mirror'), JSON.stringify(config)),
  };
}

/** A cluster that speaks HTTP/2, or HTTP/1.1 with trailers. */
export function clusterOf(name: string, port: number, protocol: 'http2' | 'http1-trailers'): object {
  return {
    ...cluster(name, port),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config:
          protocol === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: { enable_trailers: true } },
      },
    },
  };
}

/** Resolves when the mirror has told all it had counted: it tells on its heartbeat, so of the second one from now on all is in. */
export async function told(envoy: RunningEnvoy): Promise<void> {
  const beats = 'umbra_mirror_heartbeat';
  await counted(envoy, beats, ((await envoy.stats(beats))[beats] ?? 0) + 2);
}

const PATIENCE_MS = 60_000;

/** Asks for a number until it is as wanted; Envoy merges its workers' in its own time. */
export async function shows(envoy: RunningEnvoy, name: string, wanted: (value: number) => boolean): Promise<number> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = (await envoy.stats(name))[name] ?? 0;
    if (wanted(value)) return value;
    if (performance.now() > end) assert.fail(`${name} stays ${value}: ${envoy.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until Envoy's log has a line: it comes by a pipe, in its own time. */
export async function says(envoy: RunningEnvoy, line: RegExp): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!line.test(envoy.log())) {
    if (performance.now() > end) assert.match(envoy.log(), line);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Asks for a counter until it is at least `n`. */
export const counted = (envoy: RunningEnvoy, name: string, n: number): Promise<number> =>
  shows(envoy, name, (value) => value >= n);
