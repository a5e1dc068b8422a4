import { failure } from './errors.ts';

/** A repository policy has to be a policy document; what it says is judged at each use. */
export function checkRepositoryPolicy(text: string): string {
  const invalid = failure('InvalidParameterException', "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'");
  try {
    const { Statement } = JSON.parse(text) as { Statement?: unknown };
    if (typeof Statement !== 'object' || Statement === null) throw invalid;
  } catch {
    throw invalid;
  }
  return text;
}
