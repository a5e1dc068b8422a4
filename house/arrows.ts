import { dirname, join, normalize } from 'node:path';
import type { Source } from './sources.ts';

/**
 * Imports run downwards only (docs/architecture.md has the picture): each room names the rooms that it may import from. `wire` holds
 * types and names that two programs share. Another service is reached by its `index.ts` alone. Types count like values.
 */
const ROOMS: Record<string, string[]> = {
  'src/store': [],
  'src/wire': [],
  'src/engines': [],
  'src/control': ['src/store', 'src/wire'],
  'src/kube': ['src/control/backoff.ts'],
  'src/services': ['src/control', 'src/engines/index.ts', 'src/kube', 'src/store', 'src/wire'],
  'src/gateway': ['src/services', 'src/control', 'src/store', 'src/wire'],
  'src/host': ['src/engines', 'src/wire', 'src/control/backoff.ts', 'images'],
  'src/agent': ['src/wire', 'src/engines/protos.ts', 'src/control/backoff.ts', 'src/engines/command.ts'],
  'src/instance': ['src/wire', 'src/engines/command.ts', 'src/engines/protos.ts', 'src/control/backoff.ts'],
  'src/cli': ['src/gateway', 'src/host', 'src/engines', 'src/wire', 'src/control/backoff.ts', 'images'],
  images: ['src/engines', 'src/wire'],
};

export function arrows(files: Source[]): string[] {
  const wrong: string[] = [];
  for (const { path, text } of files) {
    if (path.endsWith('.test.ts')) continue;
    const room = roomOf(path);
    if (!room) continue;
    for (const [, target] of text.matchAll(/(?:from|import)\s+'(\.[^']+)'/g)) {
      const file = normalize(join(dirname(path), target!));
      const reason = forbidden(room, path, file);
      if (reason) wrong.push(`${path}: imports ${file}: ${reason}`);
    }
  }
  return wrong;
}

function forbidden(room: string, from: string, to: string): string | undefined {
  const target = roomOf(to);
  if (target === room) {
    return serviceOf(from) && serviceOf(to) && serviceOf(from) !== serviceOf(to) && !to.endsWith(`${serviceOf(to)}/index.ts`)
      ? 'another service is reached by its index.ts'
      : undefined;
  }
  const allowed = ROOMS[room]!.some((room_) => to === room_ || to.startsWith(`${room_}/`));
  return allowed ? undefined : `${room} may import ${ROOMS[room]!.join(', ') || 'nothing'}`;
}

const roomOf = (path: string) => Object.keys(ROOMS).find((room) => path.startsWith(`${room}/`));
const serviceOf = (path: string) => /^src\/services\/([^/]+)\//.exec(path)?.[1];
