import type { HealthCheck } from './supervisor/health-check.ts';

/** What the supervisor and the shadow's init say to each other: newline-delimited JSON over an inherited socket. */
export type Order =
  | {
      readonly do: 'start';
      readonly argv: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      readonly log: string;
      readonly stdin: boolean;
    }
  | { readonly do: 'signal'; readonly pid: number; readonly signal: NodeJS.Signals }
  | { readonly do: 'tell'; readonly pid: number; readonly line: string }
  | { readonly do: 'probe'; readonly port: number; readonly check: HealthCheck }
  /** Empties `to` and fills it from `from`: done inside, where no link a service makes can lead out of the shadow. */
  | { readonly do: 'replaceData'; readonly from: string; readonly to: string }
  | { readonly do: 'sameData'; readonly a: string; readonly b: string }
  | { readonly do: 'boundLogs'; readonly folder: string }
  /** A helper of ours with the namespace's full rights: `nft`, `ip`. */
  | { readonly do: 'run'; readonly argv: readonly string[]; readonly input: string };

export interface OrderResult {
  readonly pid?: number;
  readonly ok?: boolean;
  readonly out?: string;
}

/** Pids are those inside the shadow. */
export type InitEvent =
  | { readonly type: 'ready'; readonly wall: 'fuse' | 'plain' }
  | { readonly type: 'exit'; readonly pid: number; readonly code: number | null; readonly signal: string | null }
  | { readonly type: 'file'; readonly pid: number; readonly name: string };
