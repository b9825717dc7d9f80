import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';

/** How an Envoy proves itself to the management server, and whom it believes. All paths absolute, on the machine where Envoy runs. */
export interface ClientTls {
  /** PEM files: the certificate with its chain, its key, and who vouches for the server. */
  readonly certificate: string;
  readonly key: string;
  readonly authorities: string;
  /** The name the server's certificate has to have: DNS, an IP address, or a URI such as a SPIFFE id. */
  readonly serverName: string;
  /** Where {@link secretFiles} are. */
  readonly secrets: string;
}

const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
const file = (tls: ClientTls, name: string) => `${tls.secrets}/umbra-sds-${name}.json`;

/**
 * The secrets as files that Envoy subscribes to, by path. They name the PEM files rather than hold them, so they never change;
 * Envoy reads the PEM files anew when something is renamed into their folder (`watched_directory`), which it does for
 * secrets that are discovered only, not for those of the bootstrap itself.
 */
export function secretFiles(tls: ClientTls): ReadonlyMap<string, JsonObject> {
  const watch = (path: string) => ({ watchedDirectory: { path: dirname(path) } });
  const secret = (name: string, content: JsonObject): [string, JsonObject] => [
    file(tls, name),
    { resources: [{ '@type': SECRET, name: `umbra_${name}`, ...content }] },
  ];
  return new Map([
    secret('identity', {
      tlsCertificate: {
        certificateChain: { filename: tls.certificate },
        privateKey: { filename: tls.key },
        ...watch(tls.certificate),
      },
    }),
    secret('trust', {
      validationContext: {
        trustedCa: { filename: tls.authorities },
        // Without a name anybody with a certificate of these authorities, such as another proxy, would do as the server.
        matchTypedSubjectAltNames: [{ sanType: sanType(tls.serverName), matcher: { exact: tls.serverName } }],
        ...watch(tls.authorities),
      },
    }),
  ]);
}

/** The transport socket of the management server's cluster. */
export function tlsSocket(tls: ClientTls): JsonObject {
  const secret = (name: string): JsonObject => ({
    name: `umbra_${name}`,
    sdsConfig: { pathConfigSource: { path: file(tls, name) }, resourceApiVersion: 'V3' },
  });
  return {
    name: 'envoy.transport_sockets.tls',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...(sanType(tls.serverName) === 'DNS' ? { sni: tls.serverName } : {}),
      commonTlsContext: {
        tlsCertificateSdsSecretConfigs: [secret('identity')],
        validationContextSdsSecretConfig: secret('trust'),
      },
    },
  };
}

function sanType(name: string): 'DNS' | 'IP_ADDRESS' | 'URI' {
  if (isIP(name)) return 'IP_ADDRESS';
  return name.includes('://') ? 'URI' : 'DNS';
}
