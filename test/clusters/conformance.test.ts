import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pushTestImages, type PushedImages } from '../../src/cli/conformance/images.ts';
import type { TestResult } from '../../src/cli/conformance/report.ts';
import { prepareSuite, runPart, type Suite } from '../../src/cli/conformance/suite.ts';
import { list } from '../../src/engines/index.ts';
import { sharedCluster, skip as noCluster } from '../fixtures/cluster.ts';
import { installationOf } from '../fixtures/gantry.ts';
import { clients, shared } from '../fixtures/shared.ts';

/** Some of upstream's conformance tests, quick and of every kind; `gantry conformance` runs all of them. */
const TESTS = {
  'sig-node': [
    'Pods should run through the lifecycle of Pods and PodStatus',
    'Pods should contain environment variables for services',
    'Pods should support remote command execution over websockets',
    'Pods should support retrieving logs from the container over websockets',
    'ConfigMap should be consumable as environment variable names with various prefixes',
    'ConfigMap should run through a ConfigMap lifecycle',
    'Secrets should be consumable via the environment',
    'Downward API should provide pod name, namespace and IP address as env vars',
    "Containers should be able to override the image's default command and arguments",
    'InitContainer [NodeConformance] should invoke init containers on a RestartNever pod',
    'Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod',
    'Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop http hook properly',
    'Security Context When creating a container with runAsUser should run the container with uid 65534',
    'Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false',
    'KubeletManagedEtcHosts should test kubelet managed /etc/hosts file',
  ],
  'sig-storage': [
    'ConfigMap should be consumable from pods in volume with mappings as non-root',
    'Secrets should be consumable from pods in volume as non-root with defaultMode and fsGroup set',
    'Projected combined should project all components that make up the projection API',
    'EmptyDir volumes pod should support shared volumes between containers',
    'Downward API volume should update labels on modification',
    'PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC',
  ],
  'sig-network': [
    'DNS should provide DNS for the cluster',
    'DNS should provide DNS for services',
    'DNS should provide DNS for pods for Subdomain',
    'DNS should support configurable pod DNS nameservers',
    'Services should serve a basic endpoint from pods',
    'Services should serve multiport endpoints from pods',
    'Services should serve endpoints on same port and different protocols',
    'Services should be able to create a functioning NodePort service',
    'Services should be able to change the type from ExternalName to ClusterIP',
    'Services should have session affinity work for service with type clusterIP',
    'EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service',
    'HostPort validates that there is no conflict between pods with same hostPort but different hostIP and protocol',
    'Networking Granular Checks: Pods should function for intra-pod communication: http',
    'Networking Granular Checks: Pods should function for intra-pod communication: udp',
    'Networking Granular Checks: Pods should function for node-pod communication: http',
    'Proxy version v1 should proxy through a service and a pod',
  ],
  'sig-apps': [
    'Deployment RollingUpdateDeployment should delete old pods and create new ones',
    'Deployment should run the lifecycle of a Deployment',
    'ReplicaSet should serve a basic image on each replica with a public image',
    'StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource',
    'Job should create pods for an Indexed job with completion indexes and specified hostname',
    'Job should run a job to completion when tasks sometimes fail and are locally restarted',
    'CronJob should support CronJob API operations',
    'DisruptionController should block an eviction until the PDB is updated to allow it',
  ],
  'sig-api-machinery': [
    'AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation',
    'Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator',
    'CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2',
    'CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works',
    'Garbage collector should delete pods created by rc when not orphaning',
    'ResourceQuota should create a ResourceQuota and capture the life of a service.',
    'ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment',
    'Watchers should observe an object deletion if it stops meeting the requirements of the selector',
  ],
  'sig-auth': [
    'ServiceAccounts should mount an API token into pods',
    'ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer',
    'Certificates API [Privileged:ClusterAdmin] should support CSR API operations',
  ],
  'sig-cli': ['Kubectl client Guestbook application should create and stop a working application', 'Kubectl client Kubectl expose should create services for rc'],
};

const names = Object.entries(TESTS).flatMap(([group, tests]) => tests.map((test) => `[${group}] ${test}`));
const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
/** A name is followed by tags alone: `[Conformance]` and others. */
const focus = `(${names.map(escaped).join('|')})( \\[[^\\]]+\\])*$`;

const built = (await list()).find(({ name }) => name === 'conformance')?.state !== 'missing';
const skip = noCluster || (!built && 'upstream\'s tests are not built, which takes minutes: gantry engines build conformance');

describe("upstream's conformance tests", { skip, timeout: 3_600_000 }, () => {
  let images: PushedImages | undefined;
  let suite: Suite;
  let stop = () => {};

  before(async () => {
    const { AWS_ENDPOINT_URL: endpoint = '', AWS_REGION: region = '', AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = shared.env;
    const connection = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
    const { name } = await sharedCluster();
    const { cluster } = await clients.eks.describeCluster({ name });
    images = await pushTestImages(connection, () => {});
    const known = { name, endpoint: cluster?.endpoint ?? '', authority: cluster?.certificateAuthority?.data ?? '' };
    ({ suite, stop } = await prepareSuite(connection, known, images.prefix, join(installationOf(shared.name).stateDir, 'conformance/test')));
  });

  after(async () => {
    stop();
    await images?.remove();
  });

  it('pass, as far as they are quick', async () => {
    // Upstream's limits of time are for machines with nothing else to do.
    const results = await runPart(suite, { name: 'some', labels: 'Conformance', procs: 6, attempts: 3 }, { focus }, () => {}, new AbortController().signal);
    const wrong = results.filter(({ state }) => state !== 'passed').map(({ name, state, reason }: TestResult) => `${state}: ${name}: ${reason}`);
    assert.deepEqual(wrong, []);
    assert.equal(results.length, names.length, 'a test has another name than it had');
  });
});
