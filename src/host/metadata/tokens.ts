import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

/** IMDSv2's session tokens. A token tells what it is good for itself, so that those given out outlive the agent. */
export interface Tokens {
  issue(instanceId: string, ttlSeconds: number): string;
  valid(token: string, instanceId: string): boolean;
}

export async function openTokens(path: string, now: () => number = Date.now): Promise<Tokens> {
  const key = await readFile(path).catch(async () => {
    const fresh = randomBytes(32);
    await writeFile(path, fresh, { mode: 0o600 });
    return fresh;
  });
  const seal = (instanceId: string, until: string) => createHmac('sha256', key).update(`${instanceId} ${until}`).digest();
  return {
    issue(instanceId, ttlSeconds) {
      const until = Math.floor(now() / 1000 + ttlSeconds).toString(36);
      return `${Buffer.from(until).toString('base64url')}.${seal(instanceId, until).toString('base64url')}`;
    },
    valid(token, instanceId) {
      const until = Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString();
      const got = Buffer.from(token.slice(token.indexOf('.') + 1), 'base64url');
      const wanted = seal(instanceId, until);
      return wanted.length === got.length && timingSafeEqual(wanted, got) && Number.parseInt(until, 36) * 1000 > now();
    },
  };
}
