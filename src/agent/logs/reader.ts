import { open } from 'node:fs/promises';

/**
 * Reads a log file of the runtime's: lines `2026-11-21T14:00:00.123456789Z stdout F text`, where P in place of F says that the line
 * goes on in the next one of its stream (k8s.io/cri-api, "CRI log format").
 */
export interface LogEvent {
  /** Epoch milliseconds. */
  timestamp: number;
  message: string;
}

/** Bytes read at once. */
const CHUNK = 1 << 20;
/** A line is cut here: with the 26 bytes that each event counts more, this is the most that PutLogEvents takes. */
const LONGEST = 256 * 1024 - 26;

/**
 * Whole lines from `offset` on; `next` is where the first line begins that is not in `events`. Nothing of a file that is not
 * there. `ended`: nobody writes to it any more, so that a last line without an end counts.
 */
export async function readLog(path: string, offset: number, ended: boolean): Promise<{ events: LogEvent[]; next: number; atEnd: boolean }> {
  let chunk: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      const length = Math.min(CHUNK, Math.max(0, (await file.stat()).size - offset));
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      chunk = buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { events: [], next: offset, atEnd: true };
    throw error;
  }
  const { events, bytes } = parseLog(chunk, chunk.length === CHUNK ? 'full' : ended ? 'ended' : 'open');
  return { events, next: offset + bytes, atEnd: chunk.length < CHUNK };
}

/** `full`: there is more behind the chunk, so that a line that is longer than all of it must be given out in parts. `ended`: it is the last. */
export function parseLog(chunk: Buffer, kind: 'open' | 'full' | 'ended'): { events: LogEvent[]; bytes: number } {
  const events: LogEvent[] = [];
  const unfinished = new Map<string, LogEvent>();
  let bytes = 0;
  let end = 0;
  for (let start = 0; (end = chunk.indexOf(10, start)) >= 0; start = end + 1) {
    const [, time = '', stream = '', tag = '', text = ''] = /^(\S+) (\S+) (\S+) ?([^]*)$/.exec(chunk.toString('utf8', start, end)) ?? [];
    const event = unfinished.get(stream) ?? { timestamp: Date.parse(time), message: '' };
    event.message += text;
    if (tag.startsWith('P') && event.message.length < LONGEST) {
      unfinished.set(stream, event);
      continue;
    }
    unfinished.delete(stream);
    if (event.message !== '' && !Number.isNaN(event.timestamp)) events.push(event);
    if (unfinished.size === 0) bytes = end + 1;
  }
  // A program that ended in the middle of a line; or lines over the whole chunk: rather cut them than stand still.
  if (kind === 'ended' || (kind === 'full' && bytes === 0)) {
    events.push(...unfinished.values());
    bytes = chunk.lastIndexOf(10) + 1 || chunk.length;
  }
  return { events, bytes };
}
