import { bytes, len, logBytes, ptr } from '../abi/call';
import { alloc, drop, newRegion, Region } from '../abi/region';
import { Text } from '../abi/text';
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
  textList,
  wrong,
} from '../lib/config';
import { newOut, putString } from '../lib/out';
import * as state from './state';
import { routeOf } from './routes';
import { list, Root } from './state';

const MAX_SAFE: f64 = 9007199254740991;
const MiB: f64 = 1048576;
const text = changetype<Text>(memory.data(offsetof<Text>(), 8));

/** The heartbeat's period in ms that the configuration last read asks for. */
export let heartbeatMs: u32 = 1000;

/** Reads the plugin's configuration into the root. False, with the reason in the log, if any of it is wrong: nothing is kept then. */
export function configure(root: Root): bool {
  const region = newRegion();
  if (region === null) return complain('no memory');
  root.region = changetype<usize>(region);
  if (!bytes(PLUGIN_CONFIGURATION, 0, 0x7fffffff)) return give(root, 'empty');
  const tree = parseTree(region, ptr, len);
  if (tree === null) return give(root, 'not JSON');
  read(root, region, tree);
  if (wrong.length > 0) return give(root, wrong);
  root.ready = true;
  return true;
}

function give(root: Root, why: string): bool {
  drop(state.regionOf(root));
  root.region = 0;
  return complain(why);
}

function complain(why: string): bool {
  const o = newOut(128);
  if (o !== null) {
    putString(o, 'umbra mirror: configuration refused: ');
    putString(o, why);
    logBytes(ERROR, o.ptr, o.len);
  }
  return false;
}

function need(n: Node, name: string): void {
  if (field(n, name) === null) refuse(name);
}

/** A list of strings of at most `most` into one of the root's lists. */
function texts(root: Root, region: Region, n: Node | null, name: string, offset: usize, most: u32): void {
  const at = list(root, offset);
  store<u32>(at, <u32>textList(region, n, name, at + 4));
  if (load<u32>(at, 4) > most) refuse(name);
}

function read(root: Root, region: Region, n: Node): void {
  only(
    n,
    'generation cluster authority percent session match exclude maxBodyBytes maxInFlight maxBytesHeld timeoutMs redact pseudonymKey identity opaque learn compare routes twicePercent heartbeatMs',
  );
  need(n, 'generation');
  integerField(n, 'generation', 0, 0, MAX_SAFE);
  if (!textField(n, 'cluster', text) || text.len == 0) refuse('cluster');
  root.cluster = text.ptr;
  root.clusterLen = text.len;
  if (textField(n, 'authority', text)) {
    if (text.len == 0) refuse('authority');
    root.authority = text.ptr;
    root.authorityLen = text.len;
  }
  need(n, 'percent');
  root.share = <u64>(numberField(n, 'percent', 0, 0, 100) * 42949672.96);
  root.twice = <u64>(numberField(n, 'twicePercent', 0, 0, 100) * 42949672.96);
  root.maxBody = <u32>integerField(n, 'maxBodyBytes', MiB, 0, 8 * MiB);
  root.maxInFlight = <u32>integerField(n, 'maxInFlight', 64, 1, 4096);
  root.maxHeld = <u32>integerField(n, 'maxBytesHeld', 16 * MiB, 0, 256 * MiB);
  root.timeoutMs = <u32>integerField(n, 'timeoutMs', 5000, 1, 600000);
  heartbeatMs = <u32>integerField(n, 'heartbeatMs', 1000, 10, 3600000);
  readKey(root, n);
  readSession(root, n);
  readMatch(root, region, n);
  const redact = objectField(n, 'redact', 'headers query jsonFields keep cards bearer emails');
  texts(root, region, redact, 'headers', offsetof<Root>('redactHeaders'), 64);
  texts(root, region, redact, 'query', offsetof<Root>('redactQuery'), 64);
  texts(root, region, redact, 'jsonFields', offsetof<Root>('redactFields'), 64);
  texts(root, region, redact, 'keep', offsetof<Root>('keep'), 64);
  root.cards = boolField(redact, 'cards', true);
  root.bearer = boolField(redact, 'bearer', true);
  root.emails = boolField(redact, 'emails', false);
  const identity = objectField(n, 'identity', 'headers plainCookies');
  texts(root, region, identity, 'headers', offsetof<Root>('identityHeaders'), 16);
  texts(root, region, identity, 'plainCookies', offsetof<Root>('plainCookies'), 64);
  texts(root, region, n, 'opaque', offsetof<Root>('opaque'), 64);
  const learn = objectField(n, 'learn', 'jsonPaths location setCookie');
  texts(root, region, learn, 'jsonPaths', offsetof<Root>('learnPaths'), 32);
  for (let i: u32 = 0; i < root.learnPathsCount; i++)
    checkPath(state.listAt(list(root, offsetof<Root>('learnPaths')), i));
  texts(root, region, learn, 'setCookie', offsetof<Root>('learnCookies'), 16);
  root.learnLocation = boolField(learn, 'location', false);
  readRoutes(root, region, n);
  root.compareBody = boolField(objectField(n, 'compare', 'body'), 'body', true);
}

