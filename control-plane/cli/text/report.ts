import type { Report } from '../../api/report.schema.ts';
import { routeRows } from './fidelity.ts';
import { counted, duration, number, type Paint, percent, plain, table } from './words.ts';

/** What `umbra report` prints of a run. */
export function reportText(r: Report, p: Paint): string {
  const { traffic: t, shadow: s, production, xds, learning } = r;
  const good = t.offered > 0 ? t.good / t.offered : undefined;
  const share = good === undefined ? p.dim : good >= 0.995 ? p.good : p.warn;
  const lines = [
    ...(r.notes ?? []).map((note) => p.warn(`note: ${plain(note)}`)),
    p.bold('Traffic'),
    `  ${t.offered} requests, ${t.good} good (${share(percent(good))}); ${t.mirrored} mirrored, ${t.mirrorDropped} copies dropped`,
    '',
    p.bold('Shadow'),
    table([
      ['  episodes', `${s.episodes}, ${counted(s.faultsInjected, 'fault')} injected, ${s.failuresDetected} detected`],
      ['  faults', kinds(s.byKind)],
      ['  mitigations', `${s.mitigationsTried} tried, ${s.mitigationsSuccessful} kept`],
      ['  fidelity', `${percent(s.fidelity)}, unfaulted ${percent(s.unfaultedShare)} of the time`],
      ...routeRows(s.fidelityByRoute, p).map(([route, text]) => [`  ${route}`, text!]),
      [
        '  leaked writes',
        s.leakedWrites === null ? 'not compared' : s.leakedWrites > 0 ? p.bad(String(s.leakedWrites)) : p.good('0'),
      ],
      ...s.deniedTargets.slice(0, 5).map((t) => ['  denied', `${plain(t.what)}: ${t.count}`]),
    ]),
    '',
    p.bold(`Patterns: ${s.patterns.length}`),
    ...s.patterns.map(
      (x) =>
        `  ${plain(x.signature)}\n    ${plain(x.plan.join(' → '))}: healed ${x.successes} of ${x.trials}, ${x.controlFailed} controls failed`,
    ),
    '',
    p.bold(
      `Production: ${counted(production.incidents.length, 'incident')}, ${counted(production.falseAlarms, 'false alarm')}`,
    ),
  ];
  for (const i of production.incidents) {
    const after = (at: number | undefined) => (at === undefined ? '–' : duration(at - i.onset));
    lines.push(
      `  ${i.trouble ? p.bold(plain(i.trouble)) : 'incident'}: detected ${after(i.detectedAt)}, acted ${after(i.firstActionAt)}, recovered ${i.recoveredAt === undefined ? p.bad('no') : after(i.recoveredAt)}`,
      `    goodput ${number(i.goodputBefore)} → ${number(i.goodputDuring)} → ${number(i.goodputAfter)}; ${i.source}: ${plain(i.plan.join(' → ') || 'nothing')}${i.undone > 0 ? `, ${i.undone} undone` : ''}`,
    );
  }
  lines.push(
    '',
    `${p.bold('xDS')}  ${xds.pushes} pushes, ${xds.acks} acks, ${xds.nacks > 0 ? p.bad(counted(xds.nacks, 'nack')) : '0 nacks'}`,
    `${p.bold('Learning')}  ${learning.trainingSteps} steps, loss ${number(learning.loss, 4)}, policy ${plain(learning.policyVersion)}`,
  );
  return lines.join('\n');
}

const kinds = (by: Readonly<Record<string, number>>) =>
  Object.entries(by)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, n]) => `${plain(kind)} ${n}`)
    .join(', ') || 'none';
