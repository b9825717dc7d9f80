/** One exchange as Envoy's HTTP tap writes it (envoy.data.tap.v3.HttpBufferedTrace as JSON, bodies as strings). */
export interface Sample {
  readonly method: string;
  readonly path: string;
  readonly requestBody: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface TapMessage {
  headers?: { key?: string; value?: string; raw_value?: string }[];
  body?: { as_string?: string; as_bytes?: string; truncated?: boolean };
}

const headersOf = (message: TapMessage | undefined): Record<string, string> => {
  const found: Record<string, string> = {};
  for (const { key, value, raw_value } of message?.headers ?? [])
    if (key !== undefined)
      found[key.toLowerCase()] =
        value ?? (raw_value === undefined ? '' : Buffer.from(raw_value, 'base64').toString('utf8'));
  return found;
};
const bodyOf = (message: TapMessage | undefined): string =>
  message?.body?.as_string ??
  (message?.body?.as_bytes === undefined ? '' : Buffer.from(message.body.as_bytes, 'base64').toString('utf8'));

/** Reads a tap file; undefined for what is no finished exchange, or was cut off. */
export function readSample(text: string): Sample | undefined {
  let trace: { request?: TapMessage; response?: TapMessage } | undefined;
  try {
    trace = (JSON.parse(text) as { http_buffered_trace?: typeof trace }).http_buffered_trace;
  } catch {
    return undefined;
  }
  const { request, response } = trace ?? {};
  const asked = headersOf(request);
  const answered = headersOf(response);
  const method = asked[':method'];
  const path = asked[':path'];
  const status = Number(answered[':status']);
  if (method === undefined || path === undefined || !(status >= 100) || response?.body?.truncated) return undefined;
  return {
    method,
    path,
    requestBody: request?.body?.truncated ? '' : bodyOf(request),
    status,
    headers: answered,
    body: bodyOf(response),
  };
}
