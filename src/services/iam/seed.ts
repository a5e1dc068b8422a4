import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env } from '../../control/service.ts';
import { uniqueId, toSeconds } from './ids.ts';
import { accessKeys, globally, nameKey, users } from './records.ts';

const ADMIN = 'admin';

/**
 * The installation's administrator: the IAM user `admin`, with AdministratorAccess attached, whose key `gantry up` wrote to
 * `<stateDir>/admin.json`. It is an ordinary user, so that its calls are evaluated as all others are; its key is put back at each
 * start, which is the way back in for whoever locked themselves out.
 */
export async function seed(env: Env): Promise<void> {
  const text = await readFile(join(env.installation.stateDir, 'admin.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return;
  const { accessKeyId, secretAccessKey } = JSON.parse(text) as { accessKeyId: string; secretAccessKey: string };
  const scope = globally(env.installation);
  const now = toSeconds(env.now());
  const user = {
    name: ADMIN, id: uniqueId(env, 'AIDA'), path: '/', createdAt: now, groups: [], tags: {}, inlinePolicies: {},
    attachedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
  };
  // `expect: 0`: what is there stays as it is.
  await env.store.commit([users.put(users.key(scope, nameKey(ADMIN)), user, 0)]);
  const key = await accessKeys.get(env.store, scope, accessKeyId);
  if (key?.value.secret === secretAccessKey && key.value.status === 'Active') return;
  await env.store.commit([accessKeys.put(accessKeys.key(scope, accessKeyId), { id: accessKeyId, secret: secretAccessKey, userName: ADMIN, status: 'Active', createdAt: now })]);
}
