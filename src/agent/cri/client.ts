import { Client, credentials, loadPackageDefinition, status, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { setTimeout as sleep } from 'node:timers/promises';
import { CriError, type Container, type ContainerStats, type ContainerStatus, type Cri, type ExecResult, type Image, type Sandbox } from './types.ts';

/** The shape in which grpc-js hands out a client that was loaded from a proto file. */
interface Stub extends Client {
  [method: string]: unknown;
}

type Method = (request: unknown, options: { deadline: number }, done: (error: ServiceError | null, response: unknown) => void) => void;

/** Nothing but an image's download or a graceful stop takes longer. */
const CALL_MS = 120_000;
const PULL_MS = 3_600_000;

/** Connects when first used; a runtime that is away is waited for, and a call that meets none fails as transient. */
export function connectCri(socket: string, protoFile: string): Cri {
  const loaded = loadSync(protoFile, { longs: String, enums: String, defaults: true });
  // `any`: grpc-js types what it makes of a proto file no closer than that.
  const services = (loadPackageDefinition(loaded) as any).runtime.v1;
  const options = { 'grpc.max_reconnect_backoff_ms': 1000, 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_receive_message_length': 64 << 20 };
  const make = (name: string): Stub => new services[name](`unix://${socket}`, credentials.createInsecure(), options);
  const runtime = make('RuntimeService');
  const image = make('ImageService');

  const call = <T>(stub: Stub, method: string, request: unknown, ms = CALL_MS): Promise<T> =>
    new Promise((resolve, reject) => {
      (stub[method] as Method).call(stub, request, { deadline: Date.now() + ms }, (error, response) => {
        if (error) reject(toCriError(error));
        else resolve(response as T);
      });
    });
  const orAbsent = <T>(promise: Promise<T>): Promise<T | undefined> =>
    promise.catch((error: unknown) => {
      if (error instanceof CriError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    });
  const quietly = async (promise: Promise<unknown>) => void (await orAbsent(promise));

  return {
    async ready() {
      type Conditions = { status: { conditions: { type: string; status: boolean; message: string }[] } };
      const { runtimeName, runtimeVersion } = await call<{ runtimeName: string; runtimeVersion: string }>(runtime, 'version', {});
      const { status: found } = await call<Conditions>(runtime, 'status', {});
      const lacking = found.conditions.find(({ type, status: met }) => !met && (type === 'RuntimeReady' || type === 'NetworkReady'));
      return { ready: !lacking, version: `${runtimeName} ${runtimeVersion}`, ...(lacking ? { reason: `${lacking.type}: ${lacking.message}` } : {}) };
    },
    runSandbox: async (config) => (await call<{ podSandboxId: string }>(runtime, 'runPodSandbox', { config })).podSandboxId,
    stopSandbox: (podSandboxId) => quietly(call(runtime, 'stopPodSandbox', { podSandboxId })),
    removeSandbox: (podSandboxId) => quietly(call(runtime, 'removePodSandbox', { podSandboxId })),
    async sandboxStatus(podSandboxId) {
      type Answer = { status: Sandbox & { network: { ip: string } | null }; info: Record<string, string> };
      const answer = await orAbsent(call<Answer>(runtime, 'podSandboxStatus', { podSandboxId, verbose: true }));
      if (!answer) return undefined;
      return { ...answer.status, address: answer.status.network?.ip ?? '', ...netnsOf(answer.info) };
    },
    listSandboxes: async (labelSelector) => (await call<{ items: Sandbox[] }>(runtime, 'listPodSandbox', { filter: { labelSelector } })).items,
    createContainer: async (podSandboxId, config, sandboxConfig) =>
      (await call<{ containerId: string }>(runtime, 'createContainer', { podSandboxId, config, sandboxConfig })).containerId,
    startContainer: (containerId) => call(runtime, 'startContainer', { containerId }),
    stopContainer: (containerId, seconds) => quietly(call(runtime, 'stopContainer', { containerId, timeout: seconds }, CALL_MS + seconds * 1000)),
    removeContainer: (containerId) => quietly(call(runtime, 'removeContainer', { containerId })),
    async containerStatus(containerId) {
      type Answer = { status: ContainerStatus; info: Record<string, string> };
      const answer = await orAbsent(call<Answer>(runtime, 'containerStatus', { containerId, verbose: true }));
      return answer && { ...answer.status, pid: (JSON.parse(answer.info.info ?? '{}') as { pid?: number }).pid ?? 0 };
    },
    listContainers: async (labelSelector) => (await call<{ containers: Container[] }>(runtime, 'listContainers', { filter: { labelSelector } })).containers,
    async execSync(containerId, cmd, seconds): Promise<ExecResult> {
      type Answer = { exitCode: number; stdout: Buffer; stderr: Buffer };
      const { exitCode, stdout, stderr } = await call<Answer>(runtime, 'execSync', { containerId, cmd, timeout: seconds }, CALL_MS + seconds * 1000);
      return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
    containerStats: async (containerId) => (await orAbsent(call<{ stats: ContainerStats }>(runtime, 'containerStats', { containerId })))?.stats,
    reopenLog: (containerId) => call(runtime, 'reopenContainerLog', { containerId }),
    pullImage: async (name, auth) => (await call<{ imageRef: string }>(image, 'pullImage', { image: { image: name }, auth }, PULL_MS)).imageRef,
    image: async (reference) => (await call<{ image: Image | null }>(image, 'imageStatus', { image: { image: reference } })).image ?? undefined,
    images: async () => (await call<{ images: Image[] }>(image, 'listImages', {})).images,
    removeImage: (id) => quietly(call(image, 'removeImage', { image: { image: id } })),
    watch(onEvent, signal) {
      void follow(runtime, onEvent, signal);
    },
    close() {
      runtime.close();
      image.close();
    },
  };
}

/** What the runtime says of the sandbox's namespaces is in its verbose part: the OCI specification it made. */
function netnsOf(info: Record<string, string>): { netns?: string } {
  type Info = { runtimeSpec?: { linux?: { namespaces?: { type: string; path?: string }[] } } };
  const { runtimeSpec } = JSON.parse(info.info ?? '{}') as Info;
  const path = runtimeSpec?.linux?.namespaces?.find(({ type }) => type === 'network')?.path;
  return path ? { netns: path } : {};
}

function toCriError(error: ServiceError): CriError {
  const transient = [status.UNAVAILABLE, status.CANCELLED].includes(error.code);
  return new CriError(status[error.code] ?? 'UNKNOWN', error.details || error.message, transient, error);
}

interface Stream {
  on(event: 'data', listener: (event: { containersStatuses: { labels: Record<string, string> }[] }) => void): void;
  on(event: 'end' | 'error', listener: () => void): void;
  cancel(): void;
}

async function follow(runtime: Stub, onEvent: (labels: Record<string, string>) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const stream = (runtime.getContainerEvents as (request: object) => Stream).call(runtime, {});
      const cancel = () => stream.cancel();
      const ended = () => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      signal.addEventListener('abort', cancel, { once: true });
      stream.on('data', ({ containersStatuses }) => containersStatuses.forEach(({ labels }) => onEvent(labels)));
      stream.on('end', ended);
      stream.on('error', ended);
    });
    // Events are hints; each task looks by itself every second as well.
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}
