import type { EngineName } from '../../src/engines/recipes.ts';
import type { ImageName } from '../../src/wire/images.ts';

/**
 * The machine image: Debian, small, with runit as its init. Engines and Gantry itself are not in it: they are mounted read-only.
 * It serves as Amazon's ECS-optimised image (`/etc/ecs/ecs.config`, user data, the agent at boot), its EKS-optimised one (nodeadm's
 * NodeConfig) and as a member of an EKS control plane: which services run is decided by its name at boot (`files/etc/runit/1`).
 */
export const name = 'instance';

/** The engines that an instance of an AMI gets, by the folder in which it finds them. */
export const enginesOf: Readonly<Record<ImageName, Readonly<Record<string, EngineName>>>> = {
  'ecs-optimized': { '/opt/engines/containerd/bin': 'containerd', '/opt/engines/runc/bin': 'runc', '/opt/cni/bin': 'cni-plugins' },
  'eks-optimized': { '/opt/engines/containerd/bin': 'containerd', '/opt/engines/runc/bin': 'runc', '/opt/cni/bin': 'cni-plugins', '/opt/engines/kubernetes/bin': 'kubernetes-1.36', '/opt/engines/csi/bin': 'csi' },
  'eks-control-plane': { '/opt/engines/etcd/bin': 'etcd', '/opt/engines/kubernetes/bin': 'kubernetes-1.36' },
};

/** Beside Debian's essential ones. */
export const packages = [
  'usr-is-merged', 'apt', 'mount', 'procps', 'runit', 'ca-certificates', 'curl', 'jq',
  // containerd, CNI plugins and the ECS agent run these.
  'iproute2', 'iptables', 'nftables', 'iputils-ping',
  // The kubelet makes file systems of volumes, and looks at connections that are no more.
  'e2fsprogs', 'conntrack',
  // The sandbox (pause) image is made of it.
  'busybox-static',
] as const;

/** Documentation and translations. */
export const excluded = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*'] as const;
