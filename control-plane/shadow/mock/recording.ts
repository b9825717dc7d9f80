import { echoOf, pathPattern } from './answers.ts';
import type { RecordedAnswer } from './recorded-answer.ts';
import type { Redaction } from './redaction.ts';
import type { Sample } from './sample.ts';

/** Headers that belong to one exchange or connection, not to the answer. */
const NOT_KEPT =
  /^(:|x-envoy-|x-umbra-|set-cookie$|date$|connection$|keep-alive$|transfer-encoding$|content-length$|server$|via$|x-request-id$|etag$|last-modified$)/;
const MOST_ANSWERS = 200;
const MOST_BODY = 65_536;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON answer whose top-level values repeat the request's is kept with references to them in their place. */
function withEchoes(body: string, request: string): string {
  let sent: unknown;
  let answer: Json;
  try {
    answer = JSON.parse(body) as Json;
    sent = JSON.parse(request);
  } catch {
    return body;
  }
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return body;
  const fields = Object.entries(sent).filter(
    ([k, v]) =>
      echoOf(k) !== undefined &&
      ((typeof v === 'string' && v.length > 2) || (typeof v === 'number' && Math.abs(v) > 9)),
  );
  const replace = (name: string, value: Json): Json => {
    if (Array.isArray(value)) return value.map((v) => replace(name, v));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, replace(k, v)]));
    const same = fields.filter(([, v]) => v === value);
    const field = same.find(([k]) => k === name) ?? same[0];
    return (field && echoOf(field[0])) ?? value;
  };
  return JSON.stringify(replace('', answer));
}

/** Answers of one external, by method, path pattern and status: the newest of each, redacted, with how often it was seen. */
export class Recording {
  readonly #answers = new Map<string, RecordedAnswer>();
  readonly #redaction: Redaction;

  constructor(redaction: Redaction, before: readonly RecordedAnswer[] = []) {
    this.#redaction = redaction;
    for (const answer of before) this.#answers.set(keyOf(answer), answer);
  }

  /** False where it is not kept, because its body cannot be read: a secret might be in it. */
  add(sample: Sample): boolean {
    if (sample.body.length > MOST_BODY) return true;
    const whole = withEchoes(sample.body, sample.requestBody);
    const body = isEncoded(sample) ? undefined : this.#redaction.body(whole, sample.headers['content-type'] ?? '');
    if (body === undefined) return false;
    const path = pathPattern(this.#redaction.path(sample.path));
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(sample.headers))
      if (!NOT_KEPT.test(name)) headers[name] = this.#redaction.header(name, value);
    const answer = {
      method: sample.method,
      path,
      status: sample.status,
      headers,
      body,
    };
    const key = keyOf(answer);
    const seen = (this.#answers.get(key)?.seen ?? 0) + 1;
    // Newest last, so that the oldest is the first to go.
    this.#answers.delete(key);
    this.#answers.set(key, { ...answer, seen });
    if (this.#answers.size > MOST_ANSWERS) this.#answers.delete(this.#answers.keys().next().value!);
    return true;
  }

  answers(): RecordedAnswer[] {
    return [...this.#answers.values()];
  }
}

const isEncoded = ({ headers, body }: Sample) =>
  body !== '' && (headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';

const keyOf = (a: Pick<RecordedAnswer, 'method' | 'path' | 'status'>) => `${a.method} ${a.path} ${a.status}`;
