import { useState } from 'preact/hooks';
import { type ApiError, acceptToken } from '../state/api.ts';
import { type State, setState } from '../state/store.ts';
import { Dialog } from './dialog.tsx';

/** Asks for the API token. It stays in this tab's session storage and is sent as a header, never as a cookie. */
export function TokenDialog({ state: { asking } }: { state: State }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<ApiError>();
  if (!asking) return null;
  const close = () => {
    setText('');
    setError(undefined);
    setState({ asking: undefined });
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await acceptToken(text.trim());
      setText('');
      setError(undefined);
    } catch (e) {
      setError(e as ApiError);
    }
  };
  return (
    <Dialog title={`${asking.what}: needs the token`} onClose={close}>
      <form onSubmit={submit}>
        <p>
          It is in the file that Umbra names when it starts, <code>~/.umbra/APPLICATION/token</code> by default. This
          tab alone keeps it.
        </p>
        <label>
          Token
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
            autoFocus
            data-testid="token"
          />
        </label>
        {error && (
          <p class="problem" role="alert" data-testid="token-error">
            <b>{error.code}</b> {error.message}
            <span>{error.remedy}</span>
          </p>
        )}
        <div class="actions">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={text.trim() === ''}>
            Continue
          </button>
        </div>
      </form>
    </Dialog>
  );
}
