import { open, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';

/**
 * The program that sends the logs of an EKS control plane's member to CloudWatch by way of Gantry's gateway. What it reads it has to
 * send before it reads on; after a restart it begins at the end of each file.
 */
interface Settings {
  url: string;
  member: string;
  token: string;
  /** Those that are on; changes while this runs. */
  types: string[];
}

const SETTINGS = '/etc/kubernetes/logs.json';
const FILES: Record<string, string> = {
  api: '/var/log/kube-apiserver/current',
  audit: '/var/log/kube-apiserver-audit/audit.log',
  controllerManager: '/var/log/kube-controller-manager/current',
  scheduler: '/var/log/kube-scheduler/current',
};
const PAUSE_MS = 1000;
const MOST_BYTES = 512 * 1024;
/** What CloudWatch takes of one event. */
const MOST_LINE = 200 * 1024;

const settings = async () => JSON.parse(await readFile(SETTINGS, 'utf8')) as Settings;

async function follow(type: string, path: string): Promise<never> {
  let inode = 0;
  let offset = 0;
  let first = true;
  for (;;) {
    const status = await stat(path).catch(() => undefined);
    if (status && status.ino !== inode) {
      // A fresh file after a rotation is read from its beginning; so is one that is as young as this program.
      offset = first && status.size > MOST_BYTES ? status.size : 0;
      inode = status.ino;
    }
    if (status && status.size < offset) offset = 0;
    first = false;
    const { lines, next } = status && status.size > offset ? await read(path, offset) : { lines: [], next: offset };
    if (lines.length) await send(type, lines);
    offset = next;
    if (lines.length === 0) await sleep(PAUSE_MS);
  }
}

/** Whole lines from an offset, and where the next one begins. */
async function read(path: string, offset: number): Promise<{ lines: string[]; next: number }> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST_BYTES), 0, MOST_BYTES, offset);
  const chunk = buffer.subarray(0, bytesRead);
  const end = chunk.lastIndexOf(10);
  if (end < 0 && bytesRead < MOST_BYTES) return { lines: [], next: offset };
  const whole = end < 0 ? chunk : chunk.subarray(0, end);
  return { lines: whole.toString().split('\n').filter(Boolean).map((line) => line.slice(0, MOST_LINE)), next: offset + whole.length + (end < 0 ? 0 : 1) };
}

/** Until it is taken. */
async function send(type: string, lines: string[]): Promise<void> {
  const pause = backoff({ minMs: 500, maxMs: 30_000 });
  for (;;) {
    const { url, member, token, types } = await settings();
    if (!types.includes(type)) return;
    const timestamp = Date.now();
    const body = JSON.stringify({ member, type, events: lines.map((message) => ({ timestamp, message })) });
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    await answer?.arrayBuffer();
    // What the gateway will never take is not sent again.
    if (answer && answer.status < 500 && answer.status !== 401) return;
    await sleep(pause.next());
  }
}

await Promise.all(Object.entries(FILES).map(([type, path]) => follow(type, path)));
