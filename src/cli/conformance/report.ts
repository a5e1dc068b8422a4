import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration, table } from '../terminal.ts';

export interface TestResult {
  name: string;
  /** `unfinished`: interrupted, timed out with the whole run, or never begun. */
  state: 'passed' | 'failed' | 'unfinished';
  ms: number;
  /** Why it did not pass, in a line. */
  reason: string;
}

/** As far as it is read here: https://pkg.go.dev/github.com/onsi/ginkgo/v2/types#Report */
interface Report {
  SpecReports: Spec[] | null;
}

interface Spec {
  LeafNodeType: string;
  ContainerHierarchyTexts: string[] | null;
  LeafNodeText: string;
  State: string;
  /** Nanoseconds. */
  RunTime: number;
  Failure?: { Message: string; Location: { FileName: string; LineNumber: number } };
}

/** Of a part's folder. Set-up of the suite counts as a test only where it failed: then nothing else ran. */
export async function readReport(folder: string): Promise<TestResult[]> {
  const text = await readFile(join(folder, 'report.json'), 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`the suite ended without a report: ${join(folder, 'output.log')} says why`);
  const [report] = JSON.parse(text) as [Report];
  return (report.SpecReports ?? []).flatMap((spec): TestResult[] => {
    const isTest = spec.LeafNodeType === 'It';
    const state = stateOf(spec.State);
    if (state === undefined || (!isTest && state === 'passed')) return [];
    const name = isTest ? [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ') : `[${spec.LeafNodeType}]`;
    return [{ name, state, ms: spec.RunTime / 1e6, reason: reasonOf(spec.Failure) }];
  });
}

/** ginkgo's states; nothing for a test that was not chosen, or that skipped itself because the cluster lacks what it tests. */
function stateOf(state: string): TestResult['state'] | undefined {
  if (state === 'passed') return 'passed';
  if (state === 'failed' || state === 'panicked' || state === 'timedout') return 'failed';
  return state === 'skipped' || state === 'pending' || state === '' ? undefined : 'unfinished';
}

const LONGEST_REASON = 240;

function reasonOf(failure: Spec['Failure']): string {
  if (!failure) return '';
  const text = failure.Message.replace(/\s+/g, ' ').trim();
  const short = text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
  return `${short} (${failure.Location.FileName.replace(/.*\//, '')}:${failure.Location.LineNumber})`;
}

/** What is printed at the end: how each of upstream's groups did, and what did not pass and why. */
export function summary(results: TestResult[]): string {
  const count = (state: TestResult['state'], among = results) => among.filter((one) => one.state === state).length;
  const groups = Map.groupBy(results, ({ name }) => /^\[([^\]]+)\]/.exec(name)?.[1] ?? '');
  const rows = [...groups].sort(([a], [b]) => a.localeCompare(b)).map(([group, tests]) => [group, `${count('passed', tests)}`, `${tests.length - count('passed', tests) || ''}`]);
  const wrong = results.filter(({ state }) => state !== 'passed').sort((a, b) => a.name.localeCompare(b.name));
  return [
    table([['GROUP', 'PASSED', 'DID NOT'], ...rows]), '',
    ...wrong.flatMap(({ state, name, ms, reason }) => [`${state === 'failed' ? '✘' : '?'} ${name.replace(' [Conformance]', '')}  ${duration(ms)}`, `    ${reason}`]),
    ...(wrong.length ? [''] : []),
    `${count('passed')} passed, ${count('failed')} failed${count('unfinished') ? `, ${count('unfinished')} unfinished` : ''}`,
  ].join('\n');
}
