import { bytes, len, logBytes, monotonicNs, ptr } from '../abi/call';
import { alloc, drop, newRegion } from '../abi/region';
import { is, Text } from '../abi/text';
import { ERROR, PLUGIN_CONFIGURATION } from '../abi/types';
import {
  boolField,
  field,
  listField,
  Node,
  integerField,
  numberField,
  objectField,
  only,
  parseTree,
  refuse,
  textField,
  wrong,
} from '../lib/config';
import * as json from '../lib/json';
import { newOut, putString } from '../lib/out';
import { ALL, kindOf } from './kinds';
import * as state from './state';
import { Fault, Root } from './state';

const MAX_SAFE: f64 = 9007199254740991;
const text = changetype<Text>(memory.data(offsetof<Text>(), 8));

/** Reads the plugin's configuration into the root. False, with the reason in the log, if any of it is wrong: nothing is kept then. */
export function configure(root: Root): bool {
  const region = newRegion();
  if (region === null) return complain('no memory');
  root.region = changetype<usize>(region);
  if (!bytes(PLUGIN_CONFIGURATION, 0, 0x7fffffff)) return give(root, 'empty');
  const tree = parseTree(region, ptr, len);
  if (tree === null) return give(root, 'not JSON');
  only(tree, 'generation faults maxBodyBytes');
  if (field(tree, 'generation') === null) refuse('generation');
  integerField(tree, 'generation', 0, 0, MAX_SAFE);
  root.maxBody = <u32>integerField(tree, 'maxBodyBytes', 262144, 0, 1048576);
  const list = listField(tree, 'faults');
  if (list === null || list.count > 64) refuse('faults');
  else if (list.count > 0) {
    const now = monotonicNs();
    root.faults = alloc(region, list.count * offsetof<Fault>());
    if (root.faults == 0) return give(root, 'no memory');
    memory.fill(root.faults, 0, list.count * offsetof<Fault>());
    for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
      readFault(root, state.faultAt(root, root.count++), changetype<Node>(c), now);
    }
  }
  if (wrong.length > 0) return give(root, wrong);
  return true;
}

function give(root: Root, why: string): bool {
  drop(state.regionOf(root));
  root.region = 0;
  root.count = 0;
  root.faults = 0;
  return complain(why);
}

function complain(why: string): bool {
  const o = newOut(128);
  if (o !== null) {
    putString(o, 'umbra chaos: configuration refused: ');
    putString(o, why);
    logBytes(ERROR, o.ptr, o.len);
  }
  return false;
}

function readFault(root: Root, f: Fault, n: Node, now: u64): void {
  only(n, 'id expiresAtMs maxDurationMs share seed match maxActive delay abort reset exception mutate stall truncate');
  if (!textField(n, 'id', text)) refuse('id');
  f.id = text.ptr;
  f.idLen = text.len;
  if (f.idLen == 0 || f.idLen > 64) refuse('id');
  for (let i: u32 = 0; i < f.idLen; i++) {
    // It goes into a response header.
    const c: u32 = load<u8>(f.id + i);
    if (!((c | 32) - 97 < 26 || c - 48 < 10 || c == 46 || c == 58 || c == 95 || c == 45)) refuse('id');
  }
  if (field(n, 'expiresAtMs') === null) refuse('expiresAtMs');
  f.expires = <u64>integerField(n, 'expiresAtMs', 0, 0, MAX_SAFE) * 1000000;
  const most = integerField(n, 'maxDurationMs', 0, 1, 86400000);
  f.ends = most > 0 ? now + <u64>most * 1000000 : u64.MAX_VALUE;
  f.share = <u64>(numberField(n, 'share', 1, 0, 1) * 4294967296.0);
  f.seed = <u64>integerField(n, 'seed', 0, 0, MAX_SAFE);
  f.maxActive = <u32>integerField(n, 'maxActive', 0, 1, 1000000);
  readMatch(f, n);
  readDelay(root, f, n);
  readEnd(f, n);
  readMutate(f, n);
  if (textField(n, 'stall', text)) {
    if (is(text.ptr, text.len, 'request')) f.stall = state.ON_REQUEST;
    else if (is(text.ptr, text.len, 'response')) f.stall = state.ON_RESPONSE;
    else refuse('stall');
  }
  f.truncate = <i32>integerField(n, 'truncate', -1, 0, 2147483647);
}

