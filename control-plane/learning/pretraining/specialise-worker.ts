import { constants, setPriority } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Specialised, type SpecialiseOptions, specialise } from './specialise.ts';

type Data = Omit<SpecialiseOptions, 'progress'>;
type Message = { readonly progress: string } | { readonly result: Specialised | undefined };

/**
 * {@link specialise} in a thread of its own at the lowest priority, so that the control plane goes on undisturbed. Rejects with
 * what it threw, or with the signal's reason when aborted; the thread is gone then.
 */
export function specialiseInWorker(options: SpecialiseOptions, signal?: AbortSignal): Promise<Specialised | undefined> {
  const { progress, ...data } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const worker = new Worker(new URL(import.meta.url), { workerData: { specialise: data } });
    const stop = () => {
      void worker.terminate();
      reject(signal!.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
    worker.on('message', (message: Message) => {
      if ('progress' in message) progress?.(message.progress);
      else resolve(message.result);
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      signal?.removeEventListener('abort', stop);
      reject(new Error(`the training thread ended with code ${code} before it was done`));
    });
  });
}

if (!isMainThread && workerData?.specialise) {
  // On Linux priority belongs to the thread that asks.
  setPriority(constants.priority.PRIORITY_LOW);
  const data = workerData.specialise as Data;
  const result = await specialise({ ...data, progress: (line) => parentPort!.postMessage({ progress: line }) });
  parentPort!.postMessage({ result });
}
