import type { Headers } from './header-block.ts';

/** Maps and buffers a callback can see; set by whoever calls in. */
export interface Visible {
  maps: Map<number, Headers>;
  buffers: Map<number, { bytes: string; writable: boolean }>;
}

export interface HttpCall {
  token: number;
  root: number;
  cluster: string;
  headers: Headers;
  body: string;
  trailers: Headers;
  timeoutMs: number;
}

export interface LocalResponse {
  status: number;
  headers: Headers;
  body: string;
  grpc: number;
}

/** What a context asked of its stream; the exchange acts on it after the callback, as Envoy does. */
export type StreamAction =
  | { do: 'continue'; type: number }
  | { do: 'close'; type: number }
  | { do: 'respond'; response: LocalResponse };

export interface HostOptions {
  /** Unix ms and monotonic ns at the start. */
  wallMs?: number;
  monotonicNs?: bigint;
  /** Answers http_call at once with this status instead of taking the call. */
  refuseCalls?: () => boolean;
}
