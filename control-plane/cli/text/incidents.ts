import type { Explanation } from '../../api/explain.ts';
import { describeAction, describeMitigation } from '../../mesh/mitigation.ts';
import type { Decision, Incident, Pattern, ScoredCandidate } from '../../mesh/record.ts';
import { clockTime, duration, number, type Paint, percent, plain, signed, table } from './words.ts';

const planText = (plan: Incident['plan']) => (plan.length === 0 ? 'nothing' : plan.map(describeMitigation).join(' → '));

/** What `umbra incidents` prints, newest first. */
export function incidentsText(incidents: readonly Incident[], now: number, p: Paint): string {
  if (incidents.length === 0) return 'No incident in production so far.';
  const rows = incidents.map((i) => [
    p.bold(i.id),
    i.state === 'recovered' ? p.good(i.state) : i.state === 'mitigated' ? p.warn(i.state) : p.bad(i.state),
    `${duration(now - i.onset)} ago`,
    `detected ${duration(i.detectedAt - i.onset)}`,
    i.recoveredAt === undefined ? '' : `recovered ${duration(i.recoveredAt - i.onset)}`,
    plain(i.origins.join(', ')),
    `${i.source}: ${plain(planText(i.plan))}`,
  ]);
  return `${table(rows)}\n\numbra explain ${incidents[0]!.id}`;
}

/** What `umbra explain` prints: why this and not that. */
export function explainText({ incident: i, decisions, patterns, missing }: Explanation, p: Paint): string {
  const lines = [
    `${p.bold(`Incident ${i.id}`)}: ${plain(i.signature)}`,
    table([
      ['  began', `${clockTime(i.onset)}, probably in ${plain(i.origins.join(', ') || 'no service we can name')}`],
      ['  detected', `${duration(i.detectedAt - i.onset)} after`],
      ['  first action', i.firstActionAt === undefined ? 'none' : `${duration(i.firstActionAt - i.onset)} after`],
      ['  recovered', i.recoveredAt === undefined ? `no (${i.state})` : `${duration(i.recoveredAt - i.onset)} after`],
      [
        '  goodput',
        `${number(i.goodputBefore)}/s before, ${number(i.goodputDuring)}/s at the worst, ${number(i.goodputAfter)}/s after`,
      ],
      ['  plan', `${plain(planText(i.plan))}${i.undone > 0 ? ` (${i.undone} undone)` : ''}, source: ${i.source}`],
    ]),
    ...i.notes.map((note) => `  ${p.warn(plain(note))}`),
  ];
  if (decisions.length === 0 && missing.length === 0) lines.push('', '  No decision was taken.');
  for (const d of decisions) lines.push('', ...decisionLines(d, i, patterns, p));
  if (missing.length > 0) lines.push('', p.dim(`  No longer in the store: ${missing.join(', ')}`));
  return lines.join('\n');
}

function decisionLines(d: Decision, i: Incident, patterns: readonly Pattern[], p: Paint): string[] {
  const pattern = patterns.find((x) => x.id === d.pattern);
  const lines = [
    `${p.bold(`Step ${d.step}`)}, ${duration(d.at - i.onset)} after onset (${d.id}, ${d.source}): ${p.bold(plain(describeAction(d.action)))}`,
    `  ${plain(d.why)}`,
    ...(pattern
      ? [
          `  pattern ${pattern.id}: healed ${pattern.successes} of ${pattern.trials}, without action ${pattern.controlFailed} of ${pattern.controls} did not recover`,
        ]
      : []),
    ...d.diagnosis.symptoms.slice(0, 4).map((s) => {
      const where = 'edge' in s.target ? s.target.edge : s.target.service;
      return p.dim(
        `  symptom: ${s.kind} at ${plain(where)}, severity ${number(s.severity, 2)} for ${duration(d.at - s.since)}`,
      );
    }),
  ];
  if (d.candidates.length > 0) {
    const chosen = describeAction(d.action);
    const head = ['  ', p.dim('candidate'), p.dim('expected'), p.dim('at least'), p.dim('why not')];
    const rows = d.candidates.map((c) => [
      describeAction(c.action) === chosen ? '  ▸' : '  ',
      plain(describeAction(c.action)),
      signed(c.mean),
      signed(c.lower),
      whyNot(c, chosen, p),
    ]);
    lines.push(table([head, ...rows], [2, 3]));
  }
  lines.push(`  ${outcomeText(d, p)}`);
  return lines;
}

function whyNot(c: ScoredCandidate, chosen: string, p: Paint): string {
  if (describeAction(c.action) === chosen) return p.good('chosen');
  return c.masked ? p.warn(plain(c.masked)) : '';
}

function outcomeText(d: Decision, p: Paint): string {
  const o = d.outcome;
  if (!o)
    return p.dim(
      d.action.do === 'apply' ? 'on trial' : d.action.do === 'remove' ? 'not judged yet' : 'nothing to judge',
    );
  const verdict = o.verdict === 'kept' ? p.good(o.verdict) : p.bad(o.verdict);
  const note = o.note ? `; ${plain(o.note)}` : '';
  return `${verdict} after ${duration(o.at - d.at)}: good ${percent(o.before)} before, ${percent(o.predicted)} expected without it, ${percent(o.after)} with it${note}`;
}

/** What `umbra patterns` prints. */
export function patternsText(patterns: readonly Pattern[], now: number, p: Paint): string {
  if (patterns.length === 0)
    return 'No pattern yet: the shadow has to break and heal first. `umbra status` tells what it does.';
  return patterns
    .map((x) => {
      const colour = x.status === 'trusted' ? p.good : x.status === 'retired' ? p.dim : p.warn;
      return [
        `${p.bold(x.id)} ${colour(x.status)}  ${plain(x.signature)}`,
        `    ${plain(planText(x.plan))}`,
        p.dim(
          `    healed ${x.successes} of ${x.trials} (${percent(x.interval[0])}–${percent(x.interval[1])}), without action ${x.controlFailed} of ${x.controls} did not recover; gain ${percent(x.gain)}, cost ${percent(x.cost)}; seen under ${x.faults.join(', ') || 'nothing yet'}, last ${duration(now - x.lastSeen)} ago`,
        ),
      ].join('\n');
    })
    .join('\n');
}
