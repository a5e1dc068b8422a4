import { connect } from '../imds.ts';

export interface RoleCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
}

/** Of the instance's role, by the metadata service. */
export async function roleCredentials(): Promise<RoleCredentials> {
  const imds = await connect();
  const folder = 'meta-data/iam/security-credentials/';
  const role = (await imds.get(folder))?.toString().trim().split('\n')[0];
  const found = role && (await imds.get(`${folder}${role}`));
  if (!found) throw new Error('the instance has no role: a node needs an instance profile');
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(found.toString()) as { AccessKeyId: string; SecretAccessKey: string; Token: string };
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}
