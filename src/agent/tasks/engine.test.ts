import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AcsContainer, AcsTask } from '../../wire/acs.ts';
import { readConfig } from '../config.ts';
import { openState, type StateStore, type TaskRecord } from '../state.ts';
import { makeSubmit } from '../submit.ts';
import { fakeRuntime, type FakeRuntime } from '../testing/fake-runtime.ts';
import { TaskError, type Engine } from './dependencies.ts';
import { makeTaskEngine, type TaskEngine } from './engine.ts';

/** The task engine with fakes at its edges: no runtime, no network, no control plane. */
const ARN = 'arn:aws:ecs:us-east-1:000000000000:task/shop/0123';
type Told = { status?: string; reason?: string; containerName?: string; exitCode?: number; containers?: { exitCode?: number }[] };

describe('the task engine', () => {
  let dir: string;
  let store: StateStore;
  let cri: FakeRuntime;
  let engine: TaskEngine;
  let told: Told[];
  let refuse: Error | undefined;
  let cleanupMs: number;

  const make = async (pull: Engine['images']['pull'] = async () => ({ id: 'sha256:1' })) => {
    store = await openState(dir);
    const ecs = {
      async send({ input }: { input: Told }) {
        if (refuse) throw refuse;
        told.push(input);
      },
    };
    engine = makeTaskEngine({
      cri, store, now: Date.now, log() {},
      config: { ...readConfig({ ECS_DATADIR: dir, ECS_LOGDIR: dir }), taskCleanupWaitMs: cleanupMs },
      images: { pull, cleanUp: () => Promise.resolve() },
      logs: { open: () => Promise.resolve(), follow() {}, drain: () => Promise.resolve() },
      network: { choosePorts: async () => [], connect: () => Promise.resolve(), disconnect: () => Promise.resolve(), applyPorts: () => Promise.resolve() },
      secrets: async () => ({}),
      submit: makeSubmit({ ecs: ecs as never, store, log() {} }),
      instance: { region: 'us-east-1' },
    });
    engine.start();
  };
  const task = (...containers: (Partial<AcsContainer> & { name: string })[]): AcsTask => ({
    arn: ARN, family: 'f', version: '1', desiredStatus: 'RUNNING',
    containers: containers.map((container) => ({ containerArn: '', image: 'image', essential: true, cpu: 0, memory: 0, ...container })),
  });
  const send = (one: AcsTask) => engine.accept({ clusterArn: 'c', containerInstanceArn: 'i', messageId: 'm', seqNum: 1, tasks: [one] });
  const until = async <T>(look: () => T | undefined | false): Promise<T> => {
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(10)) {
      const found = look();
      if (found) return found;
    }
    throw new Error(`never: ${String(look)}; told ${JSON.stringify(told)}`);
  };
  const taskTold = (status: string) => until(() => told.find((one) => one.status === status && !one.containerName));
  const record = (): TaskRecord => store.state.tasks[ARN]!;
  const notice = () => engine.notice({ 'com.amazonaws.ecs.task-arn': ARN });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gantry-engine-'));
    cri = fakeRuntime();
    told = [];
    refuse = undefined;
    cleanupMs = 60_000;
    await make();
  });
  afterEach(async () => {
    await engine.close();
    await rm(dir, { recursive: true });
  });

  it('runs a task, tells its end, forgets it after a while', async () => {
    await engine.close();
    cleanupMs = 200;
    await make();
    await send(task({ name: 'a' }));
    await taskTold('RUNNING');
    cri.exit('a', 3);
    notice();
    assert.equal((await taskTold('STOPPED')).containers?.[0]?.exitCode, 3);
    await until(() => !record());
    assert.deepEqual(await cri.listContainers({}), []);
    assert.equal(cri.sandboxes.size, 0);
  });

  it('starts a task once, however often it is told, and by whichever agent', async () => {
    await send(task({ name: 'a' }));
    await taskTold('RUNNING');
    await send(task({ name: 'a' }));
    await engine.close();
    await make();
    await send(task({ name: 'a' }));
    await sleep(100);
    assert.deepEqual(cri.starts, ['a']);
    await engine.stop([ARN]);
    await taskTold('STOPPED');
    await send(task({ name: 'a' }));
    await sleep(100);
    assert.deepEqual(cri.starts, ['a']);
  });

  it('restarts only by a restart policy, as another container', async () => {
    await send(task({ name: 'a', restartPolicy: { enabled: true, restartAttemptPeriod: 0, ignoredExitCodes: [9] } }));
    await taskTold('RUNNING');
    cri.exit('a', 1);
    notice();
    await until(() => cri.starts.length === 2 && record().containers.a!.phase === 'RUNNING');
    assert.equal(record().containers.a!.attempt, 1);
    cri.exit('a', 9);
    notice();
    assert.equal((await taskTold('STOPPED')).containers?.[0]?.exitCode, 9);
  });

  it('stops what is left once an essential container ended; tells of a container alone meanwhile', async () => {
    await send(task({ name: 'a' }, { name: 'side', essential: false }, { name: 'b' }));
    await taskTold('RUNNING');
    cri.exit('side', 0);
    notice();
    await until(() => told.find((one) => one.containerName === 'side' && one.exitCode === 0));
    cri.exit('a', 1);
    notice();
    assert.deepEqual((await taskTold('STOPPED')).containers?.map(({ exitCode }) => exitCode), [1, 0, 143]);
  });

  it('waits for a runtime that is away, and for a control plane', async () => {
    cri.up = false;
    refuse = new Error('ECONNREFUSED');
    await send(task({ name: 'a' }));
    await sleep(300);
    cri.up = true;
    await until(() => cri.starts.length === 1);
    assert.deepEqual(told, []);
    refuse = undefined;
    await taskTold('RUNNING');
  });

  it('a container that the runtime lost has ended, and is not started again', async () => {
    await send(task({ name: 'a' }));
    await taskTold('RUNNING');
    cri.lose('a');
    notice();
    await taskTold('STOPPED');
    assert.deepEqual(cri.starts, ['a']);
  });

  it('an image that cannot be pulled is why the task never ran', async () => {
    await engine.close();
    await make(async () => {
      throw new TaskError('CannotPullContainerError', 'no such image');
    });
    await send(task({ name: 'a' }));
    assert.equal((await taskTold('STOPPED')).reason, 'CannotPullContainerError: no such image');
  });

  it('gives up telling what the control plane refuses for good', async () => {
    refuse = Object.assign(new Error('no such task'), { name: 'InvalidParameterException', $metadata: { httpStatusCode: 400 } });
    await send(task({ name: 'a' }));
    await until(() => record()?.submitted.task === 'RUNNING');
  });
});
