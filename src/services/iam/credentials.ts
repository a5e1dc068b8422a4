import type { Env, Principal } from '../../control/service.ts';
import { userArn } from './arns.ts';
import { findUser } from './lookups.ts';
import { accessKeys, globally, sessions } from './records.ts';

/** What the gateway needs to verify a signature and to know who signed. */
export interface Credential {
  secretAccessKey: string;
  /** Temporary credentials only: what X-Amz-Security-Token must be. */
  sessionToken?: string;
  principal: Principal;
  /** ISO 8601; temporary credentials only. They are known for an hour longer, so that one can say ExpiredToken. */
  expiration?: string;
  /** False where the key's status is Inactive: AWS answers as if it did not exist. */
  active: boolean;
}

/** `undefined`: InvalidClientTokenId. */
export async function credential(env: Env, accessKeyId: string): Promise<Credential | undefined> {
  const scope = globally(env.installation);
  if (accessKeyId.startsWith('ASIA')) {
    const session = (await sessions.get(env.store, scope, accessKeyId))?.value;
    if (!session) return undefined;
    const { secretAccessKey, sessionToken, principal, expiration } = session;
    return { secretAccessKey, sessionToken, principal, expiration, active: true };
  }
  const key = (await accessKeys.get(env.store, scope, accessKeyId))?.value;
  const user = key && (await findUser(env, scope, key.userName))?.value;
  if (!user) return undefined;
  const arn = userArn(scope.account, user);
  return {
    secretAccessKey: key.secret,
    principal: { type: 'User', account: scope.account, arn, userId: user.id, identityArn: arn, accessKeyId },
    active: key.status === 'Active',
  };
}