/** Names for the comparison's numbers by path prefix; the first that fits counts. */
function readRoutes(root: Root, region: Region, n: Node): void {
  const routes = listField(n, 'routes');
  if (routes === null || routes.count == 0) return;
  if (routes.count > 32) return refuse('routes');
  root.routes = alloc(region, routes.count * 12);
  if (root.routes == 0) return refuse('routes');
  for (let c = routes.child; c != 0; c = changetype<Node>(c).next) {
    const one = changetype<Node>(c);
    only(one, 'name pathPrefix');
    const at = root.routes + <usize>root.routesCount * 12;
    if (!textField(one, 'pathPrefix', text) || text.len == 0) return refuse('routes');
    store<u32>(at, <u32>text.ptr);
    store<u32>(at, text.len, 4);
    if (!textField(one, 'name', text) || text.len == 0 || text.len > 64) return refuse('routes');
    for (let i: u32 = 0; i < text.len; i++) {
      const b: u32 = load<u8>(text.ptr + i);
      if (!(b - 48 < 10 || (b | 32) - 97 < 26 || b == 95 || b == 45)) return refuse('routes');
    }
    store<u32>(at, <u32>routeOf(text.ptr, text.len), 8);
    root.routesCount++;
  }
}

/** `$` followed by `.name` or `[*]`, at least one. */
function checkPath(t: Text): void {
  if (t.len < 3 || load<u8>(t.ptr) != 36) return refuse('jsonPaths');
  let i: u32 = 1;
  while (i < t.len) {
    const c = load<u8>(t.ptr + i);
    if (c == 46) {
      const from = ++i;
      while (i < t.len && load<u8>(t.ptr + i) != 46 && load<u8>(t.ptr + i) != 91) i++;
      if (i == from) return refuse('jsonPaths');
    } else if (c == 91 && i + 2 < t.len && load<u8>(t.ptr + i + 1) == 42 && load<u8>(t.ptr + i + 2) == 93) i += 3;
    else return refuse('jsonPaths');
  }
}

function readKey(root: Root, n: Node): void {
  if (!textField(n, 'pseudonymKey', text) || text.len != 32) {
    refuse('pseudonymKey');
    return;
  }
  for (let i: u32 = 0; i < 32; i++) {
    const c: u32 = load<u8>(text.ptr + i);
    const digit: u32 = c - 48 < 10 ? c - 48 : (c | 32) - 97 < 6 ? (c | 32) - 87 : 16;
    if (digit == 16) refuse('pseudonymKey');
    if (i < 16) root.key0 = (root.key0 << 4) | digit;
    else root.key1 = (root.key1 << 4) | digit;
  }
}

function readSession(root: Root, n: Node): void {
  const s = objectField(n, 'session', 'cookie header');
  if (s === null) return;
  if (s.count != 1) refuse('session');
  if (textField(s, 'cookie', text)) root.session = state.SESSION_COOKIE;
  else if (textField(s, 'header', text)) root.session = state.SESSION_HEADER;
  if (text.len == 0) refuse('session');
  root.sessionName = text.ptr;
  root.sessionNameLen = text.len;
}

function readMatch(root: Root, region: Region, n: Node): void {
  const m = objectField(n, 'match', 'methods pathPrefixes header');
  texts(root, region, m, 'methods', offsetof<Root>('methods'), 16);
  texts(root, region, m, 'pathPrefixes', offsetof<Root>('prefixes'), 64);
  texts(root, region, objectField(n, 'exclude', 'pathPrefixes'), 'pathPrefixes', offsetof<Root>('excluded'), 64);
  if (m === null) return;
  const h = objectField(m, 'header', 'name value');
  if (h === null) return;
  if (!textField(h, 'name', text) || text.len == 0) refuse('header');
  root.matchName = text.ptr;
  root.matchNameLen = text.len;
  if (textField(h, 'value', text)) {
    root.matchValue = text.ptr;
    root.matchValueLen = text.len;
  }
}
