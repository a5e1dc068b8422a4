import type { Installation } from '../wire/installation.ts';
import type { Command } from './command.ts';
import { endpointOf, installationOf, readAdminKey } from './installation.ts';
import { fits, kubectl } from './kubectl.ts';

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
  };
}

export const command: Command = {
  usage: '',
  summary: 'prints what makes AWS clients use the installation: eval "$(gantry env)"',
  async run({ name }) {
    const [environment, path] = await Promise.all([installationOf(name).then(awsEnvironment), pathOf()]);
    for (const [key, value] of Object.entries(environment)) console.log(value === undefined ? `unset ${key}` : `export ${key}=${quote(value)}`);
    if (path) console.log(`# ${path.why}\nexport PATH=${quote(path.value)}`);
  },
};

/** With a kubectl in front that fits the clusters, where the user's own does not. */
async function pathOf(): Promise<{ why: string; value: string } | undefined> {
  const { found, wanted, folder } = await kubectl();
  if (fits({ found, wanted })) return undefined;
  const why = `${found ? `kubectl ${found} is more than a minor version from` : 'There is no kubectl for'} clusters of ${wanted}: Gantry's own is used.`;
  return { why, value: [folder, ...(process.env.PATH ?? '').split(':').filter((one) => one && one !== folder)].join(':') };
}

const quote = (value: string) => (/^[\w:/.+=@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);
