// The host calls we use, as imported. All pointers are into this module's memory; all results are a status, 0 = OK.
// Buffers the host returns are allocated through proxy_on_memory_allocate, that is from the arena: they live until the
// callback returns and are never freed one by one. Only what a module uses ends up among its imports.

/** Writes to Envoy's log. Status 2 (bad argument) for an unknown level. */
@external('env', 'proxy_log')
export declare function log(level: u32, message: usize, size: usize): u32;

/** `[start, start+length)` of a buffer; less if it is shorter; pointer 0 and size 0 if empty. */
@external('env', 'proxy_get_buffer_bytes')
export declare function getBufferBytes(type: u32, start: u32, length: u32, ptrOut: usize, sizeOut: usize): u32;

/** Replaces `[start, start+length)`; Envoy allows the whole (start 0, length ≥ size), prepending and appending. */
@external('env', 'proxy_set_buffer_bytes')
export declare function setBufferBytes(type: u32, start: u32, length: u32, data: usize, size: usize): u32;

/** The first value of a header. Status 1 = absent, 2 = no such map in this callback. */
@external('env', 'proxy_get_header_map_value')
export declare function getHeader(type: u32, key: usize, keySize: usize, ptrOut: usize, sizeOut: usize): u32;

/** All pairs: u32 count, then (u32 name size, u32 value size) each, then name NUL value NUL each. */
@external('env', 'proxy_get_header_map_pairs')
export declare function getHeaders(type: u32, ptrOut: usize, sizeOut: usize): u32;

@external('env', 'proxy_add_header_map_value')
export declare function addHeader(type: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;

@external('env', 'proxy_replace_header_map_value')
export declare function replaceHeader(type: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;

@external('env', 'proxy_remove_header_map_value')
export declare function removeHeader(type: u32, key: usize, keySize: usize): u32;

/** Answers the request from here. At most once per stream: a second one hangs the client (envoy#28826). */
@external('env', 'proxy_send_local_response')
export declare function sendLocalResponse(
  status: u32,
  details: usize,
  detailsSize: usize,
  body: usize,
  bodySize: usize,
  headers: usize,
  headersSize: usize,
  grpcStatus: i32,
): u32;

/** Lets a held stream go on, once the callback has returned. */
@external('env', 'proxy_continue_stream')
export declare function continueStream(type: u32): u32;

/** Resets the stream, once the callback has returned. */
@external('env', 'proxy_close_stream')
export declare function closeStream(type: u32): u32;

/**
 * Sends a whole request to a cluster on behalf of the root context; the answer comes to proxy_on_http_call_response with the
 * token. Needs :method, :path, :authority; sets content-length itself. Status 2 = no such cluster or a header is missing,
 * 10 = it failed at once (no callback follows then). Pairs above 1 MiB or 1024 entries arrive as none.
 */
@external('env', 'proxy_http_call')
export declare function httpCall(
  cluster: usize,
  clusterSize: usize,
  headers: usize,
  headersSize: usize,
  body: usize,
  bodySize: usize,
  trailers: usize,
  trailersSize: usize,
  timeoutMs: u32,
  tokenOut: usize,
): u32;

@external('env', 'proxy_define_metric')
export declare function defineMetric(type: u32, name: usize, nameSize: usize, idOut: usize): u32;

/** Adds `offset`; negative for gauges only, and a counter refuses 0. */
@external('env', 'proxy_increment_metric')
export declare function incrementMetric(id: u32, offset: i64): u32;

/** Sets a gauge, adds to a histogram. */
@external('env', 'proxy_record_metric')
export declare function recordMetric(id: u32, value: u64): u32;

/** Period of proxy_on_tick of the root in whose context this is called; 0 stops it. */
@external('env', 'proxy_set_tick_period_milliseconds')
export declare function setTickPeriod(ms: u32): u32;

/** Acts for another context until the callback returns. Status 2 = that context is gone. */
@external('env', 'proxy_set_effective_context')
export declare function setEffectiveContext(id: u32): u32;

/** Unix time in ns. */
@external('env', 'proxy_get_current_time_nanoseconds')
export declare function getCurrentTime(out: usize): u32;

/** Clock 1 is monotonic, ns. */
@external('wasi_snapshot_preview1', 'clock_time_get')
export declare function clockTimeGet(clock: u32, precision: u64, out: usize): u32;
