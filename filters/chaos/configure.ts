import { alloc } from '../abi/region';
import { among, Text } from '../abi/text';
import {
  ANYTHING,
  boolField,
  choiceField,
  closeConfiguration,
  HEADER,
  integerField,
  listField,
  MAX_SAFE,
  METHOD,
  numberField,
  objectField,
  openConfiguration,
  PATH,
  refuse,
  required,
  textField,
  textsField,
  wholeField,
} from '../lib/config';
import * as json from '../lib/json';
import { Node } from '../lib/tree';
import { monotonic } from './clock';
import { MOST_DELAY } from './delay';
import { isFixed } from './headers';
import { ALL, KIND_NAMES, RAW } from './kinds';
import { joinRoots } from './over';
import * as state from './state';
import { Fault, Root } from './state';
import { NEVER } from './waiting';

/** Ids go into a response header. */
const ID = 'aA0_.:-';
/** In the order of ON_REQUEST and ON_RESPONSE. */
const DIRECTIONS = words`request response`;
/** Later is as good as never: as many ns have room in 64 bits, beside the time since Envoy began. */
const MOST_MS: f64 = 1e13;
const HOST = 'aA0_.-';

/** Reads the plugin's configuration into the root. False, with the reason in the log, if any of it is wrong: nothing is kept then. */
export function configure(root: Root): bool {
  const tree = openConfiguration(root);
  if (tree !== null) read(root, tree);
  if (closeConfiguration(root, tree, 'umbra chaos')) {
    joinRoots(root);
    return true;
  }
  root.count = 0;
  return false;
}

function read(root: Root, n: Node): void {
  root.armed = NEVER;
  root.expireAt = NEVER;
  textField(n, 'filter', 1, 64, ID, changetype<Text>(changetype<usize>(root) + offsetof<Root>('filter')));
  required(n, 'generation');
  wholeField(n, 'generation', 0, 0, MAX_SAFE);
  root.maxBody = integerField(n, 'maxBodyBytes', 262144, 0, 1048576);
  required(n, 'faults');
  const list = listField(n, 'faults', 64);
  if (list === null || list.count == 0) return;
  const now = monotonic();
  root.faults = alloc(state.regionOf(root), list.count * offsetof<Fault>());
  if (root.faults == 0) return refuse('faults');
  memory.fill(root.faults, 0, list.count * offsetof<Fault>());
  for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
    const one = changetype<Node>(c);
    if (one.kind != json.OBJECT) refuse('faults');
    readFault(root, state.faultAt(root, root.count++), one, now);
  }
}

/** The place of a text's address and length in a fault. */
@inline
function text(f: Fault, offset: usize): Text {
  return changetype<Text>(changetype<usize>(f) + offset);
}

function readFault(root: Root, f: Fault, n: Node, now: u64): void {
  if (!textField(n, 'id', 1, 64, ID, text(f, offsetof<Fault>('id')))) refuse('id');
  required(n, 'expiresAtMs');
  f.expires = <u64>min<f64>(wholeField(n, 'expiresAtMs', 0, 0, MAX_SAFE), MOST_MS) * 1000000;
  const most = integerField(n, 'maxDurationMs', 0, 1, 86400000);
  f.begun = now;
  f.ends = most > 0 ? now + <u64>most * 1000000 : u64.MAX_VALUE;
  f.share = <u64>(numberField(n, 'share', 1, 0, 1) * 4294967296.0);
  f.seed = <u64>wholeField(n, 'seed', 0, 0, MAX_SAFE);
  f.maxActive = integerField(n, 'maxActive', 0, 1, 1000000);
  readMatch(f, objectField(n, 'match'));
  readDelay(root, f, objectField(n, 'delay'));
  readEnd(f, n);
  readMutate(root, f, objectField(n, 'mutate'));
  f.stall = choiceField(n, 'stall', DIRECTIONS);
  readTruncate(f, objectField(n, 'truncate'));
}

function readMatch(f: Fault, m: Node | null): void {
  if (m === null) return;
  textField(m, 'method', 1, 32, METHOD, text(f, offsetof<Fault>('method')));
  textField(m, 'pathPrefix', 1, 1024, PATH, text(f, offsetof<Fault>('prefix')));
  textField(m, 'path', 1, 256, PATH, text(f, offsetof<Fault>('pattern')));
  textField(m, 'authority', 1, 255, HOST, text(f, offsetof<Fault>('authority')));
  textField(m, 'caller', 1, 128, ANYTHING, text(f, offsetof<Fault>('caller')));
  const h = objectField(m, 'header');
  if (h === null) return;
  if (!textField(h, 'name', 1, 128, HEADER, text(f, offsetof<Fault>('headerName')))) refuse('header');
  textField(h, 'value', 0, 1024, ANYTHING, text(f, offsetof<Fault>('headerValue')));
}

