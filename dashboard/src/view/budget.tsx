import { num, timeOfDay } from '../lib/format.ts';
import type { State } from '../state/store.ts';
import { Empty, Panel } from './panel.tsx';

/** The chaos budget as a wallet: what is in it, what is spent on what. */
export function Budget({ state: { status, ledger } }: { state: State }) {
  const budget = status?.budget;
  const share = budget && budget.capacity > 0 ? Math.min(1, Math.max(0, budget.balance / budget.capacity)) : 0;
  return (
    <Panel
      id="budget"
      title="Chaos budget"
      aside={budget && <span class="muted">+{num(budget.perHour, 0)} an hour</span>}
    >
      {!budget ? (
        <Empty>Loading…</Empty>
      ) : (
        <>
          <div class="wallet">
            <span class="wallet-balance">{num(budget.balance, 0)}</span>
            <span class="muted">of {num(budget.capacity, 0)} risk-seconds</span>
          </div>
          <div class={`meter ${share < 0.15 ? 'low' : ''}`} role="img" aria-label={`${num(share * 100, 0)}% left`}>
            <i style={{ width: `${share * 100}%` }} />
          </div>
          {budget.paused && <p class="note warn">Nothing is spent now: {budget.paused}</p>}
          {!ledger || ledger.length === 0 ? (
            <Empty>Nothing was spent yet.</Empty>
          ) : (
            <ul class="ledger scroll">
              {ledger.map((entry) => (
                <li key={`${entry.at} ${entry.why} ${entry.amount}`}>
                  <span class="muted nums">{timeOfDay(entry.at)}</span>
                  <span class="ledger-why">{entry.why}</span>
                  <span class={`nums ${entry.amount < 0 ? 'spent' : 'earned'}`}>
                    {entry.amount < 0 ? '−' : '+'}
                    {num(Math.abs(entry.amount))}
                  </span>
                  <span class="nums muted balance">{num(entry.balance, 0)}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  );
}
