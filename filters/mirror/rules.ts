// Routes: which requests a share of its own, unreadable bodies and counters are for, by method, path and header. The first that
// fits decides; a request of none has the configuration's share.
import { findPair, openPairs, Pairs } from '../abi/pairs';
import { same, startsWith } from '../abi/text';
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

const pairs = changetype<Pairs>(memory.data(offsetof<Pairs>(), 8));

@inline
export function ruleAt(r: Root, i: u32): Rule {
  return changetype<Rule>(r.rules + <usize>i * offsetof<Rule>());
}

/** Once all rules are read: the largest share of any, by which the weight alone decides. */
export function prepareRules(r: Root): void {
  r.most = r.share;
  for (let i: u32 = 0; i < r.rulesCount; i++) if (ruleAt(r, i).share > r.most) r.most = ruleAt(r, i).share;
}

/** The rule of a request, or 0. */
export function ruleOf(r: Root, block: usize, size: u32, path: usize, pathLen: u32, method: usize, methodLen: u32): usize {
  for (let i: u32 = 0; i < r.rulesCount; i++) {
    const rule = ruleAt(r, i);
    if (rule.methodsCount != 0 && !listHas(changetype<usize>(rule) + offsetof<Rule>('methods'), method, methodLen)) continue;
    if (!startsWith(path, pathLen, rule.prefix, rule.prefixLen)) continue;
    if (rule.header != 0) {
      openPairs(pairs, block, size);
      if (!findPair(pairs, rule.header, rule.headerLen) || (rule.value != 0 && !same(pairs.value, pairs.valueLen, rule.value, rule.valueLen))) continue;
    }
    return changetype<usize>(rule);
  }
  return 0;
}
