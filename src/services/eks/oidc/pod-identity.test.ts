import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pods } from '../../../kube/resources.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject, Manifest } from '../../../kube/types.ts';
import { eventually } from '../../../../test/installation.ts';
import { bindings, policies } from '../controllers/pod-identity.ts';
import { startApiServer, whyNotHere } from '../testing/api-server.ts';
import type { TestApiServer } from '../testing/api-server.ts';
import { podIdentityBinding, podIdentityPolicy } from './pod-identity.ts';

const serviceAccounts: Resource<Manifest> = { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };
const ROLE = 'arn:aws:iam::123456789012:role/reader';
const ENDPOINT = 'http://api.t.internal:4566';

interface Container { name: string; image: string; env?: { name: string; value: string }[]; volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[] }
interface PodWithToken extends KubeObject {
  spec: { serviceAccountName: string; containers: Container[]; initContainers?: Container[]; volumes?: { name: string; projected?: unknown; emptyDir?: object }[] };
}

describe('a pod of a service account with a role', { skip: whyNotHere() }, () => {
  let server: TestApiServer;
  before(async () => {
    server = await startApiServer();
    await server.client.apply(policies, podIdentityPolicy({ region: 'us-east-1', endpoint: ENDPOINT }));
    await server.client.apply(bindings, podIdentityBinding);
    const account = (name: string, annotations: Record<string, string> = {}) => server.client.create(serviceAccounts, {
      metadata: { name, namespace: 'default', annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`eks.amazonaws.com/${key}`, value])) },
    });
    await account('plain');
    await account('reader', { 'role-arn': ROLE });
    await account('special', { 'role-arn': ROLE, audience: 'mine', 'token-expiration': '60', 'sts-regional-endpoints': 'false' });
    await eventually(() => made('reader'), ({ spec }) => spec.volumes !== undefined);
    await eventually(() => made('special'), ({ spec }) => spec.volumes !== undefined);
  });
  after(() => server?.close());

  let count = 0;
  const made = async (serviceAccountName: string, spec: object = {}, annotations: Record<string, string> = {}): Promise<PodWithToken> => {
    count += 1;
    const object = { metadata: { name: `pod-${count}`, namespace: 'default', annotations }, spec: { serviceAccountName, containers: [{ name: 'main', image: 'i' }], ...spec } };
    return await server.client.create(pods as Resource as Resource<KubeObject & { spec: object }>, object) as unknown as PodWithToken;
  };
  const token = (audience: string, expirationSeconds: number) => ({ name: 'aws-iam-token', projected: { defaultMode: 420, sources: [{ serviceAccountToken: { audience, expirationSeconds, path: 'token' } }] } });
  const MOUNT = { name: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount', readOnly: true };
  const variables = (sts = 'regional') => ({
    AWS_STS_REGIONAL_ENDPOINTS: sts, AWS_DEFAULT_REGION: 'us-east-1', AWS_REGION: 'us-east-1', AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token', AWS_ENDPOINT_URL: ENDPOINT,
  });
  const envOf = ({ env = [] }: Container) => Object.fromEntries(env.map(({ name, value }) => [name, value]));

  it('has a token for STS and what SDKs read, in every container', async () => {
    const { spec } = await made('reader', { initContainers: [{ name: 'first', image: 'i' }], containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }], volumes: [{ name: 'scratch', emptyDir: {} }] });
    assert.deepEqual(spec.volumes, [{ name: 'scratch', emptyDir: {} }, token('sts.amazonaws.com', 86400)]);
    for (const container of [...spec.containers, ...spec.initContainers ?? []]) {
      assert.deepEqual(envOf(container), variables(), container.name);
      assert.deepEqual(container.volumeMounts, [MOUNT]);
    }
  });

  it('keeps what it has of its own', async () => {
    const own = [{ name: 'AWS_REGION', value: 'eu-west-1' }, { name: 'AWS_ROLE_ARN', value: 'other' }, { name: 'X', value: 'y' }, { name: 'X', value: 'z' }];
    const { spec } = await made('reader', { containers: [{ name: 'a', image: 'i', env: own, volumeMounts: [{ name: 'scratch', mountPath: '/s' }] }], volumes: [{ name: 'scratch', emptyDir: {} }] });
    assert.deepEqual(spec.containers[0]?.env, [...own, { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' }, { name: 'AWS_ENDPOINT_URL', value: ENDPOINT }]);
    assert.deepEqual(spec.containers[0]?.volumeMounts?.map(({ name }) => name), ['scratch', 'aws-iam-token']);
  });

  it('is as the annotations of its service account and its own say', async () => {
    const containers = ['a', 'b', 'c'].map((name) => ({ name, image: 'i' }));
    const { spec } = await made('special', { containers }, { 'eks.amazonaws.com/skip-containers': 'a, c' });
    assert.deepEqual(spec.volumes, [token('mine', 3600)]);
    assert.deepEqual(spec.containers.map(envOf), [{}, variables('legacy'), {}]);
    assert.deepEqual(spec.containers.map(({ volumeMounts }) => volumeMounts?.length ?? 0), [0, 1, 0]);
    const longer = await made('special', {}, { 'eks.amazonaws.com/token-expiration': '7200' });
    assert.deepEqual(longer.spec.volumes, [token('mine', 7200)]);
  });

  it('is as it was given without a role', async () => {
    const { spec } = await made('plain');
    assert.deepEqual([spec.volumes, spec.containers[0]?.env, spec.containers[0]?.volumeMounts], [undefined, undefined, undefined]);
  });
});
