import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { TlsMaterial } from '../../control-plane/xds/credentials.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR = 3_600_000;

export interface Issued {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** How a certificate differs from a client's or server's ordinary one. */
export interface Order {
  readonly uris?: readonly string[];
  readonly dns?: readonly string[];
  /** Whether it may issue others. */
  readonly authority?: boolean;
  /** ms from now. */
  readonly from?: number;
  readonly to?: number;
}

let serial = 1;

/** A certificate authority that lives as long as its test. Its certificates are good from an hour ago for an hour from now. */
export class Authority {
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly pem: Buffer;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.pem = pem(certificate);
  }

  static async create(name = 'test authority'): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: nextSerial(),
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - HOUR),
      notAfter: new Date(Date.now() + HOUR),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return new Authority(certificate, keys);
  }

  async issue(subject: string, order: Order = {}): Promise<Issued> {
    const keys = await newKeys();
    const names = [
      ...(order.uris ?? []).map((value) => ({ type: 'url' as const, value })),
      ...(order.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: nextSerial(),
      subject: `CN=${subject}`,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() + (order.from ?? -HOUR)),
      notAfter: new Date(Date.now() + (order.to ?? HOUR)),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(order.authority ?? false, undefined, true),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return {
      certificate: pem(certificate),
      key: Buffer.from(x509.PemConverter.encode(key, 'PRIVATE KEY')),
    };
  }

  /** A client's certificate with one SPIFFE id. */
  spiffe(uri: string, order: Order = {}): Promise<Issued> {
    return this.issue(uri.slice(uri.lastIndexOf('/') + 1), { uris: [uri], ...order });
  }

  /** What a server on this machine listens with; it believes this authority. */
  async server(order: Order = {}): Promise<TlsMaterial> {
    return { ...(await this.issue('server', { dns: ['localhost'], ...order })), authorities: this.pem };
  }

  /** A list of certificates that are taken back. */
  async revoke(...issued: readonly Issued[]): Promise<Buffer> {
    const list = await x509.X509CrlGenerator.create({
      issuer: this.#certificate.subject,
      thisUpdate: new Date(Date.now() - HOUR),
      nextUpdate: new Date(Date.now() + HOUR),
      signingAlgorithm: algorithm,
      signingKey: this.#keys.privateKey,
      entries: issued.map(({ certificate }) => ({
        serialNumber: new x509.X509Certificate(certificate.toString()).serialNumber,
        revocationDate: new Date(),
      })),
    });
    return Buffer.from(`${x509.PemConverter.encode(list.rawData, 'X509 CRL')}\n`);
  }
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function pem(item: { toString(format: 'pem'): string }): Buffer {
  return Buffer.from(`${item.toString('pem')}\n`);
}

function nextSerial(): string {
  return (++serial).toString(16).padStart(4, '0');
}
