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

const LONGEST_REASON = 160;

function reasonOf(failure: Spec['Failure']): string {
  if (!failure) return '';
  const lines = failure.Message.split('\n').map((line) => line.trim()).filter(Boolean);
  const text = lines.slice(0, 2).join(' ').replace(/\s+/g, ' ');
  const short = text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}…` : text;
  return `${short} (${failure.Location.FileName.replace(/.*\//, '')}:${failure.Location.LineNumber})`;
}

/** What is printed at the end. */
export function summary(results: TestResult[]): string {
  const of = (state: TestResult['state']) => results.filter((one) => one.state === state);
  const wrong = results.filter(({ state }) => state !== 'passed').sort((a, b) => a.name.localeCompare(b.name));
  const rows = wrong.map(({ state, name, ms, reason }) => [state === 'failed' ? '✘' : '?', name.replace(/ \[Conformance\]/, ''), duration(ms), reason]);
  return [
    ...(rows.length ? [table([['', 'DID NOT PASS', 'AFTER', 'WHY'], ...rows]), ''] : []),
    `${of('passed').length} passed, ${of('failed').length} failed${of('unfinished').length ? `, ${of('unfinished').length} unfinished` : ''}`,
  ].join('\n');
}
