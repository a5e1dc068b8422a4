import type { AcsContainer } from '../../wire/acs.ts';
import type { Config } from '../config.ts';
import type { Cri } from '../cri/types.ts';
import type { Images } from '../images.ts';
import type { Log } from '../log.ts';
import type { Logs } from '../logs/logs.ts';
import type { Network } from '../network/network.ts';
import type { StateStore, TaskRecord } from '../state.ts';
import type { Submit } from '../submit.ts';

/** What the task engine works with: the runtime and the world, passed in so that tests can stand in for any of it. */
export interface Engine {
  cri: Cri;
  store: StateStore;
  config: Config;
  images: Images;
  logs: Logs;
  network: Network;
  /** Values of a container's secrets, by the names of environment variables. */
  secrets(record: TaskRecord, container: AcsContainer): Promise<Record<string, string>>;
  submit: Submit;
  instance: { region: string; endpointUrl?: string };
  now(): number;
  log: Log;
}

/** A container's end in the words of AWS: `<name>: <message>` becomes its reason. */
export class TaskError extends Error {
  constructor(name: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = name;
  }
}

export const reasonOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
