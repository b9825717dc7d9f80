import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { UmbraError } from '../mesh/errors.ts';

/** Where to listen, or where something listens. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Reads `unix:/path`, `host:port` and `[::1]:port`. Errors: UMB0307. */
export function parseAddress(text: string): ListenAddress {
  const unfit = (why: string) =>
    new UmbraError('UMB0307', `${text}: ${why}`, {
      remedy: 'Give unix:/PATH or HOST:PORT, for example 127.0.0.1:18000.',
    });
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (path === '') throw unfit('the path is missing');
    return { kind: 'unix', path };
  }
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!parts) throw unfit('neither unix:/PATH nor HOST:PORT');
  const port = Number(parts[3]);
  if (port > 65_535) throw unfit(`there is no port ${port}`);
  return { kind: 'tcp', host: (parts[1] ?? parts[2])!, port };
}

/** The inverse of {@link parseAddress}. */
export function formatAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can connect there. A host name is what it resolves to now, all of it. */
export async function isLocal(address: ListenAddress): Promise<boolean> {
  if (address.kind === 'unix') return true;
  const found = isIP(address.host)
    ? [address.host]
    : (await lookup(address.host, { all: true }).catch(() => [])).map((a) => a.address);
  return found.length > 0 && found.every((ip) => loopback.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4'));
}