function readDelay(root: Root, f: Fault, d: Node | null): void {
  if (d === null) return;
  required(d, 'kind');
  f.delay = choiceField(d, 'kind', words`fixed uniform normal pareto table`);
  if (f.delay == state.DELAY_TABLE) {
    const list = listField(d, 'table', 101);
    if (list === null || list.count < 2) return refuse('table');
    f.table = alloc(state.regionOf(root), (<usize>list.count) << 3);
    if (f.table == 0) return refuse('table');
    for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
      const v = changetype<Node>(c);
      if (v.kind != json.NUMBER || !(v.value >= 0 && v.value <= MOST_DELAY)) refuse('table');
      store<f64>(f.table + ((<usize>f.tableLength) << 3), v.value);
      f.tableLength++;
    }
    return;
  }
  required(d, 'ms');
  f.delayMs = numberField(d, 'ms', 0, 0, MOST_DELAY);
  const pareto = f.delay == state.DELAY_PARETO;
  f.spread = numberField(d, 'spread', pareto ? 2 : 0, pareto ? 0.1 : 0, pareto ? 100 : MOST_DELAY);
}

function readEnd(f: Fault, n: Node): void {
  let ends = 0;
  const a = objectField(n, 'abort');
  if (a !== null) {
    ends++;
    const http = integerField(a, 'http', 0, 200, 599);
    const grpc = integerField(a, 'grpc', 0, 1, 16);
    if ((http == 0) == (grpc == 0)) refuse('abort');
    f.end = http != 0 ? state.END_HTTP : state.END_GRPC;
    f.status = http != 0 ? http : grpc;
  }
  if (boolField(n, 'reset', false)) {
    ends++;
    f.end = state.END_RESET;
  }
  const e = objectField(n, 'exception');
  if (e !== null) {
    ends++;
    const template = choiceField(e, 'template', words`express spring grpc`);
    if (template == 0) refuse('exception');
    f.end = state.END_EXPRESS + template - 1;
    const grpc = f.end == state.END_GRPC_EXCEPTION;
    f.status = integerField(e, 'status', 0, grpc ? 1 : 400, grpc ? 16 : 599);
    if (f.status == 0) refuse('exception');
  }
  if (ends > 1) refuse('more than one of abort, reset, exception');
}

function readTruncate(f: Fault, t: Node | null): void {
  if (t === null) return;
  f.truncateOn = choiceField(t, 'on', DIRECTIONS);
  if (f.truncateOn == 0) refuse('truncate');
  required(t, 'bytes');
  f.truncateTo = integerField(t, 'bytes', 0, 0, 2147483647);
}

function readMutate(root: Root, f: Fault, m: Node | null): void {
  if (m === null) return;
  f.mutateOn = choiceField(m, 'on', DIRECTIONS);
  if (f.mutateOn == 0) refuse('mutate');
  f.ops = integerField(m, 'ops', 0, 1, 64);
  if (f.ops == 0) refuse('ops');
  f.raw = boolField(m, 'raw', false);
  f.kinds = choices(listField(m, 'kinds', 16), 'kinds', KIND_NAMES, RAW);
  if (f.kinds == 0) f.kinds = ALL;
  const parts = listField(m, 'parts', 3);
  f.parts = choices(parts, 'parts', words`body query headers`, state.PARTS);
  if (parts === null) f.parts = 1 << state.BODY;
  // An answer has no query.
  if (f.parts == 0 || (f.mutateOn == state.ON_RESPONSE && (f.parts & (1 << state.QUERY)) != 0)) refuse('parts');
  textsField(state.regionOf(root), m, 'headers', 64, 128, HEADER, text(f, offsetof<Fault>('only')));
  if (f.onlyCount != 0 && (f.parts & (1 << state.HEADERS)) == 0) refuse('headers');
  for (let i: u32 = 0; i < f.onlyCount; i++) {
    const t = changetype<Text>(f.only + <usize>i * offsetof<Text>());
    if (isFixed(t.ptr, t.len)) refuse('headers');
  }
}

/** Bits of the words that a list names, of the first `most`; 0 for none. */
function choices(list: Node | null, name: string, known: string, most: u32): u32 {
  let bits: u32 = 0;
  if (list === null) return bits;
  for (let c = list.child; c != 0; c = changetype<Node>(c).next) {
    const n = changetype<Node>(c);
    const choice: u32 = n.kind == json.STRING ? among(n.ptr, n.len, known) : 0;
    if (choice == 0 || choice > most) refuse(name);
    else bits |= 1 << (choice - 1);
  }
  return bits;
}
