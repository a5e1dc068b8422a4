import type { AcsContainer } from '../../wire/acs.ts';
import type { Config } from '../config.ts';
import { networkMode } from '../names.ts';
import type { AgentState, PortBinding, SandboxRecord, TaskRecord } from '../state.ts';
import { isolate, moveInterfaceIn, moveInterfaceOut } from './awsvpc.ts';
import { blackhole, namespaceName } from './links.ts';
import { makePorts } from './ports.ts';

/** The networks of sandboxes, as the task engine asks for them. */
export interface Network {
  /** Host ports for the containers of a sandbox that is about to be made. Rejects with `PortTaken`. */
  choosePorts(record: TaskRecord, containers: readonly AcsContainer[]): Promise<PortBinding[]>;
  /** Brings a sandbox that runs to the task's network mode. May be called again. */
  connect(record: TaskRecord, sandbox: SandboxRecord): Promise<void>;
  /** Before the sandbox stops. */
  disconnect(record: TaskRecord, sandbox: SandboxRecord): Promise<void>;
  /** After sandboxes came or went: host ports lead where they should. */
  applyPorts(): Promise<void>;
}

export function makeNetwork(state: AgentState, config: Config): Network {
  const ports = makePorts(state);
  return {
    async choosePorts(record, containers) {
      if (networkMode(record) !== 'bridge') return [];
      const chosen: PortBinding[] = [];
      for (const { name, portMappings } of containers) chosen.push(...(await ports.choose(config.dynamicHostPorts, name, portMappings ?? [], chosen)));
      return chosen;
    },
    async connect(record, sandbox) {
      const mode = networkMode(record);
      if (mode === 'none' && sandbox.netns) await isolate(sandbox.netns);
      const eni = record.task.elasticNetworkInterfaces?.[0];
      if (mode !== 'awsvpc') return;
      if (!eni) throw new Error('the task has no network interface');
      if (config.awsvpcBlockMetadata && sandbox.netns) await blackhole('169.254.169.254/32', namespaceName(sandbox.netns));
      await moveInterfaceIn(place(sandbox, config), eni);
    },
    async disconnect(record, sandbox) {
      const eni = record.task.elasticNetworkInterfaces?.[0];
      if (networkMode(record) === 'awsvpc' && eni && sandbox.netns) await moveInterfaceOut(place(sandbox, config), eni);
    },
    applyPorts: ports.apply,
  };
}

const place = (sandbox: SandboxRecord, { cniBinDir }: Config) => ({ id: sandbox.id!, netns: sandbox.netns!, binDir: cniBinDir });
