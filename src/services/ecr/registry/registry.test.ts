import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import {
  BatchDeleteImageCommand, BatchGetImageCommand, CompleteLayerUploadCommand, CreateRepositoryCommand, DeleteRepositoryCommand, DescribeImagesCommand, ECRClient,
  GetAuthorizationTokenCommand, GetDownloadUrlForLayerCommand, InitiateLayerUploadCommand, PutImageCommand, SetRepositoryPolicyCommand, UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { refusal, served } from '../../../../test/served.ts';
import type { Served } from '../../../../test/served.ts';
import { iam } from '../../iam/index.ts';
import { ecr } from '../index.ts';
import { sweep } from '../controllers/garbage.ts';
import { lifecycle } from '../controllers/lifecycle.ts';
import { repositories } from '../records.ts';

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const OCI = 'application/vnd.oci.image.manifest.v1+json';
const HOUR_MS = 3_600_000;

describe('the registry', () => {
  let gantry: Served;
  let api: ECRClient;
  let base: string;
  let admin: string;
  before(async () => {
    gantry = await served([iam, ecr]);
    api = new ECRClient(gantry.client());
    base = gantry.client().endpoint;
    admin = await password(api);
    for (const repositoryName of ['app', 'other']) await api.send(new CreateRepositoryCommand({ repositoryName }));
    await api.send(new CreateRepositoryCommand({ repositoryName: 'fixed', imageTagMutability: 'IMMUTABLE' }));
  });
  after(() => gantry.close());

  const password = async (client: ECRClient) => {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    return Buffer.from(authorizationData![0]!.authorizationToken!, 'base64').toString().slice('AWS:'.length);
  };
  const call = (method: string, path: string, { token = admin, ...init }: RequestInit & { token?: string } = {}) =>
    fetch(`${base}${path}`, { method, ...init, headers: { authorization: `Basic ${Buffer.from(`AWS:${token}`).toString('base64')}`, ...(init.headers as Record<string, string>) } });
  const errorOf = async (response: Response) => {
    const { errors: [error] } = (await response.json()) as { errors: [{ code: string; message: string }] };
    return `${response.status} ${error.code}: ${error.message}`;
  };
  const upload = async (name: string, bytes: Uint8Array, token = admin) => {
    const response = await call('POST', `/v2/${name}/blobs/uploads/?digest=${digestOf(bytes)}`, { body: bytes, token });
    assert.equal(response.status, 201, await response.text());
    return digestOf(bytes);
  };
  const push = async (name: string, reference: string, text: string, extra: object = {}) => {
    const [config, layer] = [Buffer.from(`{"config":"${text}"}`), Buffer.from(text)];
    await upload(name, config);
    await upload(name, layer);
    const manifest = JSON.stringify({
      schemaVersion: 2, mediaType: OCI, config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(layer), size: layer.length }], ...extra,
    });
    const response = await call('PUT', `/v2/${name}/manifests/${reference === 'digest' ? digestOf(Buffer.from(manifest)) : reference}`, { body: manifest, headers: { 'content-type': OCI } });
    return { response, digest: digestOf(Buffer.from(manifest)), layer: digestOf(layer), manifest };
  };

  it('asks for credentials, and takes only its own tokens while they last', async () => {
    const open = await fetch(`${base}/v2/`);
    assert.equal(open.status, 401);
    assert.match(open.headers.get('www-authenticate') ?? '', /^Basic realm="http:\/\/123456789012\.dkr\.ecr\.eu-central-1\.test\.internal/);
    assert.equal((await call('GET', '/v2/')).status, 200);
    assert.match(await errorOf(await call('GET', '/v2/', { token: `${admin}x` })), /^403 DENIED/);
    gantry.clock.skewMs = 12 * HOUR_MS;
    assert.equal(await errorOf(await call('GET', '/v2/')), '403 DENIED: Your authorization token has expired. Reauthenticate and try again.');
    gantry.clock.skewMs = 0;
  });

  it('takes a blob in chunks, in order only, and goes on where it was', async () => {
    const bytes = Buffer.from('0123456789');
    const start = await call('POST', '/v2/app/blobs/uploads/');
    assert.equal(start.status, 202);
    const location = start.headers.get('location')!;
    const chunk = (first: number, last: number) => call('PATCH', location, { body: bytes.subarray(first, last + 1), headers: { 'content-range': `${first}-${last}` } });
    assert.equal((await chunk(0, 3)).headers.get('range'), '0-3');
    assert.match(await errorOf(await chunk(6, 9)), /^416 BLOB_UPLOAD_INVALID/);
    assert.equal((await call('GET', location)).headers.get('range'), '0-3');
    assert.equal((await chunk(4, 7)).status, 202);
    const end = await call('PUT', `${location}?digest=${digestOf(bytes)}`, { body: bytes.subarray(8) });
    assert.equal(end.status, 201);
    const part = await call('GET', end.headers.get('location')!, { headers: { range: 'bytes=2-4' } });
    assert.deepEqual([part.status, await part.text(), part.headers.get('content-range')], [206, '234', 'bytes 2-4/10']);
    assert.equal((await call('HEAD', `/v2/app/blobs/${digestOf(bytes)}`)).headers.get('content-length'), '10');
    assert.match(await errorOf(await call('GET', location)), /^404 BLOB_UPLOAD_UNKNOWN/);
  });

  it('keeps nothing of a blob that is not what its digest says', async () => {
    const wrong = digestOf(Buffer.from('something else'));
    assert.match(await errorOf(await call('POST', `/v2/app/blobs/uploads/?digest=${wrong}`, { body: 'something' })), /^400 DIGEST_INVALID/);
    assert.equal((await call('HEAD', `/v2/app/blobs/${wrong}`)).status, 404);
  });

  it('shows a blob in the repositories that have it, and mounts it into others', async () => {
    const digest = await upload('app', Buffer.from('to be mounted'));
    assert.equal((await call('HEAD', `/v2/other/blobs/${digest}`)).status, 404);
    assert.equal((await call('POST', `/v2/other/blobs/uploads/?mount=${digest}&from=app`)).status, 201);
    assert.equal(await (await call('GET', `/v2/other/blobs/${digest}`)).text(), 'to be mounted');
    assert.equal((await call('POST', `/v2/other/blobs/uploads/?mount=${digestOf(Buffer.from('nowhere'))}&from=app`)).status, 202);
  });

  it('keeps manifests byte for byte, refuses those whose blobs are not there, and lists tags in pages', async () => {
    const { response, digest, manifest } = await push('app', 'v1', 'one');
    assert.equal(response.status, 201);
    const got = await call('GET', '/v2/app/manifests/v1');
    assert.deepEqual([await got.text(), got.headers.get('docker-content-digest'), got.headers.get('content-type')], [manifest, digest, OCI]);
    const absent = { mediaType: 'x', digest: digestOf(Buffer.from('absent')), size: 1 };
    const broken = await call('PUT', '/v2/app/manifests/broken', { body: JSON.stringify({ schemaVersion: 2, mediaType: OCI, config: absent, layers: [] }), headers: { 'content-type': OCI } });
    assert.match(await errorOf(broken), /^400 MANIFEST_BLOB_UNKNOWN/);
    await push('app', 'v2', 'two');
    const page = await call('GET', '/v2/app/tags/list?n=1');
    assert.deepEqual(await page.json(), { name: 'app', tags: ['v1'] });
    assert.match(page.headers.get('link') ?? '', /n=1&last=v1>; rel="next"/);
    assert.deepEqual(await (await call('GET', '/v2/app/tags/list?last=v1')).json(), { name: 'app', tags: ['v2'] });
  });

  it("answers in ECR's words where there is no repository, and where a tag is immutable", async () => {
    assert.equal(await errorOf(await call('GET', '/v2/none/manifests/v1')), "404 NAME_UNKNOWN: The repository with name 'none' does not exist in the registry with id '123456789012'");
    assert.equal((await push('fixed', 'v1', 'first')).response.status, 201);
    assert.equal((await push('fixed', 'v1', 'first')).response.status, 201);
    assert.equal(await errorOf((await push('fixed', 'v1', 'second')).response), "400 TAG_INVALID: The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten because the tag is immutable.");
  });

  it('tells what refers to an image', async () => {
    const { digest } = await push('app', 'v1', 'one');
    const subject = { mediaType: OCI, digest, size: 1 };
    const { response, digest: signature } = await push('app', 'digest', 'signed', { subject, artifactType: 'application/x-signature', annotations: { by: 'me' } });
    assert.equal(response.headers.get('oci-subject'), digest);
    const { manifests } = (await (await call('GET', `/v2/app/referrers/${digest}?artifactType=application/x-signature`)).json()) as { manifests: { digest: string; artifactType: string }[] };
    assert.deepEqual(manifests.map((one) => [one.digest, one.artifactType]), [[signature, 'application/x-signature']]);
    assert.deepEqual(((await (await call('GET', `/v2/app/referrers/${digest}?artifactType=other`)).json()) as { manifests: unknown[] }).manifests, []);
  });

  const userWith = async (name: string, actions: string[]) => {
    const client = new IAMClient(gantry.client());
    await client.send(new CreateUserCommand({ UserName: name }));
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] };
    await client.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument: JSON.stringify(policy) }));
    const { AccessKey: key } = await client.send(new CreateAccessKeyCommand({ UserName: name }));
    return password(new ECRClient(gantry.client({ accessKeyId: key!.AccessKeyId, secretAccessKey: key!.SecretAccessKey })));
  };

  it('lets a reader read and not write, unless the repository itself says more or less', async () => {
    const { layer } = await push('app', 'v1', 'one');
    const token = await userWith('reader', ['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer']);
    assert.equal((await call('GET', '/v2/app/manifests/v1', { token })).status, 200);
    assert.equal((await call('GET', `/v2/app/blobs/${layer}`, { token })).status, 200);
    const start = () => call('POST', '/v2/app/blobs/uploads/', { token });
    assert.match(await errorOf(await start()), /^403 DENIED: User: arn:aws:iam::123456789012:user\/reader is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository\/app/);
    const policy = { Version: '2012-10-17', Statement: [
      { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:user/reader' }, Action: 'ecr:InitiateLayerUpload' },
      { Effect: 'Deny', Principal: '*', Action: 'ecr:GetDownloadUrlForLayer' },
    ] };
    await api.send(new SetRepositoryPolicyCommand({ repositoryName: 'app', policyText: JSON.stringify(policy) }));
    assert.equal((await start()).status, 202);
    assert.match(await errorOf(await call('GET', `/v2/app/blobs/${layer}`, { token })), /explicit deny in a resource-based policy/);
    await api.send(new SetRepositoryPolicyCommand({ repositoryName: 'app', policyText: JSON.stringify({ ...policy, Statement: policy.Statement[0] }) }));
    assert.match(await refusal(api.send(new SetRepositoryPolicyCommand({ repositoryName: 'app', policyText: '{"Statement":[{"Effect":"Allow"}]}' }))), /^InvalidParameter/);
  });

  it('takes and gives images by the API alone', async () => {
    const repositoryName = 'other';
    const put = async (bytes: Buffer) => {
      const { uploadId } = await api.send(new InitiateLayerUploadCommand({ repositoryName }));
      await api.send(new UploadLayerPartCommand({ repositoryName, uploadId, partFirstByte: 0, partLastByte: bytes.length - 1, layerPartBlob: bytes }));
      await api.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [digestOf(bytes)] }));
      return { mediaType: 'x', digest: digestOf(bytes), size: bytes.length };
    };
    const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType: OCI, config: await put(Buffer.from('{}')), layers: [await put(Buffer.from('layer by API'))] });
    await api.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'api' }));
    assert.match(await refusal(api.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'api' }))), /^ImageAlreadyExists: Image with digest 'sha256:.*' and tag 'api' already exists/);
    const { images } = await api.send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: 'api' }] }));
    assert.equal(images![0]!.imageManifest, imageManifest);
    const { downloadUrl } = await api.send(new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digestOf(Buffer.from('layer by API')) }));
    const link = new URL(downloadUrl!);
    assert.equal(await (await fetch(`${base}${link.pathname}${link.search}`)).text(), 'layer by API');
    assert.equal((await fetch(`${base}${link.pathname}?${link.search.slice(1)}x`)).status, 401);
    assert.match(await refusal(api.send(new DeleteRepositoryCommand({ repositoryName }))), /^RepositoryNotEmpty: .* cannot be deleted because it still contains images$/);
    await api.send(new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: 'api' }] }));
    const missing = await refusal(api.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag: 'api' }] })));
    assert.match(missing, /^ImageNotFound: The image with imageId \{imageDigest:'null', imageTag:'api'\} does not exist within the repository with name 'other'/);
  });

  it('expires images by policy, and collects only blobs that nothing names any more', async () => {
    const { env } = gantry;
    const scope = { account: '123456789012', region: 'eu-central-1' };
    await api.send(new CreateRepositoryCommand({ repositoryName: 'aging' }));
    const old = await push('aging', 'old', 'an old one');
    await push('aging', 'new', 'a new one');
    const text = JSON.stringify({ rules: [{ rulePriority: 1, selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 1 }, action: { type: 'expire' } }] });
    const key = repositories.key(scope, 'aging');
    await repositories.update(env.store, key, (repository) => ({ ...repository, lifecycle: { text } }));
    assert.deepEqual(await sweep(env, new Date()), []);
    gantry.clock.skewMs = 26 * HOUR_MS;
    await lifecycle.reconcile(key, env);
    const collected = await sweep(env, env.now());
    gantry.clock.skewMs = 0;
    const { imageDetails } = await api.send(new DescribeImagesCommand({ repositoryName: 'aging' }));
    assert.deepEqual(imageDetails!.flatMap((detail) => detail.imageTags), ['new']);
    assert.ok(collected.includes(old.layer) && collected.includes(old.digest));
    const { layer } = await push('aging', 'old', 'an old one');
    assert.equal(await (await call('GET', `/v2/aging/blobs/${layer}`)).text(), 'an old one');
    for (const tag of ['v1', 'v2']) assert.equal((await call('GET', `/v2/app/manifests/${tag}`)).status, 200);
  });

  it('works with skopeo', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gantry-skopeo-'));
    try {
      const run = promisify(execFile);
      const registry = new URL(base).host;
      const auth = join(folder, 'auth.json');
      writeFileSync(auth, JSON.stringify({ auths: { [registry]: { auth: Buffer.from(`AWS:${admin}`).toString('base64') } } }));
      const layout = join(folder, 'layout');
      makeLayout(layout);
      const tls = ['--authfile', auth, '--dest-tls-verify=false'];
      await run('skopeo', ['copy', '-q', ...tls, `oci:${layout}:one`, `docker://${registry}/app:skopeo`]);
      await run('skopeo', ['copy', '-q', ...tls, '--src-tls-verify=false', `docker://${registry}/app:skopeo`, `docker://${registry}/other:skopeo`]);
      await run('skopeo', ['copy', '-q', '--authfile', auth, '--src-tls-verify=false', `docker://${registry}/other:skopeo`, `oci:${join(folder, 'back')}:one`]);
      await assert.rejects(run('skopeo', ['copy', '-q', ...tls, `oci:${layout}:one`, `docker://${registry}/nobody/made:1`]), /The repository with name 'nobody\/made' does not exist in the registry with id '123456789012'/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** An OCI image layout of one image with one layer. */
function makeLayout(folder: string): void {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (mediaType: string, bytes: Buffer) => {
    writeFileSync(join(blobs, digestOf(bytes).slice(7)), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const layer = Buffer.alloc(300_000, 'layer');
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digestOf(layer)] }, config: {} };
  const manifest = {
    schemaVersion: 2, mediaType: OCI, config: blob('application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(config))),
    layers: [blob('application/vnd.oci.image.layer.v1.tar', layer)],
  };
  const entry = { ...blob(OCI, Buffer.from(JSON.stringify(manifest))), annotations: { 'org.opencontainers.image.ref.name': 'one' } };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}
