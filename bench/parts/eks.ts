import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/engines/command.ts';
import { binDir } from '../../src/engines/index.ts';
import { runDirOf } from '../../src/wire/paths.ts';
import { clientsOf, type Clients } from '../../test/fixtures/clients.ts';
import { bringUp, gantry } from '../../test/fixtures/gantry.ts';
import { defaultNetwork } from '../../test/fixtures/network.ts';
import { holds, until } from '../../test/fixtures/until.ts';
import { seconds } from './seconds.ts';

/** An installation with a cluster called as itself, and how long its parts took to be there. */
export interface EksCluster extends AsyncDisposable {
  /** From CreateCluster to ACTIVE. */
  activeAfter: number;
  /** A node group of t3.medium; answers the seconds from CreateNodegroup to ACTIVE, which follows its nodes' being Ready. */
  addNodes(howMany: number): Promise<number>;
  /** As its creator; answers what it prints. */
  kubectl(...words: string[]): Promise<string>;
}

const POLICIES = {
  'eks.amazonaws.com': ['AmazonEKSClusterPolicy'],
  'ec2.amazonaws.com': ['AmazonEKSWorkerNodePolicy', 'AmazonEKS_CNI_Policy', 'AmazonEC2ContainerRegistryPullOnly'],
};

/** Its control plane has members in so many zones. Disposed of, installation and all are gone. */
export async function eksCluster(name: string, zones: 1 | 3): Promise<EksCluster> {
  process.env.GANTRY_EKS_ZONES = String(zones);
  const { env } = await bringUp(name);
  const remove = async () => void (await gantry(name, 'down', '--purge'));
  try {
    const clients = clientsOf({ name, env });
    const { eks } = clients;
    const [{ subnets }, clusterRole, nodeRole] = await Promise.all([defaultNetwork(clients), role(clients, 'cluster', 'eks.amazonaws.com'), role(clients, 'node', 'ec2.amazonaws.com')]);
    const subnetIds = subnets.map(({ id }) => id);
    const activeAfter = await seconds(async () => {
      await eks.createCluster({ name, roleArn: clusterRole, resourcesVpcConfig: { subnetIds } });
      await until('the cluster is ACTIVE', 180, async () => holds((await eks.describeCluster({ name })).cluster?.status, (status) => status === 'ACTIVE'));
    });
    return {
      activeAfter,
      kubectl: await kubectlOf(clients, name, env),
      addNodes: (howMany) => seconds(async () => {
        const scalingConfig = { minSize: howMany, desiredSize: howMany, maxSize: howMany };
        await eks.createNodegroup({ clusterName: name, nodegroupName: 'workers', nodeRole, subnets: subnetIds, instanceTypes: ['t3.medium'], scalingConfig });
        await until('the node group is ACTIVE', 180, async () => holds((await eks.describeNodegroup({ clusterName: name, nodegroupName: 'workers' })).nodegroup?.status, (status) => status === 'ACTIVE'));
      }),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function role({ iam }: Clients, name: string, service: keyof typeof POLICIES): Promise<string> {
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] };
  const { Role } = await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
  for (const policy of POLICIES[service]) await iam.attachRolePolicy({ RoleName: name, PolicyArn: `arn:aws:iam::aws:policy/${policy}` });
  return Role?.Arn ?? '';
}

/** With a token that was asked for once: the AWS CLI takes a second to give one. */
async function kubectlOf({ eks }: Clients, name: string, env: Record<string, string>): Promise<EksCluster['kubectl']> {
  const { cluster } = await eks.describeCluster({ name });
  const { stdout } = await run(['aws', 'eks', 'get-token', '--cluster-name', name, '--output', 'json'], { env });
  const user = { token: (JSON.parse(stdout) as { status: { token: string } }).status.token };
  const kubeconfig = join(runDirOf(name), 'bench.kubeconfig');
  await writeFile(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': name, contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: cluster?.endpoint, 'certificate-authority-data': cluster?.certificateAuthority?.data } }], users: [{ name, user }],
  }), { mode: 0o600 });
  const program = join(await binDir('kubernetes-1.36'), 'kubectl');
  return async (...words) => (await run([program, `--kubeconfig=${kubeconfig}`, ...words])).stdout.trim();
}
