import { badRequest } from './errors.ts';
import type { Tags } from './records.ts';

const MOST = 50;

/** https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html */
export function checkTags(tags: Record<string, string> | undefined): Tags {
  const checked = tags ?? {};
  for (const [key, value] of Object.entries(checked)) {
    if (key.length < 1 || key.length > 128) throw badRequest('Tag keys must be between 1 and 128 characters long.');
    if (value.length > 256) throw badRequest('Tag values must be at most 256 characters long.');
    if (/^aws:/i.test(key)) throw badRequest('Tag keys must not begin with aws:');
  }
  if (Object.keys(checked).length > MOST) throw badRequest(`The number of tags exceeds the limit of ${MOST}.`);
  return checked;
}
