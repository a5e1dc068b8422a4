import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from '../../control/service.ts';
import { openStorage, type Storage } from './storage.ts';

const opened = new WeakMap<Env['store'], Storage>();

/** The storage of an installation, `<stateDir>/control/logs.db`: opened at its first use, as long-lived as the store. */
export function storageOf(env: Pick<Env, 'store' | 'installation'>): Storage {
  let storage = opened.get(env.store);
  if (!storage) {
    const folder = join(env.installation.stateDir, 'control');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    storage = openStorage(join(folder, 'logs.db'));
    opened.set(env.store, storage);
  }
  return storage;
}
