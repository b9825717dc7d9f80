/** A recorded, redacted answer of something outside, for its mock. */
export interface RecordedAnswer {
  readonly method: string;
  /** Path pattern: variable segments are `*`. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How often it was seen. */
  readonly seen: number;
}
