/** What one client may ask of the server. Beyond a limit its stream ends with RESOURCE_EXHAUSTED and an audit event. */
export interface Limits {
  /** Largest request, bytes. */
  readonly messageBytes: number;
  /** Bytes of all requests of one connection that have begun and not ended. One may always be on its way. */
  readonly unfinishedBytes: number;
  /** Connections of one listener. */
  readonly connections: number;
  /** Streams of one listener. */
  readonly streams: number;
  /** Connections, and streams, of all that come with one SPIFFE id: whoever holds it leaves room for the others. */
  readonly connectionsPerIdentity: number;
  readonly streamsPerIdentity: number;
  /** Streams on one connection. */
  readonly streamsPerConnection: number;
  /** Streams of one node. */
  readonly streamsPerNode: number;
  /** Resource types on one stream. */
  readonly types: number;
  /** Names asked for on one stream, all types together. */
  readonly names: number;
  /** Characters of all those names. */
  readonly namesLength: number;
  /** Longest name, type URL or node id, characters. */
  readonly nameLength: number;
  /**
   * Requests a second that one stream may go on making, and how many at once. Who makes more waits, until its own rate or its part of
   * `spareRequestRate`, which such streams of a listener share evenly, has made up for it: nothing is lost, and who stays within waits
   * for nobody. An acknowledgement that asks for nothing does not count, since the server sets its pace. A large request counts as
   * several: one for every KiB that has to be read, which takes as long as one small request; for every 4 KiB of a node said again, and
   * of what has just come from anybody where it changes nothing or is the first of its type; for every 256 bytes of a delta request
   * that changes what is asked for: only the first has to say everything.
   */
  readonly requestRate: number;
  readonly requestBurst: number;
  readonly spareRequestRate: number;
  /** Answers, and their bytes, handed to a stream's connection and not yet taken. One answer may always be on its way. */
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** How long a client may leave what is on its way unread, ms. */
  readonly stallMs: number;
  /** How long a stream may take to say who it is, and for any request from its first byte to its last, ms. */
  readonly helloMs: number;
  /** How long a connection may have no stream, ms. */
  readonly idleMs: number;
}

export const defaultLimits: Limits = {
  messageBytes: 4 * 1024 * 1024,
  unfinishedBytes: 16 * 1024 * 1024,
  connections: 8192,
  streams: 8192,
  connectionsPerIdentity: 4096,
  streamsPerIdentity: 4096,
  streamsPerConnection: 1000,
  streamsPerNode: 1000,
  types: 64,
  names: 50_000,
  namesLength: 4 * 1024 * 1024,
  nameLength: 2048,
  requestRate: 200,
  requestBurst: 2000,
  spareRequestRate: 1000,
  queuedMessages: 4,
  queuedBytes: 1024 * 1024,
  stallMs: 60_000,
  helloMs: 30_000,
  idleMs: 300_000,
};
