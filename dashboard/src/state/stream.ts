/** What a page does with a stream of events. */
export interface StreamUse {
  /** It is open, for the first time or again: what was told before was missed. */
  open(): void;
  lost(): void;
  /** Nobody looks: it was closed until somebody does. */
  left(): void;
  /** By the event's name, its data read as JSON. */
  readonly events: Readonly<Record<string, (data: unknown) => void>>;
}

/** A new one is made so long after a refusal, and up to five times as long: pages refused together do not come again together. */
const AGAIN_MS = 1000;

/**
 * Follows a server's events for as long as the page is shown, through whatever happens to the server. An EventSource tries again
 * by itself after a connection that broke, but never after an answer other than 200: another takes its place. A hidden page has
 * none, as a browser opens six connections to one server and each stream holds one.
 */
export function followStream(url: string, use: StreamUse): void {
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    const made = new EventSource(url);
    source = made;
    made.addEventListener('open', () => use.open());
    made.addEventListener('error', () => {
      use.lost();
      if (made.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN_MS * (1 + 4 * Math.random()));
    });
    for (const [name, listener] of Object.entries(use.events))
      made.addEventListener(name, (e) => listener(JSON.parse(e.data as string)));
  };
  const isShown = () => document.visibilityState === 'visible';
  document.addEventListener('visibilitychange', () => {
    clearTimeout(again);
    source?.close();
    if (isShown()) open();
    else use.left();
  });
  if (isShown()) open();
}
