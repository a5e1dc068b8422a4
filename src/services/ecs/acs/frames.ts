import type { RawData } from 'ws';

/** A frame `{"type":…,"message":…}`; `undefined` if it is none. What is in the message is the sender's word. */
export function readFrame(data: RawData): { type: string; message?: unknown } | undefined {
  try {
    const frame = JSON.parse(textOf(data)) as { type: string } | null;
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return (Buffer.isBuffer(data) ? data : Buffer.from(data)).toString();
}