function readMatch(f: Fault, n: Node): void {
  const m = objectField(n, 'match', 'method pathPrefix header caller');
  if (m === null) return;
  if (textField(m, 'method', text)) {
    f.method = text.ptr;
    f.methodLen = text.len;
  }
  if (textField(m, 'pathPrefix', text)) {
    f.prefix = text.ptr;
    f.prefixLen = text.len;
  }
  if (textField(m, 'caller', text)) {
    f.caller = text.ptr;
    f.callerLen = text.len;
  }
  const h = objectField(m, 'header', 'name value');
  if (h === null) return;
  if (!textField(h, 'name', text) || text.len == 0) refuse('header');
  f.headerName = text.ptr;
  f.headerNameLen = text.len;
  if (textField(h, 'value', text)) {
    f.headerValue = text.ptr;
    f.headerValueLen = text.len;
  }
}

function readDelay(root: Root, f: Fault, n: Node): void {
  const d = objectField(n, 'delay', 'kind ms spread table');
  if (d === null) return;
  if (!textField(d, 'kind', text)) refuse('delay');
  else if (is(text.ptr, text.len, 'fixed')) f.delay = state.DELAY_FIXED;
  else if (is(text.ptr, text.len, 'uniform')) f.delay = state.DELAY_UNIFORM;
  else if (is(text.ptr, text.len, 'normal')) f.delay = state.DELAY_NORMAL;
  else if (is(text.ptr, text.len, 'pareto')) f.delay = state.DELAY_PARETO;
  else if (is(text.ptr, text.len, 'table')) f.delay = state.DELAY_TABLE;
  else refuse('delay');
  if (f.delay == state.DELAY_TABLE) {
    const list = listField(d, 'table');
    if (list === null || list.count < 2 || list.count > 101) {
      refuse('table');
      return;
    }
    f.table = alloc(state.regionOf(root), (<usize>list.count) << 3);
    if (f.table == 0) {
      refuse('table');
      return;
    }
    for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
      const v = changetype<Node>(c);
      if (v.kind != json.NUMBER || !(v.value >= 0 && v.value <= 60000)) refuse('table');
      store<f64>(f.table + ((<usize>f.tableLength) << 3), v.value);
      f.tableLength++;
    }
    return;
  }
  if (field(d, 'ms') === null) refuse('delay');
  f.delayMs = numberField(d, 'ms', 0, 0, 60000);
  f.spread =
    f.delay == state.DELAY_PARETO ? numberField(d, 'spread', 2, 0.1, 100) : numberField(d, 'spread', 0, 0, 60000);
}

function readEnd(f: Fault, n: Node): void {
  let ends = 0;
  const a = objectField(n, 'abort', 'http grpc');
  if (a !== null) {
    ends++;
    const http = integerField(a, 'http', 0, 200, 599);
    const grpc = integerField(a, 'grpc', 0, 1, 16);
    if ((http == 0) == (grpc == 0)) refuse('abort');
    f.end = http != 0 ? state.END_HTTP : state.END_GRPC;
    f.status = <u32>(http != 0 ? http : grpc);
  }
  if (boolField(n, 'reset', false)) {
    ends++;
    f.end = state.END_RESET;
  }
  const e = objectField(n, 'exception', 'template status');
  if (e !== null) {
    ends++;
    if (!textField(e, 'template', text)) refuse('exception');
    else if (is(text.ptr, text.len, 'express')) f.end = state.END_EXPRESS;
    else if (is(text.ptr, text.len, 'spring')) f.end = state.END_SPRING;
    else if (is(text.ptr, text.len, 'grpc')) f.end = state.END_GRPC_EXCEPTION;
    else refuse('exception');
    const grpc = f.end == state.END_GRPC_EXCEPTION;
    f.status = <u32>integerField(e, 'status', 0, grpc ? 1 : 400, grpc ? 16 : 599);
    if (f.status == 0) refuse('exception');
  }
  if (ends > 1) refuse('more than one of abort, reset, exception');
}

function readMutate(f: Fault, n: Node): void {
  const m = objectField(n, 'mutate', 'on ops kinds raw');
  if (m === null) return;
  if (!textField(m, 'on', text)) refuse('mutate');
  else if (is(text.ptr, text.len, 'request')) f.mutateOn = state.ON_REQUEST;
  else if (is(text.ptr, text.len, 'response')) f.mutateOn = state.ON_RESPONSE;
  else refuse('mutate');
  f.ops = <u32>integerField(m, 'ops', 0, 1, 64);
  if (f.ops == 0) refuse('ops');
  f.raw = boolField(m, 'raw', false);
  f.kinds = ALL;
  const list = listField(m, 'kinds');
  if (list === null || list.count == 0) return;
  f.kinds = 0;
  for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
    const k = changetype<Node>(c);
    const kind = k.kind == json.STRING ? kindOf(k.ptr, k.len) : -1;
    if (kind < 0) refuse('kinds');
    else f.kinds |= 1 << kind;
  }
}
