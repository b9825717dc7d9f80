import { dismiss, type State } from '../state/store.ts';

/** What just happened, or why it did not. */
export function Notices({ state: { notices } }: { state: State }) {
  return (
    <div class="notices" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} class={`notice ${n.kind}`} role={n.kind === 'error' ? 'alert' : 'status'}>
          <div>
            {n.text}
            {n.remedy && <span>{n.remedy}</span>}
          </div>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(n.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
