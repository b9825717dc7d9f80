import type { Log } from '../guardian/ports.ts';
import type { UmbraError } from '../mesh/errors.ts';

/** What keeps the loop from its work, for the operator: told when it is new, shown while it stands. */
export interface Problems {
  /** Takes the place of what stood for the topic; the same words once more are no news. */
  stands(topic: string, error: UmbraError): void;
  over(topic: string): void;
  /** In words, with code and remedy. */
  texts(): readonly string[];
}

export function createProblems(logger: Log, alert: (message: string) => void): Problems {
  const standing = new Map<string, string>();
  return {
    stands(topic, error) {
      const text = `${error.code} ${error.message}. ${error.remedy}`;
      if (standing.get(topic) === text) return;
      standing.set(topic, text);
      logger.error({ err: error.cause, code: error.code, remedy: error.remedy }, error.message);
      alert(text);
    },
    over(topic) {
      const text = standing.get(topic);
      if (text === undefined) return;
      standing.delete(topic);
      logger.info({ was: text }, 'a problem of the chaos loop is over');
    },
    texts: () => [...standing.values()],
  };
}
