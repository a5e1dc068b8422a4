import type { Repository } from '../records.ts';

/** Whether a tag, once pushed, must stay on its image. */
export function isImmutable({ imageTagMutability, mutabilityExclusions }: Pick<Repository, 'imageTagMutability' | 'mutabilityExclusions'>, tag: string): boolean {
  switch (imageTagMutability) {
    case 'MUTABLE': return false;
    case 'IMMUTABLE': return true;
    case 'MUTABLE_WITH_EXCLUSION': return mutabilityExclusions.some((pattern) => matches(pattern, tag));
    case 'IMMUTABLE_WITH_EXCLUSION': return !mutabilityExclusions.some((pattern) => matches(pattern, tag));
  }
}

/** `*` stands for any characters. */
export function matches(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[^\w]/g, '\\$&')).join('.*')}$`).test(text);
}
