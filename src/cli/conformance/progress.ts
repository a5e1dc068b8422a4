import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface Counts {
  passed: number;
  failed: number;
  total: number;
  /** The test that ended just now, if it failed. */
  failure: string | undefined;
}

/** Of upstream's reporter (test/e2e/reporters/progress.go): sent by each of ginkgo's processes for itself, so we count by the messages. */
interface Update {
  msg?: string;
  total?: number;
}

/** Listens on this machine alone for what upstream's suite posts while it runs (`--progress-report-url`). */
export async function listenForProgress(onProgress: (counts: Counts) => void): Promise<{ url: string; close(): void }> {
  const passed = new Set<string>();
  const failed = new Set<string>();
  let total = 0;
  const take = ({ msg = '', total: sum = 0 }: Update) => {
    total = Math.max(total, sum);
    const [, state, test = ''] = /^(PASSED|FAILED) (.*)$/s.exec(msg) ?? [];
    if (state) (state === 'PASSED' ? passed : failed).add(test);
    onProgress({ passed: passed.size, failed: failed.size, total, failure: state === 'FAILED' ? test : undefined });
  };
  const server = createServer(async (request, response) => {
    take((await json(request).catch(() => ({}))) as Update);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
