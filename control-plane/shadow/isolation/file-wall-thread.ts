/**
 * The thread that answers for production's folder. The main thread must not: whatever it does with files may meet that folder
 * (by a link a service made), and would wait for itself.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { guardFiles } from './file-wall.ts';

guardFiles(workerData as number, (attempt) => parentPort?.postMessage(attempt));
