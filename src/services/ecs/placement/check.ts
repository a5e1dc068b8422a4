import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import { invalid } from '../errors.ts';
import { parseQuery } from './query.ts';

/** Errors: InvalidParameterException. */
export function checkConstraints(constraints: PlacementConstraint[] | undefined): PlacementConstraint[] {
  if ((constraints?.length ?? 0) > 10) throw invalid('Placement constraints cannot have more than 10 items.');
  for (const { type, expression } of constraints ?? []) {
    if (type === 'distinctInstance') {
      if (expression) throw invalid('distinctInstance constraint does not accept an expression.');
    } else if (type === 'memberOf') {
      if (!expression) throw invalid('memberOf constraint requires an expression.');
      parseQuery(expression);
    } else throw invalid(`Invalid placement constraint type: ${type ?? null}`);
  }
  return constraints ?? [];
}

export function checkStrategies(strategies: PlacementStrategy[] | undefined): PlacementStrategy[] {
  if ((strategies?.length ?? 0) > 5) throw invalid('Placement strategy cannot have more than 5 items.');
  for (const { type, field } of strategies ?? []) {
    if (type === 'random') {
      if (field) throw invalid('Random placement strategy does not accept a field.');
    } else if (type === 'binpack') {
      if (!/^(cpu|memory)$/i.test(field ?? '')) throw invalid('Binpack placement strategy requires the field cpu or memory.');
    } else if (type === 'spread') {
      if (!/^(instanceId|host|attribute:.+)$/i.test(field ?? '')) throw invalid('Spread placement strategy requires the field instanceId, host or an attribute.');
    } else throw invalid(`Invalid placement strategy type: ${type ?? null}`);
  }
  return strategies ?? [];
}
