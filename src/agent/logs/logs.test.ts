import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcsContainer } from '../../wire/acs.ts';
import type { TaskRecord } from '../state.ts';
import { batches, destination } from './awslogs.ts';
import { makeLogs } from './logs.ts';
import { parseLog } from './reader.ts';

const line = (text: string, tag = 'F', stream = 'stdout') => `2026-11-21T14:00:00.123456789Z ${stream} ${tag} ${text}\n`;
const messages = (text: string, kind: 'open' | 'full' | 'ended' = 'open') => {
  const { events, bytes } = parseLog(Buffer.from(text), kind);
  return { texts: events.map(({ message }) => message), bytes };
};

it('joins the parts of a line, each stream by itself, and stops before one that is not whole', () => {
  const whole = line('one') + line('tw', 'P') + line('err', 'F', 'stderr') + line('o');
  assert.deepEqual(messages(whole), { texts: ['one', 'err', 'two'], bytes: whole.length });
  assert.deepEqual(messages(line('one') + line('tw', 'P')), { texts: ['one'], bytes: line('one').length });
  assert.deepEqual(messages(`${line('one')}2026-11-21T14`), { texts: ['one'], bytes: line('one').length });
  assert.equal(parseLog(Buffer.from(line('x')), 'open').events[0]!.timestamp, Date.parse('2026-11-21T14:00:00.123Z'));
});

it('a last line without an end counts once nobody writes any more', () => {
  const text = line('one') + line('rest', 'P');
  assert.deepEqual(messages(text, 'ended'), { texts: ['one', 'rest'], bytes: text.length });
});

it('names streams as the awslogs driver does', () => {
  assert.equal(destination({ 'awslogs-stream-prefix': 'p' }, 'web', 'id', 'r').stream, 'p/web/id');
  assert.equal(destination({ 'awslogs-stream': 'full' }, 'web', 'id', 'r').stream, 'full');
  assert.equal(destination({ 'awslogs-region': 'eu-west-1' }, 'web', 'id', 'r').region, 'eu-west-1');
});

it('keeps to the limits of PutLogEvents, in order of time', () => {
  const many = batches(Array.from({ length: 10_001 }, (_, index) => ({ timestamp: 20_000 - index, message: 'x' })));
  assert.deepEqual(many.map((batch) => batch.length), [10_000, 1]);
  assert.ok(many[0]![0]!.timestamp < many[1]![0]!.timestamp);
  const big = batches(Array.from({ length: 5 }, () => ({ timestamp: 0, message: 'x'.repeat(250_000) })));
  assert.deepEqual(big.map((batch) => batch.length), [4, 1]);
});

it('ships what is written, notes how far, goes on from there, waits out a service that is away', async () => {
  const logDir = await mkdtemp(join(tmpdir(), 'gantry-logs-'));
  try {
    const options = { 'awslogs-group': '/g', 'awslogs-stream-prefix': 'p' };
    const container: AcsContainer = { name: 'web', containerArn: '', image: '', essential: true, cpu: 0, memory: 0, dockerConfig: { hostConfig: JSON.stringify({ LogConfig: { Type: 'awslogs', Config: options } }) } };
    const record = { task: { arn: 'a/task', containers: [container] }, containers: { web: { attempt: 0, startedAt: 'x' } } } as unknown as TaskRecord;
    const shipped: string[] = [];
    let away = true;
    const client = {
      async send(command: { input: { logEvents?: { message: string }[] } }) {
        if (away) throw new Error('ECONNREFUSED');
        shipped.push(...(command.input.logEvents ?? []).map(({ message }) => message));
      },
    };
    const make = () => makeLogs({ client: () => client as never, store: { state: { version: 1, seqNum: 0, tasks: {}, attachments: {} }, save: () => Promise.resolve() }, logDir, region: 'r', log() {}, pauseMs: 10 });
    const file = join(logDir, 'tasks/task/web.0.log');
    await mkdir(join(logDir, 'tasks/task'), { recursive: true });
    await writeFile(file, line('one'));
    const logs = make();
    logs.follow(record, container);
    await sleep(50);
    away = false;
    await appendFile(file, line('two'));
    await logs.drain(record);
    assert.deepEqual(shipped, ['one', 'two']);
    await appendFile(file, line('three', 'P'));
    await make().drain(record);
    assert.deepEqual(shipped, ['one', 'two', 'three']);
  } finally {
    await rm(logDir, { recursive: true });
  }
});
