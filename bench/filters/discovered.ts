import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASM_FILTER_TYPE } from '../../filters/config.ts';
import type { HttpFilter } from './http-filters.ts';

/** A filter whose configuration Envoy takes from a file, and takes anew when the file is replaced: ECDS without a server. */
export class DiscoveredFilter {
  readonly filter: HttpFilter;
  private readonly name: string;
  private readonly folder = mkdtempSync(join(tmpdir(), 'umbra-bench-'));
  private readonly path = join(this.folder, 'config.json');
  private version = 0;

  /** @param first the first configuration, as {@link change} takes it */
  constructor(name: string, first: HttpFilter) {
    this.name = name;
    this.change(first);
    this.filter = {
      name,
      config_discovery: {
        config_source: {
          path_config_source: { path: this.path, watched_directory: { path: this.folder } },
          resource_api_version: 'V3',
        },
        type_urls: [WASM_FILTER_TYPE],
      },
    };
  }

  /** Replaces the configuration by another filter's. */
  change({ typed_config }: HttpFilter): void {
    const resource = {
      '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
      name: this.name,
      typed_config,
    };
    const next = join(this.folder, 'next.json');
    writeFileSync(next, JSON.stringify({ version_info: String(++this.version), resources: [resource] }));
    renameSync(next, this.path);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
