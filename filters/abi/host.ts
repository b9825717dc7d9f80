// The host calls we use, as imported: proxy-wasm ABI 0.2.1 as Envoy answers it. Only what a module calls ends up among its imports.
//
// Units and ownership. Addresses are of this module's memory. What the module passes, the host copies before it returns. What the
// host gives, it copies into memory it asks proxy_on_memory_allocate for, that is into the arena: it lives until the callback
// returns and is never freed one by one; address and length are written to the places given (address 0 for no bytes). Times are in
// nanoseconds unless said otherwise. Names of headers are in lower case; values are bytes.
//
// Every call returns a status: 0 = done, 1 = not found, 2 = bad argument (no such map, buffer, metric or context in this callback),
// 10 = failed inside. Which of them a call can give is said with it; nothing here traps.

/** Writes a line to Envoy's log. 2 for an unknown level. */
@external('env', 'proxy_log')
export declare function log(level: u32, message: usize, size: usize): u32;

/**
 * `[start, start+length)` of a buffer, less if it is shorter. 1 if this callback has no such buffer. A body callback sees what has
 * come since the last one that answered Continue.
 */
@external('env', 'proxy_get_buffer_bytes')
export declare function getBufferBytes(type: u32, start: u32, length: u32, ptrOut: usize, sizeOut: usize): u32;

/**
 * Replaces `[start, start+length)`: Envoy takes the whole (start 0, length ≥ size), prepending (start 0, length 0) and appending
 * (start ≥ size), and answers 2 to anything else. Content-length is the caller's to mend.
 */
@external('env', 'proxy_set_buffer_bytes')
export declare function setBufferBytes(type: u32, start: u32, length: u32, data: usize, size: usize): u32;

/** The first value of a header. 1 = absent, 2 = no such map in this callback. */
@external('env', 'proxy_get_header_map_value')
export declare function getHeader(type: u32, key: usize, keySize: usize, ptrOut: usize, sizeOut: usize): u32;

/** All pairs as one block (see pairs.ts), of no bytes where there is no such map. */
@external('env', 'proxy_get_header_map_pairs')
export declare function getHeaders(type: u32, ptrOut: usize, sizeOut: usize): u32;

/** One more value. 2 = no such map, or it has left already. */
@external('env', 'proxy_add_header_map_value')
export declare function addHeader(type: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;

/** Sets the value of the first of that name, or adds it. 2 as above. */
@external('env', 'proxy_replace_header_map_value')
export declare function replaceHeader(type: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;

/** Takes all of a name away; 0 also if there was none. 2 as above. */
@external('env', 'proxy_remove_header_map_value')
export declare function removeHeader(type: u32, key: usize, keySize: usize): u32;

/**
 * Answers the request from here, with an HTTP status and, for gRPC callers, a gRPC one (-1 = by the HTTP status). At most once per
 * stream: a second one hangs the client (envoy#28826). The callback must hold the stream (its answer is not Continue).
 */
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

/** Lets a held request (0) or response (1) go on, once the callback has returned. */
@external('env', 'proxy_continue_stream')
export declare function continueStream(type: u32): u32;

/** Resets the stream, once the callback has returned; both directions go. */
@external('env', 'proxy_close_stream')
export declare function closeStream(type: u32): u32;

/**
 * Sends a whole request to a cluster on behalf of the root context, time-out in ms. The answer comes whole to
 * proxy_on_http_call_response with the token, also when it failed (no headers then), but not once the root is deleted. Needs
 * :method, :path, :authority; sets content-length itself. 2 = no such cluster or a header is missing, 10 = it failed at once (no
 * callback follows either). Pairs above 1 MiB or 1024 entries arrive as none.
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

/**
 * The id of a metric, which Envoy calls `wasmcustom.` and the name. The same name has one metric however often it is defined, but
 * each call takes an id for good. 2 for an unknown type.
 */
@external('env', 'proxy_define_metric')
export declare function defineMetric(type: u32, name: usize, nameSize: usize, idOut: usize): u32;

/** Adds to a counter or gauge; 1 for an unknown id, 2 for a histogram, and for 0 and less on a counter. */
@external('env', 'proxy_increment_metric')
export declare function incrementMetric(id: u32, offset: i64): u32;

/** Sets a gauge, adds to a counter or histogram. 1 for an unknown id. */
@external('env', 'proxy_record_metric')
export declare function recordMetric(id: u32, value: u64): u32;

/** Period in ms of proxy_on_tick of the root in whose context this is called, from now on; 0 stops it. */
@external('env', 'proxy_set_tick_period_milliseconds')
export declare function setTickPeriod(ms: u32): u32;

/** Acts for another context until the callback returns. 2 = that context is gone. */
@external('env', 'proxy_set_effective_context')
export declare function setEffectiveContext(id: u32): u32;

/** Unix time, to a u64. */
@external('env', 'proxy_get_current_time_nanoseconds')
export declare function getCurrentTime(out: usize): u32;

/** WASI's clocks, to a u64: 0 is Unix time, 1 monotonic. The precision asked for is ignored. */
@external('wasi_snapshot_preview1', 'clock_time_get')
export declare function clockTimeGet(clock: u32, precision: u64, out: usize): u32;
