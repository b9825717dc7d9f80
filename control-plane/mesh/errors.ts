import { codes } from './codes.ts';

export type UmbraCode = keyof typeof codes;

/** The one error class for everything a person may have to act on: a stable code, what happened, what to do. */
export class UmbraError extends Error {
  readonly code: UmbraCode;
  readonly remedy: string;
  constructor(code: UmbraCode, detail: string, options?: { cause?: unknown; remedy?: string }) {
    super(`${codes[code].title}: ${detail}`, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UmbraError';
    this.code = code;
    this.remedy = options?.remedy ?? codes[code].remedy;
  }
  /** `UMB0101 title: detail` and the remedy below it, as the CLI prints it. */
  toText(): string {
    return `${this.code} ${this.message}\n  → ${this.remedy}`;
  }
}
