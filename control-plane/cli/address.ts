import type { Address } from '../envoy/node.ts';
import { UmbraError } from '../mesh/errors.ts';
import { parseAddress } from '../xds/address.ts';

/** Reads `unix:/path`, `/path`, `host:port` and `[::1]:port`. @throws UmbraError UMB0803 */
export function readAddress(text: string): Address {
  try {
    const address = parseAddress(text.startsWith('/') ? `unix:${text}` : text);
    return address.kind === 'unix' ? { pipe: address.path } : { host: address.host, port: address.port };
  } catch (cause) {
    const remedy = 'Give unix:/path or host:port.';
    throw new UmbraError('UMB0803', `${JSON.stringify(text)} is no address`, { cause, remedy });
  }
}
