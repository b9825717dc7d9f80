import type { FaultOperation } from '../../protocol.ts';
import type { Mocks } from '../shadow-externals.ts';
import type { FaultAction } from './action.ts';

/** A mock that answers late, or not as it should. */
export function dependencyFailure(
  id: string,
  externals: Mocks,
  operation: Extract<FaultOperation, { kind: 'dependency' }>,
  expiresAt: number,
): FaultAction {
  const { service, mode, delayMs, share } = operation;
  return {
    async apply() {
      await externals.breakMock(service, { id, mode, delayMs, share, expiresAt });
    },
    async undo() {
      await externals.mendMock(service, id);
    },
    async state() {
      const inForce = externals.mockFaults(service).some((f) => f.id === id);
      return {
        inPlace: inForce,
        detail: inForce
          ? `${service} ${mode === 'slow' ? `answers ${delayMs} ms late` : 'fails'}`
          : `${service} answers as recorded`,
      };
    },
  };
}
