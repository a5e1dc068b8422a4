import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { BalancerTargetGroup, DesiredBalancer } from '../../wire/host.ts';
import { errorFiles, noTargets } from './pages.ts';
import { frontend } from './rules.ts';
import { modeOf, quoted, sectionName } from './text.ts';

export interface Rendered {
  /** Tells one configuration from another; targets have no part in it. HAProxy says it back as its description. */
  hash: string;
  /** The whole file, with the servers that are known to be checked already. */
  text: (known: ReadonlySet<string>) => string;
  /** Files that it names, in its folder. */
  files: ReadonlyMap<string, string>;
}

/** Where one balancer's files and sockets are. */
export const paths = (folder: string) => ({
  config: join(folder, 'haproxy.cfg'), stats: join(folder, 'stats.sock'), master: join(folder, 'master.sock'), state: join(folder, 'servers.state'), log: join(folder, 'haproxy.log'),
});

/** `hostHeader`: what health checks carry as their Host, the node's address and its listener's port, as AWS's do. */
export function render(balancer: DesiredBalancer, folder: string, hostHeader: string): Rendered {
  const files = new Map(Object.entries(errorFiles).map(([status, content]) => [`error-${status}`, content]));
  files.set('no-targets', noTargets);
  const frontends = balancer.listeners.map((listener) => {
    const { lines, bodies } = frontend(listener, balancer.headers ?? {}, (file) => join(folder, file));
    for (const [file, body] of bodies) files.set(file, body);
    return section(lines);
  });
  const groups = Object.entries(balancer.targetGroups);
  const backends = groups.map(([id, group]) => backend(id, group, hostHeader, join(folder, 'no-targets')));
  const settled = [...defaults(balancer, folder), ...frontends, ...backends, ...groups.map(([, group]) => serverOptions(group))].join('\n');
  const hash = createHash('sha256').update(settled).digest('hex').slice(0, 16);
  return {
    hash,
    files,
    text: (known) => [
      global(folder, hash), ...defaults(balancer, folder), ...frontends,
      ...groups.map(([id, group], index) => (backends[index] ?? '') + servers(id, group, known)),
    ].join('\n'),
  };
}

const section = ([header = '', ...lines]: string[]) => `${header}\n${lines.map((line) => `  ${line}\n`).join('')}`;

const global = (folder: string, hash: string) => section([
  'global',
  `description ${hash}`,
  `stats socket ${paths(folder).stats} mode 600 level admin expose-fd listeners`,
  `server-state-file ${paths(folder).state}`,
  `nbthread ${Math.min(4, availableParallelism())}`,
  'hard-stop-after 1h',
  // Once its sockets are open; both are made by Debian's package.
  'user haproxy',
  'group haproxy',
]);

/** One section a mode, which frontends and backends name by `from`. */
function defaults({ idleTimeout }: DesiredBalancer, folder: string): string[] {
  const both = [
    `timeout client ${idleTimeout}s`,
    `timeout server ${idleTimeout}s`,
    'load-server-state-from-file global',
    // A refused connection is tried again elsewhere.
    'retries 2',
    'option redispatch 1',
  ];
  const http = section([
    'defaults http',
    'mode http',
    'timeout connect 10s',
    ...both,
    `timeout http-keep-alive ${idleTimeout}s`,
    // A connection on which nothing was asked stays open over a reload until its next answer.
    'option idle-close-on-response',
    // A request that a target did not answer is tried elsewhere only where that is safe (RFC 9110 9.2.2).
    'retry-on conn-failure empty-response',
    ...Object.keys(errorFiles).map((status) => `errorfile ${status} ${join(folder, `error-${status}`)}`),
  ]);
  // A target that vanished without a word is given up for another one before its client loses patience.
  return [http, section(['defaults tcp', 'mode tcp', 'timeout connect 2s', ...both])];
}

