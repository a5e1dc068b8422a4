import { API_PORT, ETCD_CLIENT_PORT } from './arguments.ts';

/** What runs in a member beside Kubernetes' own programs, by path: runit finds a service by its folder, and runs `finish` before it starts one again. */

const LOGS = `#!/bin/sh
exec 2>/dev/console
exec /opt/gantry/node_modules/node/bin/node /opt/gantry/src/instance/eks-logs.ts
`;

/**
 * A write that a follower passed on to a leader that then died is lost, and etcd tells only after its own patience (5 s and two election
 * timeouts; etcd's ReqTimeout). So the API server's connections to the etcd beside it end as soon as that says that its leader is no more:
 * such writes fail at once, reads are tried again and watches resumed by etcd's client. Where the kernel cannot (CONFIG_INET_DIAG_DESTROY),
 * the patience stays.
 */
const PATIENCE = `#!/bin/sh
exec 2>/dev/console
tail -n 0 -F /var/log/etcd/current | grep --line-buffered -E 'raft.node: \\w+ (lost|changed) leader' |
  while read -r _; do ss -K -H -n -t state established dst 127.0.0.1 dport = :${ETCD_CLIENT_PORT} >/dev/null; done
`;

/**
 * An API server listens a second before it serves, and serves before it has read its roles: until then it refuses what it would allow
 * (`forbidden`). So once one has ended nobody outside is let in, the port being refused as if nobody listened, until the next one is ready.
 */
const CLOSE = `#!/bin/sh
nft 'add table inet gate; add chain inet gate input { type filter hook input priority 0; }; flush chain inet gate input; add rule inet gate input iifname != "lo" tcp dport ${API_PORT} reject with tcp reset'
sv term /etc/service/kube-apiserver-gate
`;
const OPEN = `#!/bin/sh
exec 2>/dev/console
until curl --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:${API_PORT}/readyz; do sleep 0.2; done
nft 'add table inet gate; delete table inet gate'
exec sleep infinity
`;

export const SERVICES: Readonly<Record<string, string>> = {
  '/etc/service/logs/run': LOGS,
  '/etc/service/etcd-patience/run': PATIENCE,
  '/etc/service/kube-apiserver-gate/run': OPEN,
  '/etc/sv/kube-apiserver/finish': CLOSE,
};
