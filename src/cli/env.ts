import { dirname } from 'node:path';
import type { Installation } from '../wire/installation.ts';
import { trustedFile } from '../wire/paths.ts';
import type { Command } from './command.ts';
import { endpointOf, installationOf, readAdminKey } from './installation.ts';

/** What makes every AWS client talk to the installation as its administrator; undefined takes a variable away. */
export async function awsEnvironment(installation: Installation): Promise<Record<string, string | undefined>> {
  const key = await readAdminKey(installation);
  return {
    AWS_ENDPOINT_URL: endpointOf(installation),
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_SESSION_TOKEN: undefined,
    AWS_REGION: installation.region,
    AWS_DEFAULT_REGION: installation.region,
    // Programs in Go (Terraform's providers) read every certificate of these folders.
    SSL_CERT_DIR: `/etc/ssl/certs:${dirname(trustedFile(installation.stateDir))}`,
  };
}

export const command: Command = {
  usage: '',
  summary: 'prints what makes AWS clients use the installation: eval "$(gantry env)"',
  async run({ name }) {
    for (const [key, value] of Object.entries(await awsEnvironment(await installationOf(name)))) {
      console.log(value === undefined ? `unset ${key}` : `export ${key}=${quote(value)}`);
    }
  },
};

const quote = (value: string) => (/^[\w:/.+=@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
