import type { Fault, FaultKind } from '../../control-plane/mesh/fault.ts';
import type { Lease } from '../../control-plane/mesh/lease.ts';
import type { Mitigation } from '../../control-plane/mesh/mitigation.ts';
import type {
  AuditEntry,
  Decision,
  Episode,
  Incident,
  LedgerEntry,
  Pattern,
  ScoredCandidate,
} from '../../control-plane/mesh/record.ts';
import { seeded, windowOf } from './example-shop.ts';

const limit: Mitigation = { kind: 'circuit-breaking', target: { edge: 'checkout>payments' }, strength: 2 };
const noRetry: Mitigation = { kind: 'retry', target: { edge: 'checkout>payments' }, strength: 0 };
const grow: Mitigation = { kind: 'scale', target: { service: 'payments' }, strength: 1 };
const away: Mitigation = { kind: 'failover', target: { edge: 'storefront>catalog' }, strength: 1 };
const eject: Mitigation = { kind: 'outlier-detection', target: { edge: 'storefront>catalog' }, strength: 1 };

const candidate = (mitigation: Mitigation, mean: number, spread: number, masked?: string): ScoredCandidate => ({
  action: { do: 'apply', mitigation },
  mean,
  spread,
  lower: mean - spread,
  probability: masked ? 0 : Math.max(0, mean),
  ...(masked ? { masked } : {}),
});

const fault = (kind: FaultKind, service: string, seed: number): Fault => ({
  kind,
  target: { service },
  magnitude: 0.7,
  share: 1,
  durationMs: 30_000,
  seed,
});

