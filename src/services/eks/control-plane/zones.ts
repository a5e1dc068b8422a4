import type { Env, Scope } from '../../../control/service.ts';
import { subnetById } from '../../ec2/index.ts';
import type { Cluster } from '../records.ts';

const MEMBERS = 3;

export interface Place {
  zone: string;
  subnetId: string;
}

/** One of the cluster's subnets a zone, in the zones' order. */
export async function placesOf(env: Env, scope: Scope, cluster: Cluster): Promise<Place[]> {
  const found = (await Promise.all(cluster.subnetIds.map((id) => subnetById(env, scope, id)))).filter((subnet) => subnet !== undefined);
  const byZone = new Map<string, Place>();
  for (const { zone, id } of found) if (!byZone.has(zone)) byZone.set(zone, { zone, subnetId: id });
  return [...byZone.values()].sort((a, b) => (a.zone < b.zone ? -1 : 1));
}

/**
 * Where members are wanted: three, spread over the zones; a single one where there is but one zone, or where GANTRY_EKS_ZONES=1 says
 * that the machine is small.
 */
export function wantedPlaces(places: Place[], zones = process.env.GANTRY_EKS_ZONES): Place[] {
  const [first] = places;
  if (!first) return [];
  if (places.length === 1 || zones === '1') return [first];
  return Array.from({ length: MEMBERS }, (_, index) => places[index % places.length]!);
}

/** The wanted places that no member stands at yet. */
export function missingPlaces(wanted: Place[], standing: readonly { zone: string }[]): Place[] {
  const left = standing.map(({ zone }) => zone);
  return wanted.filter(({ zone }) => {
    const at = left.indexOf(zone);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
