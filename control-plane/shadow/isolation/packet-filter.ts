/** Ports the shadow's packet filter tells apart. */
export interface FilterPorts {
  /** What the shadow's own processes listen on. */
  readonly own: readonly number[];
  /** Production's, on whatever address. */
  readonly forbidden: readonly number[];
  /** Where callers find an external that is to be denied. */
  readonly deniedExternals: readonly number[];
}

const list = (ports: readonly number[]) => [...new Set(ports)].sort((a, b) => a - b).join(', ');
const elements = (name: string, ports: readonly number[]) =>
  `flush set inet umbra ${name}\n${ports.length === 0 ? '' : `add element inet umbra ${name} { ${list(ports)} }\n`}`;

/** Replaces the ports of a loaded filter. Input of `nft -f -`. */
export function portsText(ports: FilterPorts): string {
  return (
    elements('own', ports.own) +
    elements('forbidden', ports.forbidden) +
    elements('denied_externals', ports.deniedExternals)
  );
}

/** Destinations that are remembered one by one; beyond, attempts are only counted. */
const MOST_ATTEMPTS = 1024;

/**
 * The wall around the shadow's network namespace, as input of `nft -f -`. Nothing is connected to it but its own loopback; a
 * default route over loopback makes packets for anywhere else reach these rules, where they are counted and refused (without
 * it the kernel would refuse them uncounted). A refused connection on loopback to a port that is nobody's is recognised by the
 * kernel's answer to it: RST and ACK with sequence number 0 (RFC 9293, 3.5.2). Attempts are remembered by rules of their own: a
 * full set ends the rule that would add to it (nft(8), set statement).
 */
export function filterText(ports: FilterPorts, mostAttempts = MOST_ATTEMPTS): string {
  const toProduction = 'tcp flags & (syn | ack) == syn tcp dport @forbidden';
  const toNobody =
    'tcp flags & (rst | ack) == (rst | ack) tcp sequence 0 ip saddr 127.0.0.0/8 tcp sport != @own tcp sport != @forbidden tcp sport != @denied_externals';
  return `table inet umbra
delete table inet umbra
table inet umbra {
  set own { type inet_service; }
  set forbidden { type inet_service; }
  set denied_externals { type inet_service; }
  set attempts { type ipv4_addr . inet_service; flags dynamic; size ${mostAttempts}; timeout 1d; counter; }
  counter network { }
  counter production { }
  counter externals { }
  counter refused { }
  chain faults {
    type filter hook input priority -10; policy accept;
  }
  chain out {
    type filter hook output priority 0; policy accept;
    ip daddr 127.0.0.0/8 goto local
    ip6 daddr ::1 goto local
    ip protocol { tcp, udp } update @attempts { ip daddr . th dport }
    meta l4proto ipv6-icmp icmpv6 type { mld-listener-report, mld2-listener-report, nd-router-solicit, nd-neighbor-solicit } drop
    counter name network
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }
  chain local {
    tcp flags & (syn | ack) == syn tcp dport @denied_externals counter name externals reject with tcp reset
    ${toProduction} update @attempts { ip daddr . tcp dport }
    ${toProduction} counter name production reject with tcp reset
    ${toNobody} update @attempts { ip saddr . tcp sport }
    ${toNobody} counter name refused
  }
}
${portsText(ports)}`;
}

/** Drops a share of the packets that arrive at `ports`, from the clients' side as well as from the server's. */
export function lossText(id: string, ports: readonly number[], share: number): string {
  const perThousand = Math.round(share * 1000);
  const drop = `numgen random mod 1000 < ${perThousand} counter drop comment "fault:${id}"`;
  return (
    `add rule inet umbra faults tcp dport { ${list(ports)} } ${drop}\n` +
    `add rule inet umbra faults tcp sport { ${list(ports)} } ${drop}\n`
  );
}

/** What `nft -j list table inet umbra` says, as far as anybody asks. */
export interface FilterState {
  readonly counters: Readonly<Record<'network' | 'production' | 'externals' | 'refused', number>>;
  /** `address:port` → how often. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Rules of faults: id → handles, and packets dropped so far. */
  readonly faults: Readonly<Record<string, { handles: number[]; dropped: number }>>;
}

interface NftObject {
  counter?: { name: string; packets: number };
  set?: {
    name: string;
    elem?: { elem?: { val?: { concat?: [string, number] }; counter?: { packets: number } } }[];
  };
  rule?: { chain: string; handle: number; comment?: string; expr: { counter?: { packets: number } }[] };
}

/** Reads nft's JSON. @throws where it is not JSON */
export function parseFilterState(json: string): FilterState {
  const { nftables } = JSON.parse(json) as { nftables: NftObject[] };
  const counters = { network: 0, production: 0, externals: 0, refused: 0 };
  const attempts: Record<string, number> = {};
  const faults: Record<string, { handles: number[]; dropped: number }> = {};
  for (const { counter, set, rule } of nftables) {
    if (counter && counter.name in counters) counters[counter.name as keyof typeof counters] = counter.packets;
    if (set?.name === 'attempts') {
      for (const { elem } of set.elem ?? []) {
        const at = elem?.val?.concat;
        if (at) attempts[`${at[0]}:${at[1]}`] = elem.counter?.packets ?? 1;
      }
    }
    const id = rule?.comment?.startsWith('fault:') ? rule.comment.slice(6) : undefined;
    if (rule && id !== undefined) {
      const known = faults[id] ?? { handles: [], dropped: 0 };
      faults[id] = known;
      known.handles.push(rule.handle);
      for (const { counter: c } of rule.expr) known.dropped += c?.packets ?? 0;
    }
  }
  return { counters, attempts, faults };
}

/** Takes a fault's rules out again. */
export function clearLossText(handles: readonly number[]): string {
  return handles.map((handle) => `delete rule inet umbra faults handle ${handle}\n`).join('');
}
