import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FilterRole, WASM_FILTER_TYPE, wasmFilterConfig } from '../../filters/config.ts';

/** A filter whose configuration Envoy reads from a file and watches. */
export class WatchedFilter {
  readonly name: string;
  private readonly role: FilterRole;
  private readonly module: string;
  private readonly dir = mkdtempSync(join(tmpdir(), 'umbra-ecds-'));
  private version = 0;

  constructor(name: string, role: FilterRole, module: string) {
    this.name = name;
    this.role = role;
    this.module = module;
  }

  /** The HTTP filter to put into a listener; publish a configuration first. */
  get filter(): object {
    return {
      name: this.name,
      config_discovery: {
        config_source: {
          path_config_source: { path: this.file, watched_directory: { path: this.dir } },
          resource_api_version: 'V3',
        },
        type_urls: [WASM_FILTER_TYPE.replace('type.googleapis.com/', '')],
      },
    };
  }

  /** Envoy's counter of what happened to what was published: `config_reload`, `config_fail`. */
  counter(which: string): string {
    return `extension_config_discovery.http_filter.${this.name}.${which}`;
  }

  /** Puts a configuration in the place of the one before, at once. */
  publish(config: object): void {
    const resource = {
      version_info: String(++this.version),
      resources: [
        {
          '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
          name: this.name,
          typed_config: wasmFilterConfig(this.role, this.module, JSON.stringify(config)),
        },
      ],
    };
    writeFileSync(`${this.file}.new`, JSON.stringify(resource));
    renameSync(`${this.file}.new`, this.file);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private get file(): string {
    return join(this.dir, 'filter.json');
  }
}
