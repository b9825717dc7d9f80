import type { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import type { Terminal } from '../terminal.ts';
import { DEFAULT_ADDRESS } from './client.ts';
import type { ServeOptions } from './serve.ts';

const more = (value: string, before: readonly string[] = []) => [...before, value];

/** `umbra xds`: the management server on its own, and a look into a running one. */
export function xdsCommands(program: Command, terminal: Terminal, version: string, done: (code: number) => void): void {
  const xds = program
    .command('xds')
    .description('serve Envoy resources from files by xDS, or look into a running management server')
    .option('-f, --file <path>', 'resources as YAML or JSON, or a folder of such files; again for more', more)
    .option('--listen <address>', 'host:port or unix:/path', DEFAULT_ADDRESS)
    .option('--check', 'only say whether the files could be served')
    .option(
      '--elsewhere <name>',
      'a name that is defined elsewhere, such as a cluster of the bootstrap; again for more',
      more,
    )
    .option(
      '--tls-cert <path>',
      'certificate of the server, PEM; with --tls-key and --tls-ca: mutual TLS, read again when they change',
    )
    .option('--tls-key <path>', 'its key')
    .option('--tls-ca <path>', 'who vouches for proxies’ certificates')
    .option('--plaintext', 'without TLS also where other machines can connect')
    .option('--inspect <address>', 'where state is shown (default: at --listen, where only this machine can connect)')
    .option('--load-reports <time>', 'ask proxies for load reports so often: 10s', parseDuration)
    .option('--metrics <address>', 'host:port of a page for Prometheus, /metrics, and of /ready')
    .option('--json', 'log JSON lines')
    .addHelpText(
      'after',
      `
A file holds resources with "@type", as a list, as documents, or under "resources" with
"node: {cluster: NAME}" or "node: {id: NAME}" beside it where they are not for everybody. Changed
files are served when all of them are sound, and named by line when they are not.

  umbra xds -f resources.yaml
  umbra xds status
  umbra xds diff sidecar-0 --envoy http://127.0.0.1:9901
  umbra xds dump sidecar-0 > dump.json && istioctl proxy-config cluster --file dump.json
  istioctl proxy-status --xds-address ${DEFAULT_ADDRESS} --plaintext --revision default`,
    )
    .action(async (options: Omit<ServeOptions, 'file'> & { file?: string[] }) => {
      if (!options.file) return xds.help({ error: true });
      const { serve } = await import('./serve.ts');
      done(await serve(terminal, version, { ...options, file: options.file }));
    });
  const looking = (nameAndArguments: string, description: string) =>
    xds
      .command(nameAndArguments)
      .description(description)
      .option(
        '--xds <address>',
        `the management server (default: UMBRA_XDS, that of the running application, or ${DEFAULT_ADDRESS})`,
      );
  const load = () => import('./look.ts');

  looking('status [node]', 'how far every node got: what is acknowledged, what is refused and why')
    .option('--json', 'print JSON: envoy.service.status.v3.ClientConfig')
    .action(async (node: string | undefined, o: { xds?: string; json?: boolean }) => {
      const { findServer, status } = await load();
      const xds = await findServer(terminal, o.xds);
      done(await status(terminal, { ...o, xds, ...(node === undefined ? {} : { node }) }));
    });
  looking('diff <node>', 'what a node should have and has not')
    .option('--envoy <where>', 'its Envoy’s admin address, or a file with its /config_dump')
    .option('--json', 'print JSON')
    .action(async (node: string, o: { xds?: string; envoy?: string; json?: boolean }) => {
      const { diff, findServer } = await load();
      done(await diff(terminal, node, { ...o, xds: await findServer(terminal, o.xds) }));
    });
  looking('dump <node>', 'what a node should have, in the form of Envoy’s /config_dump').action(
    async (node: string, o: { xds?: string }) => {
      const { dump, findServer } = await load();
      done(await dump(terminal, node, { xds: await findServer(terminal, o.xds) }));
    },
  );
}
