import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ObservedChange } from '../../wire/host.ts';
import { openReports } from './reports.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-reports-'));
});
after(() => rm(folder, { recursive: true }));

const options = () => ({ path: join(folder, 'observed.json'), onChange: () => {}, onError: (error: unknown) => assert.fail(String(error)) });
const sent = async (reports: Awaited<ReturnType<typeof openReports>>) => {
  let got: ObservedChange[] = [];
  await reports.flush(async (changes) => void (got = changes));
  return got.map(({ kind, id, value }) => `${kind}/${id} ${value === null ? 'gone' : 'there'}`);
};
const applied = { applied: true } as const;

test('what was seen is sent once, again when that failed, and all of it after a lost connection', async () => {
  const reports = await openReports(options());
  reports.report('network', 'vpc-1', applied);
  reports.report('interface', 'eni-1', applied);
  await assert.rejects(reports.flush(() => Promise.reject(new Error('away'))), /away/);
  assert.deepEqual(await sent(reports), ['network/vpc-1 there', 'interface/eni-1 there']);
  reports.report('network', 'vpc-1', applied);
  assert.deepEqual(await sent(reports), []);
  reports.again();
  assert.deepEqual(await sent(reports), ['network/vpc-1 there', 'interface/eni-1 there']);
  reports.report('network', 'vpc-1', null);
  reports.report('network', 'never-seen', null);
  assert.deepEqual(await sent(reports), ['network/vpc-1 gone']);
  reports.again();
  assert.deepEqual(await sent(reports), ['interface/eni-1 there']);
  reports.report('interface', 'eni-2', applied);
  await reports.saved();
});

test('the next life says what is gone of what the last one reported, once everything was looked at', async () => {
  const reports = await openReports(options());
  reports.report('interface', 'eni-1', applied);
  assert.deepEqual(await sent(reports), ['interface/eni-1 there']);
  reports.complete();
  assert.deepEqual(await sent(reports), ['interface/eni-2 gone']);
  await reports.saved();
});
