import { DiscoverPollEndpointCommand } from '@aws-sdk/client-ecs';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import { criProto } from '../engines/protos.ts';
import { keepConnected } from './acs.ts';
import { watchAttachments } from './attachments.ts';
import { ecsClient, logsClients, registryLogin, secretsFetcher } from './aws.ts';
import { loadConfig } from './config.ts';
import { connectCri } from './cri/client.ts';
import { makeImages } from './images.ts';
import { makeImds } from './imds.ts';
import { machineSize, readInstance } from './instance.ts';
import { log } from './log.ts';
import { makeLogs } from './logs/logs.ts';
import { makeMessages } from './messages.ts';
import { introspectionRoutes, serve, taskRoutes } from './metadata/server.ts';
import { writeTaskNetwork } from './network/bridge.ts';
import { addAddress } from './network/links.ts';
import { makeNetwork } from './network/network.ts';
import { allowLocalForwards } from './network/ports.ts';
import { forget, register } from './register.ts';
import { openState } from './state.ts';
import { makeSubmit } from './submit.ts';
import { makeTaskEngine } from './tasks/engine.ts';
import { tellHealth } from './telemetry.ts';
import { AGENT_VERSION } from './version.ts';

/**
 * The ECS agent: joins the instance to its cluster and runs the cluster's tasks on it. It may be killed at any time: tasks run on, and
 * the next one takes them up again. Tasks are seen to before the control plane is even asked for, so that they do not need it.
 */
const config = loadConfig(process.env.GANTRY_ECS_CONFIG);
const stopping = new AbortController();
const { signal } = stopping;
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort());

const store = await openState(config.dataDir);
const instance = await readInstance(makeImds());
if (store.state.instanceId !== instance.instanceId) {
  forget(store);
  Object.assign(store.state, { instanceId: instance.instanceId, tasks: {}, attachments: {} });
}
store.state.availabilityZone = instance.attributes.find(({ name }) => name === 'ecs.availability-zone')?.value;
const region = process.env.AWS_REGION || instance.region;

await writeTaskNetwork(config.cniConfDir);
await addAddress('169.254.170.2/32', 'lo');
const cri = connectCri(config.containerdSocket, await criProto());
const runtimeVersion = await runtimeReady();

const ecs = ecsClient(region);
const submit = makeSubmit({ ecs, store, log });
const network = makeNetwork(store.state, config);
const images = makeImages({ cri, login: registryLogin(), state: store.state, config, log });
const logs = makeLogs({ client: logsClients(), store, logDir: config.logDir, region, log });
const engine = makeTaskEngine({
  cri, store, config, images, logs, network, submit, log,
  secrets: secretsFetcher(region),
  instance: { region, ...(process.env.AWS_ENDPOINT_URL ? { endpointUrl: process.env.AWS_ENDPOINT_URL } : {}) },
  now: Date.now,
});

await allowLocalForwards().catch((error: unknown) => log('127.0.0.1 leads to no host ports', { error }));
await network.applyPorts();
const servers = [
  await serve(taskRoutes({ state: store.state, cri, memoryLimitBytes: machineSize().memoryMiB * 2 ** 20 }), 80, '169.254.170.2'),
  await serve(introspectionRoutes(store.state, config.cluster, AGENT_VERSION), 51678, '0.0.0.0'),
];
engine.start();
cri.watch(engine.notice, signal);
const attachments = watchAttachments({ store, submit, log, signal });
const imageCleanup = setInterval(() => void images.cleanUp().catch((error: unknown) => log('images were not cleaned up', { error })), config.imageCleanup.intervalMs);
if (config.imageCleanup.disabled) clearInterval(imageCleanup);

const join = () => register({ ecs, store, config, instance, runtimeVersion, log, signal });
let identity = await join().catch(() => undefined);
const onMessage = makeMessages({
  engine, store, log,
  onAttachment: attachments.wake,
  async onInactive() {
    forget(store);
    identity = await join();
  },
});
if (identity) {
  const discover = async (which: 'endpoint' | 'telemetryEndpoint') => {
    const { containerInstanceArn, clusterArn } = identity!;
    return (await ecs.send(new DiscoverPollEndpointCommand({ containerInstance: containerInstanceArn, cluster: clusterArn })))[which] ?? '';
  };
  const connection = { identity: () => identity!, credentials: () => ecs.config.credentials(), region, log, signal, runtimeVersion };
  await Promise.all([
    keepConnected({ ...connection, endpoint: () => discover('endpoint'), onMessage }),
    tellHealth({ ...connection, endpoint: () => discover('telemetryEndpoint'), state: store.state }),
  ]);
}

clearInterval(imageCleanup);
// A step may be waiting for a container to stop. The next agent finds how far it came.
await Promise.race([Promise.all([engine.close(), attachments.done]), sleep(1_000)]);
for (const server of servers) server.close();
cri.close();
await store.save();
process.exit(0);

/** containerd may still be coming up, and must have read the network's configuration. Answers what it is. */
async function runtimeReady(): Promise<string> {
  const pause = backoff({ minMs: 50, maxMs: 1_000 });
  for (;;) {
    signal.throwIfAborted();
    const state = await cri.ready().catch((error: unknown) => ({ ready: false, version: '', reason: error }));
    if (state.ready) return state.version;
    log('waiting for the runtime', { reason: state.reason });
    await sleep(pause.next());
  }
}
