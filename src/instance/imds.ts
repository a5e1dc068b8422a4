import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** The instance's own metadata, by IMDSv2. */
export interface Imds {
  /** Undefined for what does not exist. */
  get(path: string): Promise<Buffer | undefined>;
}

const host = '169.254.169.254';
const retryMs = 100;

/** Waits until the metadata service answers: at boot it may not be there yet. */
export async function connect(address = host, port = 80): Promise<Imds> {
  const ask = async (method: string, path: string, headers: Record<string, string>) => {
    const outgoing = request({ host: address, port, method, path, headers, timeout: 2_000 });
    outgoing.on('timeout', () => outgoing.destroy(new Error('the metadata service is silent')));
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
  };
  for (;;) {
    const token = await ask('PUT', '/latest/api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }).catch(() => undefined);
    if (token?.status !== 200) {
      await sleep(retryMs);
      continue;
    }
    return {
      async get(path) {
        const { status, body } = await ask('GET', `/latest/${path}`, { 'x-aws-ec2-metadata-token': token.body.toString() });
        if (status === 404) return undefined;
        if (status !== 200) throw new Error(`metadata ${path}: ${status}`);
        return body;
      },
    };
  }
}
