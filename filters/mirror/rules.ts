// Routes: which requests a share of its own, unreadable bodies and counters are for, by method, path and header. The first that
// fits decides; a request of none has the configuration's share.
import * as call from '../abi/call';
import { findPair, openPairs, Pairs } from '../abi/pairs';
import { bytesOf, same, sizeOf, startsWith, Text } from '../abi/text';
import { REQUEST_HEADERS } from '../abi/types';
import { listHas, Root } from './state';

/** What is not given (0) fits everything. */
@unmanaged
export class Rule {
  prefix: usize;
  prefixLen: u32;
  header: usize;
  headerLen: u32;
  value: usize;
  valueLen: u32;
  methods: usize;
  methodsCount: u32;
  /** Of 2^32. */
  share: u64;
  opaque: bool;
  /** Safe requests may be sent twice. */
  twice: bool;
  /** Of routes.ts. */
  counters: usize;
}

const METHOD = ':method';
const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

@inline
export function ruleAt(r: Root, i: u32): Rule {
  return changetype<Rule>(r.rules + <usize>i * offsetof<Rule>());
}

@inline
function hasMethod(rule: Rule, p: usize, len: u32): bool {
  return listHas(changetype<usize>(rule) + offsetof<Rule>('methods'), p, len);
}

/**
 * Once all rules are read: the largest share, which decides by weight alone, and the one header without which no rule with a
 * share can fit, if there is such a header. Asking for it alone spares the request that is not meant all else.
 */
export function prepareRules(r: Root): void {
  r.most = r.share;
  let gated = r.share == 0;
  let name: usize = 0;
  let len: u32 = 0;
  for (let i: u32 = 0; i < r.rulesCount; i++) {
    const rule = ruleAt(r, i);
    if (rule.share == 0) continue;
    if (rule.share > r.most) r.most = rule.share;
    let needs = rule.header;
    let needsLen = rule.headerLen;
    if (needs == 0 && rule.methodsCount != 0) {
      needs = bytesOf(METHOD);
      needsLen = sizeOf(METHOD);
    }
    if (needs == 0 || (name != 0 && !same(name, len, needs, needsLen))) gated = false;
    name = needs;
    len = needsLen;
  }
  if (!gated) return;
  r.gate = name;
  r.gateLen = len;
}

/** Whether any rule can fit, by one header at most. */
export function mayFit(r: Root): bool {
  if (r.gate == 0) return true;
  if (!call.header(REQUEST_HEADERS, changetype<Text>(changetype<usize>(r) + offsetof<Root>('gate')))) return false;
  for (let i: u32 = 0; i < r.rulesCount; i++) {
    const rule = ruleAt(r, i);
    if (rule.share == 0) continue;
    if (rule.header != 0 ? hasValue(rule, call.ptr, call.len) : hasMethod(rule, call.ptr, call.len)) return true;
  }
  return false;
}

function hasValue(rule: Rule, p: usize, len: u32): bool {
  return rule.value == 0 || same(p, len, rule.value, rule.valueLen);
}

/** The rule of a request, or 0. */
export function ruleOf(r: Root, block: usize, size: u32, path: usize, pathLen: u32, method: usize, methodLen: u32): usize {
  for (let i: u32 = 0; i < r.rulesCount; i++) {
    const rule = ruleAt(r, i);
    if (rule.methodsCount != 0 && !hasMethod(rule, method, methodLen)) continue;
    if (!startsWith(path, pathLen, rule.prefix, rule.prefixLen)) continue;
    if (rule.header != 0) {
      openPairs(pairs, block, size);
      if (!findPair(pairs, rule.header, rule.headerLen) || !hasValue(rule, pairs.value, pairs.valueLen)) continue;
    }
    return changetype<usize>(rule);
  }
  return 0;
}
