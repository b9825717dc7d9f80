import type { Explanation } from '../../../control-plane/api/explain.ts';
import { describeAction, describeMitigation } from '../../../control-plane/mesh/mitigation.ts';
import type { Decision, Incident, ScoredCandidate } from '../../../control-plane/mesh/record.ts';
import { endsOf } from '../../../control-plane/mesh/topology.ts';
import { ms, num, pct, signed } from '../lib/format.ts';
import { giveOrder } from '../state/api.ts';
import type { State } from '../state/store.ts';

interface Props {
  readonly decision: Decision;
  readonly incident: Incident;
  readonly explanation: Explanation;
  readonly state: State;
}

/** One decision: what was seen, what could have been done, what was, and how it went. */
export function DecisionCard({ decision: d, incident, explanation, state }: Props) {
  const stands = standing(d, incident, state);
  const pattern = explanation.patterns.find((p) => p.id === d.pattern);
  return (
    <article class="decision">
      <h3>
        <span class="step">{d.step}</span>
        <span class="mono">{describeAction(d.action)}</span>
        <span class="muted">
          +{ms(d.at - incident.onset)} · {d.source}
        </span>
        {!d.outcome && stands === 'waits' && (
          <button
            type="button"
            class="primary"
            onClick={() => giveOrder(`Approve ${describeAction(d.action)}`, { type: 'approve', decision: d.id })}
          >
            Approve
          </button>
        )}
      </h3>
      <p>{d.why}</p>
      {pattern && (
        <p class="muted">
          Pattern {pattern.id} healed {pattern.successes} of {pattern.trials}; without action {pattern.controlFailed} of{' '}
          {pattern.controls} did not recover.
        </p>
      )}
      <p class="symptoms">
        {d.diagnosis.symptoms.slice(0, 6).map((s) => {
          const where = 'edge' in s.target ? s.target.edge : s.target.service;
          return (
            <span
              class="tag symptom"
              key={`${s.kind} ${where}`}
              title={`severity ${num(s.severity, 2)} for ${ms(d.at - s.since)}`}
            >
              {s.kind} <b>{where}</b>
            </span>
          );
        })}
      </p>
      {d.candidates.length > 0 && <Candidates decision={d} />}
      <Outcome decision={d} stands={stands} />
    </article>
  );
}

/** How far a step without a verdict got. */
type Standing = 'on trial' | 'waits' | 'not applied';

/** Carried out and not judged yet, waiting for the operator (its service's mode asks), or never carried out. */
function standing(d: Decision, incident: Incident, state: State): Standing {
  if (d.action.do !== 'apply' && d.action.do !== 'remove') return 'not applied';
  const { mitigation } = d.action;
  const text = describeMitigation(mitigation);
  const { leases } = state.worlds.production;
  const inForce = leases.some((l) => l.type === 'mitigation' && describeMitigation(l.mitigation) === text);
  if (inForce && d.action.do === 'apply') return 'on trial';
  if (!inForce && d.action.do === 'remove') return incident.state === 'recovered' ? 'not applied' : 'on trial';
  const service = 'edge' in mitigation.target ? endsOf(mitigation.target.edge)[1] : mitigation.target.service;
  return incident.state !== 'recovered' && state.status?.modes[service] === 'approve' ? 'waits' : 'not applied';
}

const standings: Record<Standing, string> = {
  'on trial': 'On trial: no verdict yet.',
  waits: 'Waits for your approval.',
  'not applied': 'Was not applied.',
};

function Candidates({ decision: d }: { decision: Decision }) {
  const chosen = describeAction(d.action);
  const reach = Math.max(
    0.05,
    ...d.candidates.flatMap((c) => [Math.abs(c.mean), Math.abs(c.lower)].filter(Number.isFinite)),
  );
  return (
    <table class="candidates">
      <thead>
        <tr>
          <th>Why this and not that</th>
          <th class="right" title="Expected advantage over waiting, as a share of goodput">
            expected
          </th>
          <th class="right" title="The calibrated lower bound: what production acts on">
            at least
          </th>
          <th />
          <th />
        </tr>
      </thead>
      <tbody>
        {d.candidates.map((c) => {
          const name = describeAction(c.action);
          return (
            <tr key={name} class={name === chosen ? 'chosen' : c.masked ? 'masked' : ''}>
              <td class="mono">{name}</td>
              <td class="right nums">{signed(c.mean)}</td>
              <td class="right nums">{signed(c.lower)}</td>
              <td>
                <Advantage candidate={c} reach={reach} />
              </td>
              <td class="why-not">{name === chosen ? 'chosen' : (c.masked ?? '')}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** From the lower bound to as far above the mean, around zero; the mark is the mean. */
function Advantage({ candidate: c, reach }: { candidate: ScoredCandidate; reach: number }) {
  if (!Number.isFinite(c.mean) || c.mean === null) return null;
  const at = (x: number) => Math.min(100, Math.max(0, 50 + (x / reach) * 50));
  const low = at(Number.isFinite(c.lower) && c.lower !== null ? c.lower : c.mean);
  const high = at(c.mean + (c.mean - (c.lower ?? c.mean)));
  return (
    <span class="advantage" aria-hidden="true">
      <i style={{ left: `${low}%`, width: `${Math.max(1, high - low)}%` }} />
      <b style={{ left: `${at(c.mean)}%` }} />
    </span>
  );
}

const verdicts = {
  kept: ['good', 'kept'],
  'removed-worse': ['bad', 'removed: it was worse'],
  'removed-no-better': ['warn', 'removed: no better'],
  'undone-by-operator': ['warn', 'undone by the operator'],
  refused: ['bad', 'refused'],
} as const;

function Outcome({ decision: d, stands }: { decision: Decision; stands: Standing }) {
  const o = d.outcome;
  if (!o) return 'mitigation' in d.action ? <p class="outcome muted">{standings[stands]}</p> : null;
  const [health, words] = verdicts[o.verdict];
  return (
    <p class="outcome">
      <span class={`tag ${health}`}>{words}</span>
      <span>
        good <b>{pct(o.before)}</b> before · <b>{pct(o.predicted)}</b> expected without it · <b>{pct(o.after)}</b> with
        it
      </span>
      <span class="muted">
        after {ms(o.at - d.at)}
        {o.note && ` · ${o.note}`}
      </span>
    </p>
  );
}
