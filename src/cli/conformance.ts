import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { needRoot, UserError, type Command } from './command.ts';
import { createTestCluster, type Connection } from './conformance/cluster.ts';
import { pushTestImages } from './conformance/images.ts';
import type { Counts } from './conformance/progress.ts';
import { summary, type TestResult } from './conformance/report.ts';
import { prepareSuite, runPart, type Choice, type Part, type Suite } from './conformance/suite.ts';
import { ensureEngines } from './engines.ts';
import { endpointOf, readAdminKey } from './installation.ts';
import { conformancePackages, ensurePackages } from './packages.ts';
import { duration, isLive, steps } from './terminal.ts';
import { up } from './up.ts';

/** Tests mostly wait, so several share a processor; upstream's own runs have 25. */
const PROCS = Math.min(25, 5 * availableParallelism());
/** As a shell has it: 128 and the signal's number. */
const INTERRUPTED = 130;
/** What has the cluster for itself. */
const ALONE = '(Serial || Disruptive)';

export const command: Command = {
  usage: '[--focus RE] [--skip RE] [--procs N] [--keep]',
  summary: 'Kubernetes\' own conformance tests on a new EKS cluster of two nodes: all of them (an hour on 2 cores), or those whose names match',
  options: { focus: { type: 'string' }, skip: { type: 'string' }, procs: { type: 'string' }, keep: { type: 'boolean' } },
  async run({ name, values }) {
    needRoot();
    const procs = values.procs === undefined ? PROCS : Number(values.procs);
    if (!Number.isInteger(procs) || procs < 1) throw new UserError('--procs is a number of tests at a time');
    const started = Date.now();
    const installation = await up(name);
    await steps().run('Debian packages of the tests', (progress) => ensurePackages(progress, conformancePackages));
    await ensureEngines(['kubernetes-1.36', 'etcd', 'coredns', 'csi', 'conformance']);
    const connection = { endpoint: endpointOf(installation), region: installation.region, credentials: await readAdminKey(installation) };
    const results = join(installation.stateDir, 'conformance', new Date().toISOString().slice(0, 19).replaceAll(':', '-'));
    const parts: Part[] = [
      { name: 'parallel', labels: `Conformance && !Slow && !${ALONE}`, procs },
      { name: 'slow', labels: `Conformance && Slow && !${ALONE}`, procs },
      { name: 'serial', labels: `Conformance && ${ALONE}`, procs: 1 },
    ];

    const interrupted = new AbortController();
    const interrupt = () => {
      if (!interrupted.signal.aborted) console.error('\nInterrupted: what was made is taken away …');
      interrupted.abort();
    };
    process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
    const made: (() => Promise<void>)[] = [];
    let stopToken = () => {};
    try {
      const { suite, stop } = await prepare(connection, results, made);
      stopToken = stop;
      const choice = { focus: text(values.focus), skip: text(values.skip) };
      const all: TestResult[] = [];
      for (const part of parts) {
        if (!interrupted.signal.aborted) all.push(...(await runShown(suite, part, choice, interrupted.signal)));
      }
      if (interrupted.signal.aborted && all.length === 0) return INTERRUPTED;
      if (all.length === 0) throw new UserError('no conformance test has such a name');
      console.log(`\n${summary(all)} after ${duration(Date.now() - started)}; reports and output are in ${results}`);
      return interrupted.signal.aborted ? INTERRUPTED : all.every(({ state }) => state === 'passed') ? 0 : 1;
    } finally {
      stopToken();
      if (!values.keep) await steps().run('taking it all away', () => removeAll(made));
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  },
};

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Images, cluster and kubeconfig. What takes a thing away is in `made` as soon as the thing is there. */
async function prepare(connection: Connection, results: string, made: (() => Promise<void>)[]): Promise<{ suite: Suite; stop(): void }> {
  const show = steps();
  const images = await show.run('images of the tests', (progress) => pushTestImages(connection, progress));
  made.push(images.remove);
  const cluster = await show.run('cluster', (progress) => createTestCluster(connection, (remove) => made.push(remove), progress));
  return prepareSuite(connection, cluster, images.prefix, results);
}

/** A part with its progress; failed tests are named as they come. */
function runShown(suite: Suite, part: Part, choice: Choice, signal: AbortSignal): Promise<TestResult[]> {
  return steps().run(`${part.name} tests`, (progress) =>
    runPart(suite, part, choice, ({ passed, failed, total, failure }: Counts) => {
      if (failure) console.error(`${isLive() ? '\r\x1b[2K' : ''}✘ ${failure}`);
      progress({ what: isLive() ? `✔ ${passed}  ✘ ${failed}  ${total - passed - failed} left` : 'running', done: passed + failed, total });
    }, signal));
}

/** The last one first: nodes before their cluster. One that fails does not keep the others. */
async function removeAll(made: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const remove of made.toReversed()) await remove().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `not everything could be taken away: ${failures.map(String).join('; ')}`);
}
