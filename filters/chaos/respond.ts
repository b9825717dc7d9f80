import { header, len, ptr } from '../abi/call';
import { closeStream, sendLocalResponse } from '../abi/host';
import { ascii } from '../abi/text';
import { REQUEST, REQUEST_HEADERS } from '../abi/types';
import { putDate } from '../lib/date';
import { addTexts, finishHeaders, HeadersOut, newHeaders } from '../lib/headers';
import { Out, output, putByte, putString, putU64 } from '../lib/out';
import { wall } from './clock';
import * as metrics from './metrics';
import { FAULT_HEADER, nameFaults } from './name';
import { reason } from './reason';
import * as state from './state';
import { Stream } from './state';
import { count } from './tell';

const PATH = ascii(':path');
const CONTENT_TYPE = ascii('content-type');
const DETAILS = ascii('umbra_chaos');
const HTML = ascii('text/html; charset=utf-8');
const JSON_TYPE = ascii('application/json');
const POWERED_BY = ascii('x-powered-by');
const EXPRESS = ascii('Express');
const POLICY = ascii('content-security-policy');
const POLICY_VALUE = ascii("default-src 'none'");
const SNIFF = ascii('x-content-type-options');
const NOSNIFF = ascii('nosniff');

/** gRPC's own number for "no gRPC status given". */
const NO_GRPC: i32 = -1;

/**
 * Ends the stream as its faults say. Once per stream: a second local response hangs the client. The caller has made the
 * stream's context the effective one and must hold the stream after this.
 */
export function endStream(s: Stream): void {
  if (s.answered) return;
  s.answered = true;
  s.ended = true;
  if (s.end == state.END_RESET) {
    count(metrics.INJECTED_RESET);
    closeStream(REQUEST);
    return;
  }
  const body = output(512);
  const headers = newHeaders();
  if (headers === null) return bare(s.status);
  const name = nameFaults(s);
  if (!name.failed) addTexts(headers, FAULT_HEADER, name.ptr, name.len);
  let http = s.status;
  let grpc = NO_GRPC;
  if (s.end == state.END_HTTP || s.end == state.END_GRPC) {
    count(metrics.INJECTED_ABORT);
    if (s.end == state.END_GRPC) {
      http = 503;
      grpc = s.status;
    }
    putString(body, 'fault filter abort');
  } else {
    count(metrics.INJECTED_EXCEPTION);
    if (s.end == state.END_EXPRESS) express(s, headers, body);
    else if (s.end == state.END_SPRING) spring(s, headers, body);
    else {
      http = 500;
      grpc = s.status;
      putString(body, 'Application error processing RPC');
    }
  }
  const block = finishHeaders(headers);
  if (block === null || body.failed) return bare(http);
  sendLocalResponse(http, DETAILS.ptr, DETAILS.len, body.ptr, body.len, block.ptr, block.len, grpc);
}

function bare(status: u32): void {
  sendLocalResponse(status < 200 ? 503 : status, DETAILS.ptr, DETAILS.len, 0, 0, 0, 0, NO_GRPC);
}

/** As finalhandler, Express' last resort, answers in production mode. */
function express(s: Stream, headers: HeadersOut, body: Out): void {
  addTexts(headers, POWERED_BY, EXPRESS.ptr, EXPRESS.len);
  addTexts(headers, POLICY, POLICY_VALUE.ptr, POLICY_VALUE.len);
  addTexts(headers, SNIFF, NOSNIFF.ptr, NOSNIFF.len);
  addTexts(headers, CONTENT_TYPE, HTML.ptr, HTML.len);
  putString(
    body,
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>',
  );
  putString(body, reason(s.status));
  putString(body, '</pre>\n</body>\n</html>\n');
}

/** As Spring Boot's BasicErrorController answers for JSON. */
function spring(s: Stream, headers: HeadersOut, body: Out): void {
  addTexts(headers, CONTENT_TYPE, JSON_TYPE.ptr, JSON_TYPE.len);
  putString(body, '{"timestamp":"');
  putDate(body, wall() / 1000000);
  putString(body, '+00:00","status":');
  putU64(body, s.status);
  putString(body, ',"error":"');
  putString(body, reason(s.status));
  putString(body, '","path":"');
  if (header(REQUEST_HEADERS, PATH)) {
    for (let i: u32 = 0; i < len && i < 1024; i++) {
      const c: u32 = load<u8>(ptr + i);
      if (c == 63) break;
      if (c == 34 || c == 92) putByte(body, 92);
      if (c >= 32 && c < 127) putByte(body, c);
    }
  }
  putString(body, '"}');
}
