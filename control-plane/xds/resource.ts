/** One named, encoded resource. The management server does not know what it means. */
export interface Resource {
  /** `type.googleapis.com/…` */
  readonly typeUrl: string;
  readonly name: string;
  /** Changes when and only when the body does. */
  readonly version: string;
  /** The encoded message, without the enclosing Any. */
  readonly body: Uint8Array;
  /** `shadow`: never served to a node that came in by a production listener. */
  readonly scope: 'any' | 'shadow';
  /** Time to live, for clients that say they understand it. */
  readonly ttlMs?: number;
}
