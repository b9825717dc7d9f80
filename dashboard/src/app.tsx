import { useUmbra } from './state/store.ts';
import { AuditTail } from './view/audit.tsx';
import { Budget } from './view/budget.tsx';
import { Controls } from './view/controls.tsx';
import { Episodes } from './view/episodes.tsx';
import { Fidelity } from './view/fidelity.tsx';
import { Header } from './view/header.tsx';
import { InForce } from './view/in-force.tsx';
import { Incidents } from './view/incidents.tsx';
import { Notices } from './view/notices.tsx';
import { Numbers } from './view/numbers.tsx';
import { Patterns } from './view/patterns.tsx';
import { Timelines } from './view/timelines.tsx';
import { TokenDialog } from './view/token.tsx';
import { WorldPanel } from './view/world.tsx';

/** The page: what is, what was, what was decided, what is known, and the operator's hand. */
export function App() {
  const state = useUmbra();
  return (
    <>
      <Header state={state} />
      <main>
        <Numbers state={state} />
        <div class="worlds">
          <WorldPanel state={state} world="production" />
          <WorldPanel state={state} world="shadow" />
        </div>
        <Timelines state={state} />
        <div class="split">
          <div class="stack">
            <Incidents state={state} />
            <Patterns state={state} />
            <Episodes state={state} />
          </div>
          <div class="stack">
            <InForce state={state} />
            <Controls state={state} />
            <Fidelity state={state} />
            <Budget state={state} />
            <AuditTail state={state} />
          </div>
        </div>
      </main>
      <TokenDialog state={state} />
      <Notices state={state} />
    </>
  );
}
