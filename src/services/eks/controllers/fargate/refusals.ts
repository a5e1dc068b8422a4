import type { FargatePod } from './pod.ts';

/** What a sandbox can hold beside the container's own file system: what the kubelet makes, and what is reached over the network. */
const VOLUMES = ['configMap', 'secret', 'emptyDir', 'projected', 'downwardAPI', 'nfs'];
/** Those that containers have anyway, and the one more that Fargate allows. */
const CAPABILITIES = [
  'AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW', 'SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT', 'SYS_PTRACE',
];

/** Why the pod cannot run on Fargate, in the words of AWS's scheduler; undefined if it can. */
export function refusalOf({ metadata, spec }: FargatePod): string | undefined {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const fields = [spec.hostNetwork && 'HostNetwork', spec.hostPID && 'HostPID', spec.hostIPC && 'HostIPC'].filter(Boolean);
  const added = containers.flatMap(({ securityContext }) => securityContext?.capabilities?.add ?? []).filter((one) => !CAPABILITIES.includes(one));
  const context = [
    ...(containers.some(({ securityContext }) => securityContext?.privileged) ? ['Privileged'] : []),
    ...(added.length ? [`Capabilities added: ${[...new Set(added)].join(', ')}`] : []),
  ];
  const volumes = (spec.volumes ?? []).filter((volume) => !Object.keys(volume).some((key) => VOLUMES.includes(key)));
  const reasons = [
    ...(metadata.ownerReferences?.some(({ kind, controller }) => controller && kind === 'DaemonSet') ? ['DaemonSet pods are not supported'] : []),
    ...(fields.length ? [`fields not supported: ${fields.join(', ')}`] : []),
    ...(context.length ? [`invalid SecurityContext fields: ${context.join(', ')}`] : []),
    ...(containers.some(({ ports }) => ports?.some(({ hostPort, hostIP }) => hostPort || hostIP)) ? ['port contains HostIP or HostPort'] : []),
    ...(volumes.length ? [`volumes not supported: ${volumes.map(({ name }) => `${name} is of an unsupported volume Type`).join(', ')}`] : []),
  ];
  return reasons.length ? `Pod not supported on Fargate: ${reasons.join(', ')}` : undefined;
}
