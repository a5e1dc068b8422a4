import { ECR } from '@aws-sdk/client-ecr';
import { ensureTestImages } from '../../../images/conformance/index.ts';
import { run } from '../../engines/command.ts';
import type { Progress } from '../../engines/progress.ts';
import type { Connection } from './cluster.ts';

/** The test images in the installation's ECR, in repositories of their own: `conformance-<key>/agnhost`. */
export interface PushedImages {
  /** What stands before an image's name: `<registry>/conformance-<key>`. */
  prefix: string;
  remove(): Promise<void>;
}

export async function pushTestImages(connection: Connection, progress: Progress): Promise<PushedImages> {
  const ecr = new ECR(connection);
  const { layout, key, names } = await ensureTestImages(progress);
  const { authorizationData: [login] = [] } = await ecr.getAuthorizationToken({});
  const registry = (login?.proxyEndpoint ?? '').replace(/^https?:\/\//, '');
  const credentials = Buffer.from(login?.authorizationToken ?? '', 'base64').toString();
  const repositories = [...new Set(names.map((name) => `conformance-${key}/${name.split(':')[0]}`))];
  const there = new Set<string>();
  for (const repositoryName of repositories) {
    await ecr.createRepository({ repositoryName }).catch((error: Error) => {
      if (error.name !== 'RepositoryAlreadyExistsException') throw error;
    });
    const { imageDetails = [] } = await ecr.describeImages({ repositoryName });
    for (const tag of imageDetails.flatMap(({ imageTags = [] }) => imageTags)) there.add(`${repositoryName}:${tag}`);
  }
  let done = 0;
  for (const name of names) {
    progress({ what: 'pushing', done: done++, total: names.length });
    const image = `conformance-${key}/${name}`;
    if (there.has(image)) continue;
    await run(['skopeo', 'copy', '--quiet', '--dest-tls-verify=false', '--dest-creds', credentials, `oci:${layout}:${name}`, `docker://${registry}/${image}`]);
  }
  const remove = async () => {
    for (const repositoryName of repositories) await ecr.deleteRepository({ repositoryName, force: true });
  };
  return { prefix: `${registry}/conformance-${key}`, remove };
}
