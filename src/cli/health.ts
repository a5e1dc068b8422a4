import type { Installation } from '../wire/installation.ts';
import { endpointOf } from './installation.ts';

/** What the gateway says of itself at `GET /_gantry/health`; undefined where nothing answers, or another installation. */
export interface Health {
  status: 'ok';
  /** Machines whose agents have spoken. */
  hosts: number;
}

export async function health(installation: Installation): Promise<Health | undefined> {
  try {
    const response = await fetch(`${endpointOf(installation)}/_gantry/health`, { signal: AbortSignal.timeout(10_000) });
    const body = (await response.json()) as Partial<Health & { name: string }>;
    return response.ok && body.status === 'ok' && body.name === installation.name ? { status: 'ok', hosts: body.hosts ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}
