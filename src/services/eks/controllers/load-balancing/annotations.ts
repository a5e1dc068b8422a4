import type { Metadata } from '../../../../kube/types.ts';
import { PlanError } from './plan.ts';

/** Annotations of one prefix, read by their last words. What cannot be read is a PlanError that names it. */
export function annotationsOf(prefix: string, ...objects: (Pick<Metadata, 'annotations'> | undefined)[]) {
  /** The first object that has it counts. */
  const text = (name: string): string | undefined => objects.map((object) => object?.annotations?.[prefix + name]?.trim()).find((value) => value !== undefined && value !== '');
  const wrong = (name: string, value: string) => new PlanError(`invalid value of annotation ${prefix}${name}: ${value}`);

  return {
    text,
    list: (name: string): string[] | undefined => text(name)?.split(',').map((item) => item.trim()).filter(Boolean),
    oneOf<T extends string>(name: string, ...values: T[]): T | undefined {
      const value = text(name);
      if (value === undefined) return undefined;
      const known = values.find((one) => one === value);
      if (known === undefined) throw wrong(name, value);
      return known;
    },
    number(name: string): number | undefined {
      const value = text(name);
      if (value === undefined) return undefined;
      if (!/^\d+$/.test(value)) throw wrong(name, value);
      return Number(value);
    },
    /** `a=1,b=2` */
    map(name: string): Record<string, string> {
      return Object.fromEntries((text(name) ?? '').split(',').map((pair) => pair.trim()).filter(Boolean).map((pair) => {
        const at = pair.indexOf('=');
        if (at < 1) throw wrong(name, pair);
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      }));
    },
    json(name: string): unknown {
      const value = text(name);
      if (value === undefined) return undefined;
      try {
        return JSON.parse(value) as unknown;
      } catch {
        throw wrong(name, value);
      }
    },
  };
}

export type Annotations = ReturnType<typeof annotationsOf>;
