import { alloc } from '../abi/region';
import { Text } from '../abi/text';
import { hexValue } from '../lib/escape';
import {
  ANYTHING,
  boolField,
  closeConfiguration,
  HEADER,
  integerField,
  listField,
  MAX_SAFE,
  METHOD,
  NAME,
  numberField,
  objectField,
  openConfiguration,
  PATH,
  refuse,
  required,
  textField,
  textsField,
  TOKEN,
  wholeField,
} from '../lib/config';
import { OBJECT } from '../lib/json';
import { preparePlace } from '../lib/paths';
import { field, Node } from '../lib/tree';
import { openWindow } from './copies';
import { countersOf } from './routes';
import { prepareRules, Rule, ruleAt } from './rules';
import * as state from './state';
import { list, Root } from './state';

/** A host with a port or without. */
const AUTHORITY = 'aA0.:_-[]';
const MiB: u32 = 1048576;
const text = changetype<Text>(memory.data(offsetof<Text>(), 8));

/** The heartbeat's period in ms that the configuration last read asks for. */
export let heartbeatMs: u32 = 1000;

/** Reads the plugin's configuration into the root. False, with the reason in the log, if any of it is wrong: nothing is kept then. */
export function configure(root: Root): bool {
  const tree = openConfiguration(root);
  if (tree !== null) read(root, tree);
  if (closeConfiguration(root, tree, 'umbra mirror')) return true;
  root.most = 0;
  return false;
}

/** The place of a text's or list's address and length in a root. */
@inline
function at(r: Root, offset: usize): Text {
  return changetype<Text>(changetype<usize>(r) + offset);
}

/** A list of texts into one of the root's lists. */
function texts(r: Root, n: Node | null, name: string, offset: usize, mostEntries: u32, most: u32, alphabet: string): void {
  textsField(state.regionOf(r), n, name, mostEntries, most, alphabet, at(r, offset));
}

/** A percentage as a share of 2^32. */
function share(n: Node, name: string): u64 {
  return <u64>(numberField(n, name, 0, 0, 100) * 42949672.96);
}

function read(root: Root, n: Node): void {
  required(n, 'generation');
  wholeField(n, 'generation', 0, 0, MAX_SAFE);
  required(n, 'cluster');
  textField(n, 'cluster', 1, 255, ANYTHING, at(root, offsetof<Root>('cluster')));
  textField(n, 'authority', 1, 255, AUTHORITY, at(root, offsetof<Root>('authority')));
  required(n, 'percent');
  root.share = share(n, 'percent');
  root.twice = share(n, 'twicePercent');
  root.maxBody = integerField(n, 'maxBodyBytes', MiB, 0, 8 * MiB);
  root.maxInFlight = integerField(n, 'maxInFlight', 64, 1, 4096);
  root.maxHeld = integerField(n, 'maxBytesHeld', 16 * MiB, 0, 256 * MiB);
  root.timeoutMs = integerField(n, 'timeoutMs', 5000, 1, 600000);
  openWindow(root);
  heartbeatMs = integerField(n, 'heartbeatMs', 1000, 10, 3600000);
  readKey(root, n);
  readSession(root, objectField(n, 'session'));
  const redact = objectField(n, 'redact');
  texts(root, redact, 'headers', offsetof<Root>('redactHeaders'), 64, 128, HEADER);
  texts(root, redact, 'query', offsetof<Root>('redactQuery'), 64, 128, ANYTHING);
  texts(root, redact, 'jsonFields', offsetof<Root>('redactFields'), 64, 128, ANYTHING);
  places(root, redact, offsetof<Root>('redactPaths'));
  texts(root, redact, 'keep', offsetof<Root>('keep'), 64, 128, ANYTHING);
  root.cards = boolField(redact, 'cards', true);
  root.bearer = boolField(redact, 'bearer', true);
  root.emails = boolField(redact, 'emails', false);
  const identity = objectField(n, 'identity');
  texts(root, identity, 'headers', offsetof<Root>('identityHeaders'), 16, 128, HEADER);
  texts(root, identity, 'plainCookies', offsetof<Root>('plainCookies'), 64, 128, TOKEN);
  const learn = objectField(n, 'learn');
  places(root, learn, offsetof<Root>('learnPaths'));
  texts(root, learn, 'setCookie', offsetof<Root>('learnCookies'), 16, 128, TOKEN);
  root.learnLocation = boolField(learn, 'location', false);
  readRoutes(root, n);
  prepareRules(root);
  root.compareBody = boolField(objectField(n, 'compare'), 'body', true);
}

/** Lists of places in JSON documents. */
function places(r: Root, n: Node | null, offset: usize): void {
  texts(r, n, 'jsonPaths', offset, 32, 255, ANYTHING);
  const all = list(r, offset);
  for (let i: u32 = 0; i < state.listCount(all); i++) {
    if (!preparePlace(state.listAt(all, i).ptr, state.listAt(all, i).len)) refuse('jsonPaths');
  }
}

function readRoutes(root: Root, n: Node): void {
  const routes = listField(n, 'routes', 64);
  if (routes === null || routes.count == 0) return;
  const bytes = routes.count * offsetof<Rule>();
  root.rules = alloc(state.regionOf(root), bytes);
  if (root.rules == 0) return refuse('routes');
  memory.fill(root.rules, 0, bytes);
  for (let c = routes.child; c != 0; c = changetype<Node>(c).next) {
    readRule(root, ruleAt(root, root.rulesCount++), changetype<Node>(c));
  }
}

function readRule(root: Root, rule: Rule, n: Node): void {
  if (n.kind != OBJECT) refuse('routes');
  const p = changetype<usize>(rule);
  textField(n, 'pathPrefix', 1, 1024, PATH, changetype<Text>(p + offsetof<Rule>('prefix')));
  textsField(state.regionOf(root), n, 'methods', 16, 32, METHOD, changetype<Text>(p + offsetof<Rule>('methods')));
  const h = objectField(n, 'header');
  if (h !== null) {
    if (!textField(h, 'name', 1, 128, HEADER, changetype<Text>(p + offsetof<Rule>('header')))) refuse('header');
    textField(h, 'value', 0, 1024, ANYTHING, changetype<Text>(p + offsetof<Rule>('value')));
  }
  rule.share = field(n, 'percent') === null ? root.share : share(n, 'percent');
  rule.opaque = boolField(n, 'opaque', false);
  rule.twice = boolField(n, 'twice', true);
  if (textField(n, 'name', 1, 64, NAME, text)) rule.counters = countersOf(text.ptr, text.len);
}

function readKey(root: Root, n: Node): void {
  required(n, 'pseudonymKey');
  if (!textField(n, 'pseudonymKey', 32, 32, NAME, text)) return;
  for (let i: u32 = 0; i < text.len; i++) {
    const digit = hexValue(load<u8>(text.ptr + i));
    if (digit == 16) refuse('pseudonymKey');
    if (i < 16) root.key0 = (root.key0 << 4) | digit;
    else root.key1 = (root.key1 << 4) | digit;
  }
}

function readSession(root: Root, s: Node | null): void {
  if (s === null) return;
  const to = at(root, offsetof<Root>('sessionName'));
  const cookie = textField(s, 'cookie', 1, 128, TOKEN, to);
  const header = textField(s, 'header', 1, 128, HEADER, to);
  if (cookie == header) refuse('session');
  root.session = cookie ? state.SESSION_COOKIE : state.SESSION_HEADER;
}
