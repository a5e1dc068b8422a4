import { createHash } from 'node:crypto';
import type { Env } from '../../../../control/service.ts';
import type { KubeClient } from '../../../../kube/client.ts';
import { events } from '../../../../kube/resources.ts';
import type { KubeObject } from '../../../../kube/types.ts';

/** Tells of an object what a user sees in `kubectl describe`. The same words again count up one event. */
export async function tell(env: Env, client: KubeClient, object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, component = 'eks-load-balancing'): Promise<void> {
  const { namespace = 'default', name, uid } = object.metadata;
  const now = env.now().toISOString().replace(/\.\d+Z$/, 'Z');
  const ref = { namespace, name: `${name}.${createHash('sha256').update(JSON.stringify([uid, reason, message])).digest('hex').slice(0, 16)}` };
  const known = await client.find(events, ref);
  if (known) {
    await client.patch(events, ref, { count: (known.count ?? 1) + 1, lastTimestamp: now });
    return;
  }
  const { apiVersion, kind } = object;
  await client.create(events, {
    metadata: ref, type, reason, message, count: 1, firstTimestamp: now, lastTimestamp: now, source: { component },
    involvedObject: { name, namespace, ...(apiVersion ? { apiVersion } : {}), ...(kind ? { kind } : {}), ...(uid ? { uid } : {}) },
  });
}
