import { clusterDns, userData } from '../../nodegroups/user-data.ts';
import type { Cluster } from '../../records.ts';
import { COMPUTE_TYPE } from './pod.ts';
import type { Sandbox } from './records.ts';

/** Of one machine's memory, beside what was sold: the processes that a virtual machine of AWS has outside of the pod. */
export const OVERHEAD_MIB = 256;

/** `fargate-ip-172-31-0-5.ec2.internal` */
export function nodeNameOf(region: string, address: string): string {
  return `fargate-ip-${address.replaceAll('.', '-')}.${region === 'us-east-1' ? 'ec2' : `${region}.compute`}.internal`;
}

/** What makes the sandbox a node of one pod; JSON is YAML. Pure, so that equal records make equal wishes. */
export function sandboxUserData(cluster: Pick<Cluster, 'name' | 'serviceCidr' | 'endpointName'>, certificateAuthority: string, sandbox: Sandbox, nodeName: string): string {
  return userData(`${JSON.stringify({
    apiVersion: 'node.eks.aws/v1alpha1', kind: 'NodeConfig',
    spec: {
      cluster: { name: cluster.name, apiServerEndpoint: `https://${cluster.endpointName}`, certificateAuthority: Buffer.from(certificateAuthority).toString('base64'), cidr: cluster.serviceCidr },
      kubelet: {
        config: {
          maxPods: 1, clusterDNS: [clusterDns(cluster.serviceCidr)], providerID: `aws:///${sandbox.zone}/${sandbox.id}/${nodeName}`,
          kubeReserved: { cpu: '0m', memory: `${OVERHEAD_MIB}Mi` },
        },
        flags: [`--node-labels=${COMPUTE_TYPE}=fargate`, `--register-with-taints=${COMPUTE_TYPE}=fargate:NoSchedule`],
      },
    },
  })}\n`);
}
