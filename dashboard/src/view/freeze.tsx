import { useState } from 'preact/hooks';
import type { Override } from '../../../control-plane/mesh/record.ts';
import { giveOrder } from '../state/api.ts';
import { Dialog } from './dialog.tsx';

const times = [
  ['15 minutes', 900_000],
  ['1 hour', 3_600_000],
  ['8 hours', 28_800_000],
] as const;

/** The emergency brake: asks once, then no new mitigation is taken anywhere. */
export function FreezeButton({ frozen }: { frozen: Override | undefined }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [ttlMs, setTtl] = useState(3_600_000);
  const freeze = (event: Event) => {
    event.preventDefault();
    setOpen(false);
    void giveOrder('Freeze everything', { type: 'freeze' }, { reason, ttlMs });
  };
  return (
    <>
      <button
        type="button"
        class="danger"
        disabled={frozen !== undefined}
        title={
          frozen ? 'Everything is frozen already' : 'No new mitigation anywhere; what is in force stays until undone'
        }
        onClick={() => setOpen(true)}
      >
        ■ Freeze all
      </button>
      {open && (
        <Dialog title="Freeze everything?" onClose={() => setOpen(false)}>
          <form onSubmit={freeze}>
            <p>
              Umbra takes no new mitigation in production, by policy or by pattern. What is in force stays until you
              undo it or it expires. The shadow is not broken either.
            </p>
            <label>
              Reason, for the audit log
              <input value={reason} onInput={(e) => setReason(e.currentTarget.value)} maxLength={200} autoFocus />
            </label>
            <label>
              For
              <select value={ttlMs} onChange={(e) => setTtl(Number(e.currentTarget.value))}>
                {times.map(([text, value]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
            <div class="actions">
              <button type="button" onClick={() => setOpen(false)}>
                Cancel
              </button>
              <button type="submit" class="danger solid">
                Freeze everything
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
