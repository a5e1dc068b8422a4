import { parse } from 'yaml';
import type { Env, Scope } from '../../../control/service.ts';
import type { Resource } from '../../../kube/resources.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { kubeOf } from '../kube.ts';
import type { Cluster } from '../records.ts';

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

interface Line {
  rolearn?: string;
  userarn?: string;
  username?: string;
  groups?: string[];
}

const configMaps: Resource<ConfigMap> = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
/** The authenticator of AWS reads it by a watch; here it is read again after this long. */
const FRESH_MS = 3000;
const read = new Map<string, { at: number; lines: Line[] }>();

/** What the ConfigMap `aws-auth` of kube-system says of an ARN: https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html */
export async function mappedBy(env: Env, scope: Scope, cluster: Cluster, arn: string): Promise<{ username: string; groups: string[] } | undefined> {
  const lines = await linesOf(env, scope, cluster);
  const line = lines.find(({ rolearn, userarn }) => (rolearn ?? userarn)?.toLowerCase() === arn.toLowerCase());
  return line && { username: line.username ?? arn, groups: line.groups ?? [] };
}

async function linesOf(env: Env, scope: Scope, cluster: Cluster): Promise<Line[]> {
  const now = env.now().getTime();
  const known = read.get(cluster.id);
  if (known && now - known.at < FRESH_MS) return known.lines;
  const data = (await (await kubeOf(env, scope, cluster)).find(configMaps, { namespace: 'kube-system', name: 'aws-auth' }))?.data ?? {};
  const lines = [...listIn(data['mapRoles']), ...listIn(data['mapUsers'])];
  read.set(cluster.id, { at: now, lines });
  return lines;
}

/** A list that cannot be read maps nobody. */
function listIn(text: string | undefined): Line[] {
  if (!text) return [];
  try {
    const parsed = parse(text) as unknown;
    return Array.isArray(parsed) ? (parsed as Line[]) : [];
  } catch {
    return [];
  }
}
