import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';

/** The instance metadata service, version 2 (session tokens). */
export interface Imds {
  /** Undefined where the path is not there (404). Waits for a service that does not answer yet. */
  get(path: string): Promise<string | undefined>;
}

export function makeImds(endpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT || 'http://169.254.169.254'): Imds {
  let token: Promise<string> | undefined;
  const newToken = async () => {
    const response = await fetch(`${endpoint}/latest/api/token`, { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }, signal: AbortSignal.timeout(2_000) });
    if (!response.ok) throw new Error(`no token of the instance metadata service: ${response.status}`);
    return response.text();
  };
  const ask = async (path: string): Promise<string | undefined> => {
    token ??= newToken();
    const headers = { 'x-aws-ec2-metadata-token': await token };
    const response = await fetch(`${endpoint}/latest/${path}`, { headers, signal: AbortSignal.timeout(2_000) });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.text();
  };
  return {
    async get(path) {
      const pause = backoff({ minMs: 100, maxMs: 2_000 });
      for (let tries = 1; ; tries++) {
        try {
          return await ask(path);
        } catch (error) {
          token = undefined;
          if (tries === 30) throw error;
          await sleep(pause.next());
        }
      }
    },
  };
}
