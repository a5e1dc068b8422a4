import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { watch, type Counts } from './progress.ts';
import { readReport, summary } from './report.ts';

const spec = (name: string, State: string, more: object = {}) => ({
  LeafNodeType: 'It', ContainerHierarchyTexts: ['[sig-apps] Job'], LeafNodeText: `${name} [Conformance]`, State, RunTime: 1_500_000_000, ...more,
});
const failure = { Failure: { Message: 'timed out\nwaiting for\n  the job', Location: { FileName: 'k8s.io/kubernetes/test/e2e/apps/job.go', LineNumber: 7 } } };

it("reads ginkgo's report: tests that were chosen, and a set-up that failed", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-report-'));
  try {
    const SpecReports = [
      { LeafNodeType: 'SynchronizedBeforeSuite', ContainerHierarchyTexts: null, LeafNodeText: '', State: 'passed', RunTime: 1 },
      spec('runs', 'passed'), spec('is left out', 'skipped'), spec('waits', 'failed', failure), spec('was stopped', 'interrupted'),
    ];
    await writeFile(join(folder, 'report.json'), JSON.stringify([{ SpecReports }]));
    const results = await readReport(folder);
    assert.deepEqual(results, [
      { name: '[sig-apps] Job runs [Conformance]', state: 'passed', ms: 1500, reason: '' },
      { name: '[sig-apps] Job waits [Conformance]', state: 'failed', ms: 1500, reason: 'timed out waiting for the job (job.go:7)' },
      { name: '[sig-apps] Job was stopped [Conformance]', state: 'unfinished', ms: 1500, reason: '' },
    ]);
    const text = summary(results);
    assert.match(text, /^sig-apps +1 +2$/m);
    assert.match(text, /^✘ \[sig-apps\] Job waits  1\.5 s\n    timed out waiting for the job \(job\.go:7\)$/m);
    assert.match(text, /1 passed, 1 failed, 1 unfinished$/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('says where to look when there is no report', async () => {
  await assert.rejects(readReport('/nowhere'), /\/nowhere\/output\.log/);
});

it('counts while ginkgo runs, whatever pieces its text comes in', () => {
  const said = 'Running Suite: Kubernetes e2e suite\nWill run 5 of 7579 specs\n••\n------\n• [FAILED] [2.836 seconds]\n[sig-node] Sysctls [It] works [LinuxOnly] [sig-node, Conformance]\n  a reason\n------\n•';
  for (const pieces of [[said], said.split(''), said.split(/(?<=\n)/)]) {
    const seen: Counts[] = [];
    const take = watch((counts) => seen.push(counts));
    for (const piece of pieces) take(piece);
    const { failure: _, ...last } = seen.at(-1)!;
    assert.deepEqual(last, { passed: 3, failed: 1, total: 5 });
    assert.deepEqual(seen.flatMap(({ failure }) => failure ?? []), ['[sig-node] Sysctls works [LinuxOnly]']);
  }
});
