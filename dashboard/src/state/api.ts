import { patienceFor } from '../../../control-plane/api/patience.ts';
import type { OverrideOrder } from '../../../control-plane/mesh/record.ts';
import { getState, notify, setState } from './store.ts';

/** An error as the API tells it. */
export class ApiError extends Error {
  readonly code: string;
  readonly remedy: string;
  constructor(code: string, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

async function ask(method: string, path: string, body?: unknown, token?: string): Promise<unknown> {
  let response: Response;
  let text: string;
  const patience = patienceFor(method);
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      credentials: 'omit',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
    });
    text = await response.text();
  } catch (e) {
    if ((e as Error).name === 'TimeoutError') {
      const unknown = method === 'GET' ? '' : '; the order may be carried out all the same';
      throw new ApiError(
        'UMB0802',
        `the control plane gave no answer within ${patience / 1000} s${unknown}`,
        'Look at the terminal of `umbra up`. A browser opens six connections to one address: of many dashboards in sight close some.',
      );
    }
    throw new ApiError(
      'UMB0802',
      'the control plane does not answer',
      'The data plane goes on; look at the terminal of `umbra up`.',
    );
  }
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  if (response.ok) return value;
  const {
    code = 'UMB0809',
    message = `status ${response.status}`,
    remedy = '',
  } = (value ?? {}) as Record<string, string>;
  throw new ApiError(code, message, remedy);
}

export const get = <T>(path: string) => ask('GET', path) as Promise<T>;

const KEY = 'umbra.token';

/** Takes up the token of this tab's session, if any. */
export function rememberedToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

/** Tries a token and keeps it for this tab's session. @throws ApiError UMB0801 */
export async function acceptToken(token: string): Promise<void> {
  await ask('POST', '/token', undefined, token);
  sessionStorage.setItem(KEY, token);
  const waiting = getState().asking;
  setState({ token, asking: undefined });
  waiting?.proceed?.();
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY);
  setState({ token: undefined });
}

/** Does what needs the token; asks for it first where there is none, and again where it is refused. Errors are shown. */
export async function withToken(
  what: string,
  action: (token: string) => Promise<unknown>,
  done?: string,
): Promise<boolean> {
  const { token } = getState();
  if (token === undefined) {
    setState({ asking: { what, proceed: () => void withToken(what, action, done) } });
    return false;
  }
  try {
    const given = (await action(token)) as { note?: string } | undefined;
    if (done !== undefined) notify('done', done, given?.note);
    return true;
  } catch (e) {
    const error = e as ApiError;
    if (error.code === 'UMB0801') forgetToken();
    notify('error', `${error.code} ${error.message}`, error.remedy);
    return false;
  }
}

export const giveOrder = (what: string, order: OverrideOrder, options: { reason?: string; ttlMs?: number } = {}) =>
  withToken(what, (token) => ask('POST', '/overrides', { order, by: 'dashboard', ...options }, token), `${what}: done`);

export const cancelOrder = (what: string, id: string) =>
  withToken(
    what,
    (token) => ask('DELETE', `/overrides/${encodeURIComponent(id)}?by=dashboard`, undefined, token),
    `${what}: done`,
  );
