import assert from 'node:assert/strict';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CommandError, run } from '../src/engines/command.ts';
import { clientsOf } from './fixtures/clients.ts';
import { gantry } from './fixtures/gantry.ts';
import { buildWebImage, registryLogin } from './fixtures/image.ts';
import { refused } from './fixtures/refused.ts';
import { clients, shared, unique } from './fixtures/shared.ts';

const { ecr, iam } = clients;

/** Unchanged clients push and pull; what comes back is what was pushed, to the byte. */
describe('the registry', { timeout: 3_600_000 }, () => {
  const repositoryName = unique('team/app');
  let dir = '';
  let uri = '';
  let login = { registry: '', credentials: '' };
  let archive = '';
  const skopeo = (...argv: string[]) => run(['skopeo', ...argv]);
  const failure = (work: Promise<unknown>) => work.then(() => assert.fail('should have failed'), (error: CommandError) => error.stderr);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gantry-registry-'));
    uri = (await ecr.createRepository({ repositoryName })).repository?.repositoryUri ?? '';
    login = await registryLogin(clients);
    archive = await buildWebImage(dir, 'version 1');
  });
  after(async () => {
    await ecr.deleteRepository({ repositoryName, force: true });
    await rm(dir, { recursive: true, force: true });
  });

  it('takes an image from skopeo, and gives it back with the same digest', async () => {
    assert.ok(uri.startsWith(`${login.registry}/`));
    await skopeo('copy', '--quiet', '--dest-tls-verify=false', '--dest-creds', login.credentials, `oci-archive:${archive}`, `docker://${uri}:1`);
    await skopeo('copy', '--quiet', '--src-tls-verify=false', '--src-creds', login.credentials, '--preserve-digests', `docker://${uri}:1`, `dir:${dir}/back`);
    const { imageDetails = [] } = await ecr.describeImages({ repositoryName });
    const manifest = (await skopeo('manifest-digest', `${dir}/back/manifest.json`)).stdout.trim();
    assert.equal(imageDetails[0]?.imageDigest, manifest);
    assert.deepEqual(imageDetails[0]?.imageTags, ['1']);
    const { images = [] } = await ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: '1' }] });
    assert.equal(images[0]?.imageManifest, await readFile(`${dir}/back/manifest.json`, 'utf8'));
  });

  it('logs in who has the password that the AWS CLI prints', async () => {
    const password = await gantry(shared.name, 'aws', 'ecr', 'get-login-password');
    const authfile = join(dir, 'auth.json');
    await run(['skopeo', 'login', '--authfile', authfile, '--tls-verify=false', '--username', 'AWS', '--password-stdin', login.registry], { input: password });
    const { stdout } = await skopeo('inspect', '--authfile', authfile, '--tls-verify=false', `docker://${uri}:1`);
    assert.deepEqual((JSON.parse(stdout) as { RepoTags: string[] }).RepoTags, ['1']);
  });

  it('works with buildah: pull, add a layer, push', async () => {
    const storage = ['--root', join(dir, 'storage'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs'];
    const buildah = async (...argv: string[]) => (await run(['buildah', ...storage, ...argv])).stdout.trim();
    const container = await buildah('from', '--creds', login.credentials, '--tls-verify=false', `${uri}:1`);
    await buildah('copy', container, archive, '/tmp/extra');
    await buildah('commit', '--quiet', container, `${uri}:2`);
    await buildah('push', '--quiet', '--creds', login.credentials, '--tls-verify=false', `${uri}:2`);
    await buildah('rm', '--all');
    const { imageIds = [] } = await ecr.listImages({ repositoryName });
    assert.deepEqual(new Set(imageIds.map(({ imageTag }) => imageTag)), new Set(['1', '2']));
  });

  it('refuses a wrong token, none, and one whose owner lost the right', async () => {
    const inspect = (...credentials: string[]) => failure(skopeo('inspect', '--tls-verify=false', ...credentials, `docker://${uri}:1`));
    assert.match(await inspect('--creds', 'AWS:wrong'), /denied: Your Authorization Token is invalid\./);
    assert.match(await inspect('--no-creds'), /no basic auth credentials|authentication required|Not Authorized/);
    const UserName = unique('puller');
    await iam.createUser({ UserName });
    const { AccessKey } = await iam.createAccessKey({ UserName });
    await iam.attachUserPolicy({ UserName, PolicyArn: 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly' });
    const puller = clientsOf(shared, { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' });
    const { credentials } = await registryLogin(puller);
    await skopeo('inspect', '--tls-verify=false', '--creds', credentials, `docker://${uri}:1`);
    assert.match(await failure(skopeo('copy', '--dest-tls-verify=false', '--dest-creds', credentials, `oci-archive:${archive}`, `docker://${uri}:3`)), /not authorized to perform: ecr:\w+ on resource: arn:aws:ecr/);
    await iam.detachUserPolicy({ UserName, PolicyArn: 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly' });
    assert.match(await inspect('--creds', credentials), /not authorized to perform: ecr:\w+|denied/i);
  });

  it('knows no repository that nobody made, and keeps immutable tags', async () => {
    const copy = (to: string) => failure(skopeo('copy', '--dest-tls-verify=false', '--dest-creds', login.credentials, `oci-archive:${archive}`, `docker://${to}`));
    assert.match(await copy(`${login.registry}/no/such:1`), /name unknown|The repository with name 'no\/such' does not exist in the registry/);
    await ecr.putImageTagMutability({ repositoryName, imageTagMutability: 'IMMUTABLE' });
    archive = await buildWebImage(dir, 'another version 1');
    assert.match(await copy(`${uri}:1`), /The image tag '1' already exists in the '[^']+' repository and cannot be overwritten because the (repository|tag) is immutable/);
    await refused(ecr.deleteRepository({ repositoryName }), 'RepositoryNotEmptyException', 400, /^The repository with name '[^']+' in registry with id '\d{12}' cannot be deleted because it still contains images$/);
  });
});
