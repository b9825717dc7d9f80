import { patienceFor } from '../api/patience.ts';
import { codes } from '../mesh/codes.ts';
import { type UmbraCode, UmbraError } from '../mesh/errors.ts';
import type { Connection } from './connection.ts';

/** Asks the API. @throws UmbraError with the code the API gave, or UMB0802 where it does not answer */
export interface Client {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
}

export function createClient({ url, token }: Connection): Client {
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    let response: Response;
    let text: string;
    const patience = patienceFor(method);
    try {
      response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(token !== undefined && method !== 'GET' ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience),
      });
      text = await response.text();
    } catch (cause) {
      const unknown = method !== 'GET' && isTimeout(cause) ? '; the order may be carried out all the same' : '';
      throw new UmbraError('UMB0802', `${url} does not answer (${reasonOf(cause, patience)})${unknown}`, { cause });
    }
    if (response.ok) return text === '' ? undefined : parse(text, url);
    throw problemFrom(response.status, parse(text, url));
  };
  return {
    get: <T>(path: string) => ask('GET', path) as Promise<T>,
    post: <T>(path: string, body: unknown) => ask('POST', path, body) as Promise<T>,
    async delete(path) {
      await ask('DELETE', path);
    },
  };
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UmbraError('UMB0802', `what answers at ${url} is not Umbra`, { cause });
  }
}

/** The API's error as it was thrown there: `message` is already `title: detail`. */
function problemFrom(status: number, body: unknown): UmbraError {
  const { code, message, remedy } = (body ?? {}) as { code?: string; message?: string; remedy?: string };
  if (code === undefined || !Object.hasOwn(codes, code))
    return new UmbraError('UMB0802', `it answers with status ${status}`);
  const known = code as UmbraCode;
  const title = `${codes[known].title}: `;
  const detail = message?.startsWith(title) ? message.slice(title.length) : (message ?? '');
  return new UmbraError(known, detail, remedy === undefined ? {} : { remedy });
}

const isTimeout = (error: unknown) => (error as Error)?.name === 'TimeoutError';

function reasonOf(error: unknown, patience: number): string {
  if (isTimeout(error)) return `nothing within ${patience / 1000} s`;
  const cause = (error as { cause?: { code?: string; message?: string } })?.cause;
  return cause?.code ?? cause?.message ?? String(error);
}