function backend(id: string, group: BalancerTargetGroup, hostHeader: string, noTargetsFile: string): string {
  return section([
    `backend ${sectionName(id)} from ${modeOf(group)}`,
    `balance ${group.algorithm === 'least_outstanding_requests' ? 'leastconn' : 'roundrobin'}`,
    // Each target has a twin that is a backup without checks: used, all of them, when every checked one is down ("fail open").
    'option allbackups',
    ...(group.protocol === 'TCP' ? stickyAddress(group.stickinessSeconds) : answering(group, noTargetsFile)),
    ...checking(group, hostHeader),
  ]);
}

const stickyAddress = (seconds: number | undefined) => (seconds === undefined ? [] : [`stick-table type ip size 100k expire ${seconds}s`, 'stick on src']);

const answering = ({ stickinessSeconds }: BalancerTargetGroup, noTargetsFile: string) => [
  ...(stickinessSeconds === undefined ? [] : sticky(stickinessSeconds)),
  'http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE TRACE }',
  // A worker that is being replaced counts no server of its own as usable, and uses them still.
  `http-request return status 503 content-type text/html file ${noTargetsFile} hdr Server awselb/2.0 hdr Date %[date,http_date] if { nbsrv eq 0 } !{ stopping }`,
];

function checking({ healthCheck: { enabled, protocol, path, timeoutSeconds, matcher } }: BalancerTargetGroup, hostHeader: string): string[] {
  if (!enabled) return [];
  const timeout = `timeout check ${timeoutSeconds * 1000}ms`;
  if (protocol === 'TCP') return [timeout, 'option tcp-check'];
  return [
    timeout,
    'option httpchk',
    `http-check send meth GET uri ${quoted(path)} ver HTTP/1.1 hdr Host ${hostHeader} hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close`,
    `http-check expect status ${matcher.replaceAll(/[^0-9,-]/g, '')}`,
  ];
}

/**
 * The cookie names the server; one that is not in service is passed over. (HAProxy's own cookies are not for servers that are added
 * while it runs.)
 */
const sticky = (seconds: number) => [
  'use-server %[req.cook(AWSALB),b64dec] if { req.cook(AWSALB) -m found }',
  `http-response add-header Set-Cookie AWSALB=%[srv_name,regsub(\\.open$,),base64];\\ Expires=%[date(${seconds}),http_date];\\ Path=/`,
];

/** What a strict group has beside: one refused connection is enough, and while in doubt it is asked four times a second. */
const STRICT = ' fastinter 250ms downinter 250ms observe layer4 error-limit 1 on-error mark-down';

/** How a target is checked; nothing where it is not. The same words in the file and for `add server`, which knows no defaults. */
function checkOptions({ healthCheck, strict }: BalancerTargetGroup): string {
  const { enabled, protocol, port, intervalSeconds, healthyThreshold, unhealthyThreshold } = healthCheck;
  if (!enabled) return '';
  const secure = protocol === 'HTTPS' ? ' check-ssl verify none' : '';
  const at = port === 'traffic-port' ? '' : ` port ${port}`;
  return ` check inter ${intervalSeconds}s rise ${healthyThreshold} fall ${unhealthyThreshold}${at}${secure}${strict ? STRICT : ''}`;
}

const proxyOptions = ({ proxyProtocol }: BalancerTargetGroup) => (proxyProtocol ? ' send-proxy-v2' : '');

const serverOptions = (group: BalancerTargetGroup) => checkOptions(group) + proxyOptions(group);

/** The twin's name; `<address>:<port>` is the target's. */
export const twin = (target: string) => `${target}.open`;

export const serverLine = (name: string, target: string, group: BalancerTargetGroup) =>
  `${name} ${target}${name === target ? checkOptions(group) : ' backup'}${proxyOptions(group)}`;

/** The twin of a strict group's target waits until the target is found slow. */
const servers = (id: string, group: BalancerTargetGroup, known: ReadonlySet<string>) =>
  Object.entries(group.targets).filter(([target, { draining }]) => !draining && known.has(`${sectionName(id)}/${target}`))
    .flatMap(([target]) => [serverLine(target, target, group), `${serverLine(twin(target), target, group)}${group.strict ? ' disabled' : ''}`])
    .map((line) => `  server ${line}\n`).join('');
