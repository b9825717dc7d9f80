// Numbers of proxy-wasm ABI 0.2.1 (proxy-wasm/spec, abi-versions/v0.2.1) as Envoy's host reads them.

export const OK: u32 = 0;

// Header maps.
export const REQUEST_HEADERS: u32 = 0;
export const REQUEST_TRAILERS: u32 = 1;
export const RESPONSE_HEADERS: u32 = 2;
export const RESPONSE_TRAILERS: u32 = 3;
export const CALL_HEADERS: u32 = 6;
export const CALL_TRAILERS: u32 = 7;

// Buffers.
export const REQUEST_BODY: u32 = 0;
export const RESPONSE_BODY: u32 = 1;
export const CALL_BODY: u32 = 4;
export const PLUGIN_CONFIGURATION: u32 = 7;

// Streams.
export const REQUEST: u32 = 0;
export const RESPONSE: u32 = 1;

// What a callback answers. For headers 1 holds the headers only (with allow_on_headers_stop_iteration) and 4 holds all.
// For bodies 1 collects what has come so far. For trailers 1 holds.
export const CONTINUE: i32 = 0;
export const STOP: i32 = 1;
export const STOP_ALL: i32 = 4;
/** Bodies only: drop what has come, do not go on. */
export const STOP_NO_BUFFER: i32 = 3;

// Metrics.
export const COUNTER: u32 = 0;
export const GAUGE: u32 = 1;
export const HISTOGRAM: u32 = 2;

// Log levels.
export const INFO: u32 = 2;
export const ERROR: u32 = 4;
