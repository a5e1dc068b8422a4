import { readFile } from 'node:fs/promises';
import { startControlPlane } from '../../gateway/control-plane.ts';
import type { Installation } from '../../wire/installation.ts';

/** The control plane as a program: `node control-plane.ts <installation.json>`. */
const installation = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Installation;
const controlPlane = await startControlPlane(installation);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void controlPlane.close().then(() => process.exit(0), (error: unknown) => {
    console.error(error);
    process.exit(1);
  }));
}