/** Records as a quarter of an hour of a busy morning leaves them, ending at `now`. */
export function exampleRecords(now: number) {
  const random = seeded(7);
  const s = (seconds: number) => now - seconds * 1000;
  const decision = (id: string, at: number, step: number, rest: Partial<Decision>): Decision => ({
    id,
    at,
    world: 'production',
    step,
    source: 'policy',
    action: { do: 'wait' },
    candidates: [],
    snapshot: windowOf('production', at, { 'checkout>payments': 0.7, 'ingress>storefront': 0.3 }, random),
    diagnosis: {
      at,
      symptoms: [
        { kind: 'slow', target: { edge: 'checkout>payments' }, severity: 0.82, since: at - 3000, growth: 0.1 },
        { kind: 'timeouts', target: { edge: 'checkout>payments' }, severity: 0.54, since: at - 2000, growth: 0.2 },
      ],
      origins: [
        { service: 'payments', score: 0.81 },
        { service: 'bank', score: 0.12 },
      ],
      impaired: true,
      goodRatio: 0.71,
    },
    policyVersion: 'p-2026.11+r3',
    why: '',
    ...rest,
  });
  const firstCandidates = [
    candidate(limit, 0.21, 0.06),
    candidate(grow, 0.17, 0.09),
    candidate(noRetry, 0.14, 0.05),
    { action: { do: 'wait' } as const, mean: 0, spread: 0, lower: 0, probability: 0.05 },
    candidate({ ...noRetry, strength: 2 }, -0.06, 0.08, 'checkout>payments is declared not idempotent'),
    candidate(
      { kind: 'failover', target: { edge: 'checkout>payments' }, strength: 1 },
      0.3,
      0.2,
      'payments has no redundant service',
    ),
  ];
  const decisions: Decision[] = [
    decision('d-104', s(186), 1, {
      incident: 'i-12',
      source: 'policy',
      action: { do: 'apply', mitigation: limit },
      candidates: firstCandidates,
      why: 'circuit-breaking@checkout>payments×2 has the best lower bound (0.15), above the threshold 0.03',
      outcome: { verdict: 'kept', at: s(182), before: 0.71, predicted: 0.66, after: 0.86, effectiveAt: s(185.7) },
    }),
    decision('d-105', s(180), 2, {
      incident: 'i-12',
      source: 'policy',
      action: { do: 'apply', mitigation: grow },
      candidates: firstCandidates.slice(1),
      why: 'goodput is better but not back; scale@payments×1 is the best next step (0.09)',
      outcome: { verdict: 'kept', at: s(171), before: 0.86, predicted: 0.85, after: 0.99, effectiveAt: s(178) },
    }),
    decision('d-111', s(14), 1, {
      incident: 'i-13',
      source: 'pattern',
      pattern: 'pt-3',
      action: { do: 'apply', mitigation: eject },
      candidates: [candidate(eject, 0.19, 0.04), candidate(away, 0.18, 0.05)],
      why: 'the trusted pattern “origin=catalog errors depth=1 surge=0” matches: it healed 9 of 10',
    }),
  ];
  const incidents: Incident[] = [
    {
      id: 'i-13',
      onset: s(19),
      detectedAt: s(16),
      firstActionAt: s(14),
      goodputBefore: 42,
      goodputDuring: 30.2,
      signature: 'origin=catalog errors depth=1 surge=0',
      origins: ['catalog'],
      plan: [eject],
      source: 'pattern',
      decisions: ['d-111'],
      undone: 0,
      state: 'mitigated',
      notes: [],
    },
    {
      id: 'i-12',
      onset: s(190),
      detectedAt: s(187),
      firstActionAt: s(186),
      recoveredAt: s(174),
      closedAt: s(120),
      goodputBefore: 41.7,
      goodputDuring: 27.9,
      goodputAfter: 41.5,
      signature: 'origin=payments slow+timeouts depth=2 surge=0',
      origins: ['payments'],
      plan: [limit, grow],
      source: 'policy',
      decisions: ['d-104', 'd-105'],
      undone: 0,
      state: 'recovered',
      notes: [],
    },
    {
      id: 'i-11',
      onset: s(610),
      detectedAt: s(606),
      recoveredAt: s(588),
      closedAt: s(560),
      goodputBefore: 42.2,
      goodputDuring: 38.8,
      goodputAfter: 42,
      signature: 'origin=reviews errors depth=1 surge=0',
      origins: ['reviews'],
      plan: [],
      source: 'none',
      decisions: [],
      undone: 0,
      state: 'recovered',
      notes: ['No pattern matches and no candidate’s lower bound is above 0.03: alerted, nothing done.'],
    },
  ];
  const episode = (n: number, ago: number, f: Fault, recovered: boolean, control = false): Episode => ({
    id: `e-${n}`,
    startedAt: s(ago),
    ...(ago > 40 ? { endedAt: s(ago - 38) } : {}),
    fault: f,
    control,
    tookEffect: true,
    cleared: true,
    detectedAfterMs: 2100,
    signature: `origin=${'service' in f.target ? f.target.service : ''} slow depth=1 surge=0`,
    reached: ['payments', 'checkout', 'storefront'],
    plan: control ? [] : [limit],
    decisions: [],
    goodBaseline: 0.998,
    goodFaulted: 0.61,
    ...(control ? {} : { goodMitigated: 0.94 }),
    recovered,
  });
  const episodes: Episode[] = [
    episode(48, 26, fault('latency', 'payments', 48), false),
    episode(47, 120, fault('corruption', 'catalog', 47), true),
    episode(46, 200, fault('outage', 'catalog', 46), true),
    episode(45, 280, fault('dependency', 'payments', 45), false, true),
    episode(44, 350, fault('dependency', 'payments', 44), true),
    episode(43, 430, fault('exception', 'inventory', 43), false),
    episode(42, 520, fault('cpu', 'checkout', 42), true),
    episode(41, 640, fault('packet-loss', 'cart', 41), true),
    episode(40, 760, fault('latency', 'catalog', 40), true),
  ];
  const pattern = (id: string, rest: Partial<Pattern>): Pattern => ({
    id,
    signature: '',
    plan: [],
    trials: 0,
    successes: 0,
    controls: 0,
    controlFailed: 0,
    interval: [0, 1],
    gain: 0.2,
    cost: 0.01,
    firstSeen: s(7200),
    lastSeen: s(400),
    faults: [],
    status: 'trusted',
    ...rest,
  });
  const patterns: Pattern[] = [
    pattern('pt-3', {
      signature: 'origin=catalog errors depth=1 surge=0',
      plan: [eject],
      trials: 10,
      successes: 9,
      controls: 3,
      controlFailed: 3,
      interval: [0.6, 0.98],
      gain: 0.31,
      faults: ['outage', 'exception'],
    }),
    pattern('pt-1', {
      signature: 'origin=payments slow+timeouts depth=2 surge=0',
      plan: [limit, grow],
      trials: 7,
      successes: 6,
      controls: 2,
      controlFailed: 2,
      interval: [0.49, 0.97],
      gain: 0.27,
      cost: 0.025,
      faults: ['dependency', 'latency'],
    }),
    pattern('pt-4', {
      signature: 'origin=checkout slow+cpu depth=1 surge=0',
      plan: [{ kind: 'scale', target: { service: 'checkout' }, strength: 1 }],
      trials: 3,
      successes: 2,
      controls: 1,
      controlFailed: 1,
      interval: [0.21, 0.94],
      gain: 0.14,
      cost: 0.02,
      faults: ['cpu'],
      status: 'candidate',
    }),
    pattern('pt-2', {
      signature: 'origin=cart retry-amplification depth=1 surge=1',
      plan: [{ kind: 'rate-limit', target: { edge: 'ingress>storefront' }, strength: 0.8 }, noRetry],
      trials: 5,
      successes: 1,
      controls: 2,
      controlFailed: 1,
      interval: [0.04, 0.62],
      gain: 0.02,
      status: 'retired',
      faults: ['packet-loss'],
    }),
  ];
  const leases: Record<'production' | 'shadow', Lease[]> = {
    production: [
      {
        id: 'l-31',
        type: 'mitigation',
        owner: 'pattern',
        reason: 'incident i-13: pattern pt-3',
        createdAt: s(14),
        expiresAt: now + 286_000,
        incident: 'i-13',
        mitigation: eject,
        setting: {
          edge: 'storefront>catalog',
          change: { outlier: { consecutiveFailures: 2, ejectMs: 15_000, maxEjectionPercent: 60 } },
        },
      },
    ],
    shadow: [
      {
        id: 'l-30',
        type: 'fault',
        owner: 'chaos',
        reason: 'episode e-48',
        createdAt: s(20),
        expiresAt: now + 25_000,
        episode: 'e-48',
        fault: episodes[0]!.fault,
      },
      {
        id: 'l-32',
        type: 'mitigation',
        owner: 'policy',
        reason: 'episode e-48, trial 1',
        createdAt: s(9),
        expiresAt: now + 31_000,
        episode: 'e-48',
        mitigation: limit,
        setting: { edge: 'checkout>payments', change: { maxRequests: 4 } },
      },
    ],
  };
  const audit: AuditEntry[] = (
    [
      [900, 'umbra', 'start', 'shop', { version: '0.1.0' }],
      [640, 'alice', 'mode', 'catalog', { mode: 'auto' }],
      [186, 'umbra', 'apply', 'circuit-breaking@checkout>payments×2', { incident: 'i-12' }],
      [180, 'umbra', 'apply', 'scale@payments×1', { incident: 'i-12' }],
      [121, 'umbra', 'remove', 'circuit-breaking@checkout>payments×2', { reason: 'recovered and stable' }],
      [14, 'umbra', 'apply', 'outlier-detection@storefront>catalog×1', { incident: 'i-13' }],
    ] as const
  ).map(([ago, by, action, subject, detail], i) => ({ seq: i + 1, at: s(ago), by, action, subject, detail }));
  const ledger: LedgerEntry[] = [
    { at: s(900), amount: 600, balance: 600, why: 'filled at the start' },
    ...episodes.toReversed().map((e, i) => ({
      at: e.startedAt,
      amount: -14.2 - i,
      balance: 540 - i * 22,
      why: `${e.fault.kind}@${'service' in e.fault.target ? e.fault.target.service : ''}`,
      episode: e.id,
    })),
  ];
  return { decisions, incidents, episodes, patterns, leases, audit, ledger };
}
