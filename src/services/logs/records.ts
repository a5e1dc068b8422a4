import { collection } from '../../control/collection.ts';
import type { Scope } from '../../control/service.ts';

/** Groups are records of the store; their streams and events are in a database of their own (`storage.ts`), for they are many. */
export interface Group {
  name: string;
  /** Unlike the name never used again: what is stored for a deleted group never shows in the next one of its name. */
  id: string;
  /** Milliseconds since the epoch, as this API has all times. */
  createdAt: number;
  retentionDays?: number;
  class: 'STANDARD' | 'INFREQUENT_ACCESS' | 'DELIVERY';
  deletionProtected: boolean;
  tags: Record<string, string>;
}

export const groups = collection<Group>('logs/group');

export const groupArn = ({ account, region }: Scope, name: string) => `arn:aws:logs:${region}:${account}:log-group:${name}`;
