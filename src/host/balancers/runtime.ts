import { once } from 'node:events';
import net from 'node:net';

/** HAProxy's runtime API (management manual, 9.3): commands on a Unix socket, several on a line. */
export async function ask(socketPath: string, commands: readonly string[], timeoutMs = 15_000): Promise<string> {
  const socket = net.connect({ path: socketPath });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await once(socket, 'connect', { signal });
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    const ended = once(socket, 'end', { signal });
    socket.write(`${commands.join(';')}\n`);
    await ended;
    return answer;
  } finally {
    socket.destroy();
  }
}

/** Lines of commands, each short enough for HAProxy's buffer (16 KiB). */
export async function askAll(socketPath: string, commands: readonly string[]): Promise<string> {
  let answers = '';
  for (let from = 0; from < commands.length; from += 40) answers += await ask(socketPath, commands.slice(from, from + 40));
  return answers;
}

/** A server as `show stat` tells it. */
export interface ServerRow {
  backend: string;
  name: string;
  /** `UP`, `UP 1/3`, `DOWN`, `DOWN 1/2`, `NOLB`, `MAINT`, `no check` … */
  status: string;
  /** `L7OK`, `L7STS`, `L4CON`, `L4TOUT` …, of the last check. */
  checkStatus: string;
  /** The HTTP status that the last check got. */
  checkCode: string;
  connections: number;
}

export async function servers(socketPath: string): Promise<ServerRow[]> {
  const [header = '', ...lines] = (await ask(socketPath, ['show stat -1 4 -1'])).split('\n').filter((line) => line !== '');
  const columns = header.replace(/^# /, '').split(',');
  return lines.map((line) => {
    const values = line.split(',');
    const value = (column: string) => values[columns.indexOf(column)] ?? '';
    return {
      backend: value('pxname'), name: value('svname'), status: value('status'), checkStatus: value('check_status').replace(/^\* /, ''), checkCode: value('check_code'),
      connections: Number(value('scur') || 0),
    };
  });
}

/** The hash of the configuration that runs; null when nobody answers. */
export async function runningHash(socketPath: string): Promise<string | null> {
  try {
    return /^description: (\S+)$/m.exec(await ask(socketPath, ['show info']))?.[1] ?? '';
  } catch {
    return null;
  }
}
