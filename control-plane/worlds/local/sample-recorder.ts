import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Documents } from '../../api/kinds/parse.ts';
import type { Clock } from '../../mesh/clock.ts';
import type { ServiceId } from '../../mesh/topology.ts';
import type { RecordedAnswer } from '../../shadow/mock/recorded-answer.ts';
import { Recording } from '../../shadow/mock/recording.ts';
import { redaction } from '../../shadow/mock/redaction.ts';
import { readSample, type Sample } from '../../shadow/mock/sample.ts';
import type { XdsLogger } from '../../xds/index.ts';

export interface RecorderOptions {
  /** Where production's proxies write sampled exchanges: `EXTERNAL_ID.json`. */
  readonly directory: string;
  /** Where the mocks' answers are kept, `EXTERNAL.json`: what was recorded before is gone on with. */
  readonly mocks: string;
  /** Those that have a mock. */
  readonly externals: ReadonlySet<ServiceId>;
  readonly documents: Documents;
  readonly clock: Clock;
  readonly logger: XdsLogger;
  /** Hands all answers of one external to its mock. */
  readonly keep: (external: ServiceId, answers: RecordedAnswer[]) => Promise<unknown>;
}

const EVERY_MS = 1000;
const MOST_FILES = 200;

/** Turns sampled exchanges with what is outside into answers for the shadow's mocks, and removes their files unread by anyone else. */
export function startRecorder(options: RecorderOptions): { close(): Promise<void> } {
  const { directory, documents, clock, logger, keep } = options;
  const rules = redaction(documents.shadow?.spec.mirror?.redact);
  const recordings = new Map<ServiceId, Recording>();
  for (const external of options.externals)
    recordings.set(external, new Recording(rules, before(options.mocks, external)));
  const end = new AbortController();
  /** Kinds of answers that were told not to be kept. */
  const told = new Set<string>();
  const tell = (external: ServiceId, { headers }: Sample) => {
    const type = headers['content-type']?.split(';', 1)[0] ?? 'no type';
    const encoding = headers['content-encoding'] ?? 'none';
    if (told.has(`${external} ${type} ${encoding}`)) return;
    told.add(`${external} ${type} ${encoding}`);
    logger.warn({ external, type, encoding }, 'answers are not kept for the mock: they cannot be read for secrets');
  };

  const collect = async () => {
    const touched = new Set<ServiceId>();
    for (const file of readdirSync(directory).slice(0, MOST_FILES)) {
      const path = join(directory, file);
      const external = file.slice(0, file.lastIndexOf('_'));
      const recording = recordings.get(external);
      const text = readFileSync(path, 'utf8');
      const sample = readSample(text);
      // A file that is being written is empty or ends in the middle; it is looked at again.
      if (!sample && recording && !text.trimEnd().endsWith('}')) continue;
      rmSync(path, { force: true });
      if (!sample || !recording) continue;
      if (recording.add(sample)) touched.add(external);
      else tell(external, sample);
    }
    for (const external of touched) await keep(external, recordings.get(external)!.answers());
  };
  const loop = (async () => {
    while (!end.signal.aborted) {
      try {
        await collect();
      } catch (err) {
        if (!end.signal.aborted) logger.warn({ err }, 'samples could not be read');
      }
      await clock.sleep(EVERY_MS, end.signal).catch(() => {});
    }
  })();
  return {
    async close() {
      end.abort();
      await loop;
    },
  };
}

function before(mocks: string, external: ServiceId): RecordedAnswer[] {
  try {
    return JSON.parse(readFileSync(join(mocks, `${external}.json`), 'utf8')) as RecordedAnswer[];
  } catch {
    return [];
  }
}
