import type { Filter } from '@aws-sdk/client-auto-scaling';

/** Auto Scaling's filters take values as they are. A filter without values matches whatever has the field. */
export const wildcardless = ({ Values: wanted }: Filter, has: string[]): boolean => (wanted?.length ? has.some((value) => wanted.includes(value)) : has.length > 0);
