import { readFileSync } from 'node:fs';
import { Value } from 'typebox/value';
import { Application, Shadow } from '../../api/kinds/application.ts';
import { Report } from '../../api/report.schema.ts';
import { UmbraError } from '../../mesh/errors.ts';
import type { Terminal } from '../terminal.ts';
import { reportText } from '../text/report.ts';

/** A report from a file. @throws UmbraError UMB0807 where it is none */
export function readReport(path: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UmbraError('UMB0807', `${path}: ${(cause as Error).message}`, { cause });
  }
  const [first] = Value.Errors(Report, value);
  if (first)
    throw new UmbraError(
      'UMB0807',
      `${path}: ${first.instancePath.slice(1).replaceAll('/', '.') || 'it'} ${first.message}`,
    );
  return value as Report;
}

export function printReport(report: Report, terminal: Terminal, json: boolean): number {
  terminal.out(json ? JSON.stringify(report, null, 2) : reportText(report, terminal.paint));
  return 0;
}

export const kinds = { Application, Shadow, Report } as const;

/** The JSON schema of a kind. @throws UmbraError UMB0804 */
export function explainSchema(kind: string, terminal: Terminal): number {
  if (!Object.hasOwn(kinds, kind)) {
    throw new UmbraError('UMB0804', `there is no kind ${kind}`, {
      remedy: `There are ${Object.keys(kinds).join(', ')}.`,
    });
  }
  terminal.out(JSON.stringify(kinds[kind as keyof typeof kinds], null, 2));
  return 0;
}
