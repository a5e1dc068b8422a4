import { readFileSync } from 'node:fs';

/**
 * AWS-managed policies, their true documents, ids and dates (as published in August 2026): those that container clouds use. They are
 * no records: nobody can change them. Only the default version of each is known.
 */
export interface AwsManagedPolicy {
  arn: string;
  name: string;
  path: string;
  id: string;
  version: string;
  createDate: string;
  updateDate: string;
  document: string;
}

interface Row { arn: string; policyId: string; version: string; createDate: string; updateDate: string; document: object }

const PREFIX = 'arn:aws:iam::aws:policy';

/** By ARN, sorted by name. */
export const awsManagedPolicies: ReadonlyMap<string, AwsManagedPolicy> = new Map(
  (JSON.parse(readFileSync(new URL('policies.json', import.meta.url), 'utf8')) as Row[]).map((row) => {
    const end = row.arn.lastIndexOf('/') + 1;
    const { arn, version, createDate, updateDate } = row;
    return [arn, { arn, name: arn.slice(end), path: arn.slice(PREFIX.length, end), id: row.policyId, version, createDate, updateDate, document: JSON.stringify(row.document) }];
  }),
);
