/** What one client may ask of the server. Beyond a limit its stream ends with RESOURCE_EXHAUSTED and an audit event. */
export interface Limits {
  /** Largest request, bytes. */
  readonly messageBytes: number;
  /** Streams of one listener. */
  readonly streams: number;
  /** Resource types on one stream. */
  readonly types: number;
  /** Names asked for on one stream, all types together. */
  readonly names: number;
  /** Longest name, type URL or node id, characters. */
  readonly nameLength: number;
}

export const defaultLimits: Limits = {
  messageBytes: 4 * 1024 * 1024,
  streams: 8192,
  types: 64,
  names: 50_000,
  nameLength: 2048,
};
