import { type UmbraCode, UmbraError } from '../mesh/errors.ts';

/** An error as the API sends it. */
export interface Problem {
  readonly code: UmbraCode;
  readonly message: string;
  readonly remedy: string;
}

const statuses: Partial<Record<UmbraCode, number>> = {
  UMB0702: 404,
  UMB0801: 401,
  UMB0803: 400,
  UMB0804: 404,
  UMB0805: 403,
  UMB0808: 503,
};

/** Status and body for an error; undefined for what is a bug of ours and not to be told in detail. */
export function problemOf(error: unknown): { status: number; body: Problem } | undefined {
  if (error instanceof UmbraError) {
    const { code, message, remedy } = error;
    // Of what is left, an order that the guardian refuses is a conflict with the present state.
    return { status: statuses[code] ?? (code.startsWith('UMB07') ? 409 : 500), body: { code, message, remedy } };
  }
  const status = (error as { statusCode?: unknown })?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const { code, message, remedy } = new UmbraError('UMB0803', (error as Error).message);
    return { status, body: { code, message, remedy } };
  }
  return undefined;
}
