import type { TaggedImage } from '../images/find.ts';
import { matches } from '../images/mutability.ts';
import type { LifecycleRule } from './policy.ts';

export interface Expiry extends TaggedImage {
  appliedRulePriority: number;
}

const DAY_MS = 86_400_000;

/**
 * The images that the rules expire. Pure. After https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html:
 * each image is expired by one rule at most; what matches the tag requirements of a rule is never expired by one of lower priority,
 * which counts it none the less; an image of a manifest list stays while the list does.
 */
export function expired(rules: LifecycleRule[], all: TaggedImage[], now: Date): Expiry[] {
  const referenced = new Set(all.flatMap(({ image }) => image.children));
  const youngestFirst = [...all].sort((a, b) => Date.parse(b.image.pushedAt) - Date.parse(a.image.pushedAt));
  const claimed = new Set<string>();
  const expiries: Expiry[] = [];
  for (const rule of rules) {
    const selected = youngestFirst.filter((one) => isSelected(rule, one));
    const due = rule.count.type === 'imageCountMoreThan' ? selected.slice(rule.count.number) : olderThan(selected, rule.count.days, now);
    for (const one of due) {
      if (!claimed.has(one.image.digest) && !referenced.has(one.image.digest)) expiries.push({ ...one, appliedRulePriority: rule.rulePriority });
    }
    for (const { image } of selected) claimed.add(image.digest);
  }
  return expiries;
}

const olderThan = (some: TaggedImage[], days: number, now: Date) => some.filter(({ image }) => now.getTime() - Date.parse(image.pushedAt) > days * DAY_MS);

function isSelected({ tagStatus, tagPatterns }: LifecycleRule, { tags }: TaggedImage): boolean {
  switch (tagStatus) {
    case 'any': return true;
    case 'untagged': return tags.length === 0;
    // Every pattern has to find a tag.
    case 'tagged': return tags.length > 0 && tagPatterns.every((pattern) => tags.some((tag) => matches(pattern, tag)));
  }
}
