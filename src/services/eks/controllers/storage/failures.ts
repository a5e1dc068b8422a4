import { AwsError } from '../../../../control/error.ts';

/** What went wrong, as the driver tells of it: EC2's errors with their code. */
export function failureOf(error: unknown): string {
  if (error instanceof AwsError) return `api error ${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
