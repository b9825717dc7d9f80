import { readSync, writeSync } from 'node:fs';

/**
 * The wall in front of production's files: a file system in user space that lets nobody in. Production's folder is where it is in
 * the shadow's view, but each look into it arrives here as a request (fuse(4), include/uapi/linux/fuse.h), is answered with
 * EACCES and counted, with who asked. Needs no privilege: FUSE may be mounted in a user namespace.
 */
const INIT = 26;
/** Requests the kernel sends on its own account and awaits no answer to: FORGET, INTERRUPT, BATCH_FORGET. */
const unanswered = new Set([2, 36, 42]);
/** DESTROY is the end of the mount; STATFS of the root is asked by `df` and says nothing of what is inside. */
const harmless = new Set([17, 38]);
const LOOKUP = 1;
const EACCES = 13;
const HEADER = 40;
const REQUEST_BYTES = 1 << 17;

export interface FileAttempt {
  /** Pid inside the shadow. */
  readonly pid: number;
  /** The first name below production's folder, or '' for the folder itself. */
  readonly name: string;
}

/** Answer to INIT: protocol 7.31 or what the kernel has, no feature wanted. */
function initAnswer(request: Buffer): Buffer {
  const answer = Buffer.alloc(16 + 64);
  answer.writeUInt32LE(answer.length, 0);
  request.copy(answer, 8, 8, 16);
  answer.writeUInt32LE(7, 16);
  answer.writeUInt32LE(Math.min(request.readUInt32LE(44), 31), 20);
  answer.writeUInt16LE(12, 32);
  answer.writeUInt16LE(9, 34);
  answer.writeUInt32LE(4096, 36);
  answer.writeUInt32LE(1, 40);
  return answer;
}

function denial(request: Buffer): Buffer {
  const answer = Buffer.alloc(16);
  answer.writeUInt32LE(16, 0);
  answer.writeInt32LE(-EACCES, 4);
  request.copy(answer, 8, 8, 16);
  return answer;
}

/** What to answer to one request, and the attempt it was. Pure. */
export function answerTo(request: Buffer): { answer?: Buffer; attempt?: FileAttempt } {
  if (request.length < HEADER) return {};
  const operation = request.readUInt32LE(4);
  if (operation === INIT) return { answer: initAnswer(request) };
  if (unanswered.has(operation)) return {};
  if (harmless.has(operation)) return { answer: denial(request) };
  const name = operation === LOOKUP ? request.toString('utf8', HEADER).replace(/\0.*$/s, '') : '';
  return { answer: denial(request), attempt: { pid: request.readUInt32LE(32), name } };
}

/** Serves the mount on `fd` until it is unmounted; does not return before. For a thread of its own (file-wall-thread.ts). */
export function guardFiles(fd: number, onAttempt: (attempt: FileAttempt) => void): void {
  const buffer = Buffer.alloc(REQUEST_BYTES);
  for (;;) {
    let length: number;
    try {
      length = readSync(fd, buffer);
    } catch (e) {
      // ENOENT: the request was interrupted before it was read. Anything else is the end of the mount.
      const { code } = e as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN') continue;
      return;
    }
    const { answer, attempt } = answerTo(buffer.subarray(0, length));
    if (answer) {
      try {
        writeSync(fd, answer);
      } catch {
        // The asking process is gone.
      }
    }
    if (attempt) onAttempt(attempt);
  }
}
