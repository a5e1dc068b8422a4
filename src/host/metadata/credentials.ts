import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceCredentials } from '../../wire/host.ts';
import { readJson, writeJson } from '../kept-file.ts';

/**
 * Credentials of instances' roles, on disk for root alone: served while the control plane is away, for as long as they hold. Renewed
 * when half of their time is over, so that there is a good part of it left whenever an outage begins.
 */
export interface CredentialsCache {
  get(instanceId: string, roleName: string): Promise<InstanceCredentials | undefined>;
  /** Renews those that were asked for and forgets those of instances that are no longer here. Roles by instance. */
  upkeep(roles: ReadonlyMap<string, string>): Promise<void>;
}

interface Kept {
  roleName: string;
  credentials: InstanceCredentials;
}

/** AWS gives out new ones this long before the old ones end. */
const lastMinutes = 5;

export function credentialsCache(dir: string, ask: (instanceId: string) => Promise<InstanceCredentials | undefined>): CredentialsCache {
  const asking = new Map<string, Promise<InstanceCredentials | undefined>>();
  const fileOf = (instanceId: string) => join(dir, `${instanceId}.json`);

  async function kept(instanceId: string, roleName: string): Promise<InstanceCredentials | undefined> {
    const found = await readJson<Kept>(fileOf(instanceId));
    return found?.roleName === roleName ? found.credentials : undefined;
  }

  async function renew(instanceId: string, roleName: string): Promise<InstanceCredentials | undefined> {
    const credentials = await ask(instanceId);
    if (!credentials) return undefined;
    await writeJson(fileOf(instanceId), { roleName, credentials } satisfies Kept);
    return credentials;
  }

  /** Many programs of an instance ask at the same moment. */
  function renewOnce(instanceId: string, roleName: string): Promise<InstanceCredentials | undefined> {
    const current = asking.get(instanceId) ?? renew(instanceId, roleName).finally(() => asking.delete(instanceId));
    asking.set(instanceId, current);
    return current;
  }

  return {
    async get(instanceId, roleName) {
      const known = await kept(instanceId, roleName);
      if (known && millisecondsLeft(known) > lastMinutes * 60_000) return known;
      try {
        return await renewOnce(instanceId, roleName);
      } catch (error) {
        if (known && millisecondsLeft(known) > 0) return known;
        throw error;
      }
    },
    async upkeep(roles) {
      const files = (await readdir(dir).catch(() => [] as string[])).filter((name) => name.endsWith('.json'));
      for (const instanceId of files.map((name) => name.slice(0, -'.json'.length))) {
        const roleName = roles.get(instanceId);
        if (roleName === undefined) await rm(fileOf(instanceId), { force: true });
        else if (halfOver(await kept(instanceId, roleName))) await renewOnce(instanceId, roleName).catch(() => {});
      }
    },
  };
}

const millisecondsLeft = ({ Expiration }: InstanceCredentials) => Date.parse(Expiration) - Date.now();
const halfOver = (credentials: InstanceCredentials | undefined) =>
  !credentials || millisecondsLeft(credentials) < (Date.parse(credentials.Expiration) - Date.parse(credentials.LastUpdated)) / 2;
