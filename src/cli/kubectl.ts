import { run } from '../engines/command.ts';
import { list } from '../engines/index.ts';

/**
 * kubectl may be one minor version older or newer than a cluster (https://kubernetes.io/releases/version-skew-policy/#kubectl). Gantry
 * builds the one that fits beside its control planes.
 */
export interface Kubectl {
  /** Of the one on the path; undefined where there is none. */
  found: string | undefined;
  /** Of Gantry's clusters, and of its own kubectl. */
  wanted: string;
  /** Where Gantry's own is, or will be once an engine was built. */
  folder: string;
}

export async function kubectl(): Promise<Kubectl> {
  const engine = (await list()).find(({ name }) => name === 'kubernetes-1.36')!;
  return { found: await version(), wanted: engine.version, folder: engine.binDir };
}

async function version(): Promise<string | undefined> {
  try {
    const { stdout } = await run(['kubectl', 'version', '--client', '--output=json'], { timeoutMs: 10_000 });
    return (JSON.parse(stdout) as { clientVersion?: { gitVersion?: string } }).clientVersion?.gitVersion;
  } catch {
    return undefined;
  }
}

export const fits = ({ found, wanted }: Pick<Kubectl, 'found' | 'wanted'>) => found !== undefined && Math.abs(minor(found) - minor(wanted)) <= 1;

const minor = (version: string) => Number(/^v?1\.(\d+)/.exec(version)?.[1]);
