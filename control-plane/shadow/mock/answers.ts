import type { RecordedAnswer } from './recorded-answer.ts';

/** A segment that looks like an identifier or a number: one of many, so that its value is not part of the pattern. */
const variable = /^(?:\d+|[0-9a-f]{8,}|[0-9a-f-]{16,}|(?=.*\d)[A-Za-z0-9_-]{12,})$/i;

/** The pattern of a request's path: query dropped, segments that vary replaced by `*`. */
export function pathPattern(path: string): string {
  const [bare] = path.split('?');
  return bare!
    .split('/')
    .map((segment) => (variable.test(segment) ? '*' : segment))
    .join('/');
}

function matches(pattern: string, path: string): boolean {
  const a = pattern.split('/');
  const b = path.split('?')[0]!.split('/');
  return a.length === b.length && a.every((segment, i) => segment === '*' || segment === b[i]);
}

/**
 * The answer recorded for a request: same method, matching path; among several the one most seen, a success before a failure
 * (faults are injected, not remembered). Undefined where nothing like it was seen.
 */
export function answerFor(
  answers: readonly RecordedAnswer[],
  method: string,
  path: string,
): RecordedAnswer | undefined {
  const fitting = answers.filter((a) => a.method === method && matches(a.path, path));
  const rank = (a: RecordedAnswer) => (a.status < 500 ? 1e9 : 0) + (a.path.includes('*') ? 0 : 1e6) + a.seen;
  return fitting.sort((a, b) => rank(b) - rank(a))[0];
}

const FIELD = '[A-Za-z0-9_-]+';
const field = new RegExp(`^${FIELD}$`);
const echo = new RegExp(`^\\{\\{request\\.(${FIELD})\\}\\}$`);

/** What {@link fillBody} fills with a field of the request; undefined where it could not tell the field's name. */
export function echoOf(name: string): string | undefined {
  return field.test(name) ? `{{request.${name}}}` : undefined;
}

/** Fills a recorded JSON body's `{{request.FIELD}}` with what this request sent; other bodies are as recorded. */
export function fillBody(body: string, request: string): string {
  if (!body.includes('{{request.')) return body;
  let sent: Record<string, unknown> = {};
  try {
    sent = JSON.parse(request) as Record<string, unknown>;
  } catch {
    // Not JSON: the markers become null.
  }
  try {
    const filled = JSON.parse(body, (_, value: unknown) => {
      const field = typeof value === 'string' ? echo.exec(value)?.[1] : undefined;
      return field === undefined ? value : (sent?.[field] ?? null);
    });
    return JSON.stringify(filled);
  } catch {
    return body;
  }
}
