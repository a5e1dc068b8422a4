/**
 * The machine image: Debian, small, with runit as its init. Engines and Gantry itself are not in it: they are mounted read-only.
 * It serves as Amazon's ECS-optimised image (`/etc/ecs/ecs.config`, user data, the agent at boot).
 */
export const name = 'instance';

/** AMIs that are this image; their ids are derived from these names (`src/wire/images.ts`). */
export const amiNames = ['ecs-optimized'] as const;

/** Beside Debian's essential ones. */
export const packages = [
  'usr-is-merged', 'apt', 'mount', 'procps', 'runit', 'ca-certificates', 'curl', 'jq',
  // containerd, CNI plugins and the ECS agent run these.
  'iproute2', 'iptables', 'nftables', 'iputils-ping',
  // The sandbox (pause) image is made of it.
  'busybox-static',
] as const;

/** Documentation and translations. */
export const excluded = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*'] as const;
