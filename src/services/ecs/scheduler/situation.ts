import type { Service, TaskStatus } from '../records.ts';

/** A task of a service as its scheduler sees it. */
export interface ScheduledTask {
  id: string;
  /** The id of its deployment. */
  deployment: string;
  status: TaskStatus;
  /** Its desired status is RUNNING. */
  wanted: boolean;
  /** RUNNING, healthy in its target groups and by its own health checks. */
  ready: boolean;
  /** Ready long enough to count as a success. */
  proven: boolean;
  /** Why it must be replaced, as its stopped reason; absent while it is well, or in its grace period. */
  ailment?: string;
  instance: string;
  zone: string;
  /** Its instance is not ACTIVE. */
  displaced: boolean;
  protected: boolean;
  createdAt: string;
  /** It ended by itself, or by its health checks, so soon that the deployment is to blame; noted once. */
  failure: boolean;
  /** It ended and the scheduler has not noted it. */
  unaccounted: boolean;
}

export interface Situation {
  service: Service;
  tasks: ScheduledTask[];
  now: Date;
  /** Nothing found room just now: old tasks may make it, as far as minimumHealthyPercent allows. */
  cramped: boolean;
  /** DAEMON: ids of the instances that are to have a task each. */
  instances: string[];
}

export interface Plan {
  /** The service as it is to be stored: deployments, counts of failures, events. */
  service: Service;
  /** How many tasks to start for the primary deployment; a DAEMON's on these instances. */
  start: { count: number; instances?: string[] };
  stop: { task: string; reason: string }[];
  /** Ended tasks that `service` takes account of. */
  accounted: string[];
  /** What is to be told. */
  events: string[];
  /** When to look again though nothing changes. */
  againInMs?: number;
}
