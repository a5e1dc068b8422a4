import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { run } from '../../engines/command.ts';
import type { AcsPortMapping } from '../../wire/acs.ts';
import type { AgentState, PortBinding } from '../state.ts';
import { TASK_BRIDGE, TASK_SUBNET } from './bridge.ts';

/**
 * Host ports of containers in bridge mode. Which port leads where is one nftables map, written whole at every change, so that it
 * is right whatever was left by an agent before. The instance's own programs reach host ports too, also by 127.0.0.1, which the
 * kernel routes on only where `route_localnet` says so; what comes from outside for 127.0.0.0/8 is dropped, as without it.
 */
export interface Forward {
  hostPort: number;
  protocol: 'tcp' | 'udp';
  address: string;
  containerPort: number;
}

export function forwards(state: AgentState): Forward[] {
  return Object.values(state.tasks).flatMap((record) =>
    Object.values(record.sandboxes)
      .filter((sandbox) => sandbox.address && !sandbox.stopped)
      .flatMap(({ address, bindings }) => bindings.map(({ hostPort, protocol, containerPort }) => ({ hostPort, protocol, address: address!, containerPort }))),
  );
}

const TABLE = 'ip ecs';

/** nft's script: the table and its rules as they are always, the map as it is now; one transaction. */
export function ruleset(entries: readonly Forward[]): string {
  const elements = entries.map(({ protocol, hostPort, address, containerPort }) => `${protocol} . ${hostPort} : ${address} . ${containerPort}`);
  const translate = 'fib daddr type local dnat ip to meta l4proto . th dport map @ports';
  return `
add table ${TABLE}
add map ${TABLE} ports { type inet_proto . inet_service : ipv4_addr . inet_service; }
add chain ${TABLE} raw { type filter hook prerouting priority raw; }
add chain ${TABLE} prerouting { type nat hook prerouting priority dstnat; }
add chain ${TABLE} output { type nat hook output priority -100; }
add chain ${TABLE} postrouting { type nat hook postrouting priority srcnat; }
flush table ${TABLE}
flush map ${TABLE} ports
add rule ${TABLE} raw iifname != "lo" ip daddr 127.0.0.0/8 drop
add rule ${TABLE} prerouting ${translate}
add rule ${TABLE} output ${translate}
add rule ${TABLE} postrouting ip saddr ${TASK_SUBNET} oifname != "${TASK_BRIDGE}" masquerade
add rule ${TABLE} postrouting oifname "${TASK_BRIDGE}" ip saddr { ${TASK_SUBNET}, 127.0.0.0/8 } ct status dnat masquerade
${elements.length ? `add element ${TABLE} ports { ${elements.join(', ')} }` : ''}
`;
}

export interface Ports {
  /** Makes the kernel's table that of the state. */
  apply(): Promise<void>;
  /** Picks host ports; nobody else is given them from now on, even before the caller has stored them. */
  choose(range: { first: number; last: number }, container: string, mappings: readonly AcsPortMapping[], also: readonly PortBinding[]): Promise<PortBinding[]>;
}

export class PortTaken extends Error {}

/** How long a port that was chosen is kept back though no sandbox has it yet. */
const HELD_MS = 60_000;

export function makePorts(state: AgentState, now: () => number = Date.now): Ports {
  let applying: Promise<unknown> = Promise.resolve();
  let cursor = 0;
  const held = new Map<string, number>();
  const isHeld = (key: string) => (held.get(key) ?? 0) > now();
  return {
    apply() {
      const next = applying.catch(() => {}).then(async () => void (await run(['nft', '-f', '-'], { input: ruleset(forwards(state)) })));
      applying = next;
      return next;
    },
    async choose(range, container, mappings, also) {
      const taken = new Set([...also, ...bindings(state)].map(({ hostPort, protocol }) => `${protocol} ${hostPort}`));
      const chosen: PortBinding[] = [];
      const size = range.last - range.first + 1;
      for (const { containerPort, hostPort: wanted, protocol = 'tcp' } of mappings) {
        const key = (port: number) => `${protocol} ${port}`;
        const take = async (port: number, mayBeHeld: boolean) => {
          if (taken.has(key(port)) || (!mayBeHeld && isHeld(key(port)))) return false;
          held.set(key(port), now() + HELD_MS);
          return bindable(port, protocol);
        };
        let hostPort = wanted;
        // A fixed port that is held was asked for by this very sandbox before, or its owner has just stored it.
        if (wanted && !(await take(wanted, true))) throw new PortTaken(`Bind for 0.0.0.0:${wanted} failed: port is already allocated`);
        for (let tries = 0; !hostPort; tries++) {
          if (tries === size) throw new PortTaken('all dynamic host ports are allocated');
          const candidate = range.first + (cursor++ % size);
          if (await take(candidate, false)) hostPort = candidate;
        }
        taken.add(key(hostPort));
        chosen.push({ container, containerPort, hostPort, protocol });
      }
      return chosen;
    },
  };
}

const bindings = (state: AgentState) => Object.values(state.tasks).flatMap((record) => Object.values(record.sandboxes).flatMap((sandbox) => (sandbox.stopped ? [] : sandbox.bindings)));

export async function allowLocalForwards(): Promise<void> {
  await writeFile('/proc/sys/net/ipv4/conf/all/route_localnet', '1');
}

/** Whether a program of the instance's own has it. */
async function bindable(port: number, protocol: 'tcp' | 'udp'): Promise<boolean> {
  const socket = protocol === 'tcp' ? createServer().listen(port, '0.0.0.0') : createSocket('udp4').bind(port, '0.0.0.0');
  try {
    await once(socket, 'listening');
  } catch {
    return false;
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return true;
}
