/** What a mock is told on its standard input, a JSON line each, and what it says of itself in its state file. */
export interface MockFault {
  readonly id: string;
  readonly mode: 'slow' | 'fail';
  readonly delayMs: number;
  /** Share 0..1 of the requests that is hit. */
  readonly share: number;
  /** Ms since the epoch: past it the mock does nothing, by its own clock. */
  readonly expiresAt: number;
}

export type MockOrder =
  | { readonly do: 'break'; readonly fault: MockFault }
  | { readonly do: 'mend'; readonly id: string }
  | { readonly do: 'reload' };

export interface MockState {
  readonly faults: readonly MockFault[];
  /** Answers it knows. */
  readonly answers: number;
}

export interface MockConfiguration {
  readonly name: string;
  readonly port: number;
  /** File with the recorded answers. */
  readonly answers: string;
  /** File it writes its {@link MockState} to. */
  readonly state: string;
  /** Unix socket of the relay to the real one, for safe methods. */
  readonly upstream?: string;
}
