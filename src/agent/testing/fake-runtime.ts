import { CriError, type ContainerConfig, type ContainerStatus, type Cri, type Sandbox, type SandboxConfig } from '../cri/types.ts';

/** A runtime that runs nothing: containers are RUNNING once started, until the test says that they ended. Counts each start. */
export interface FakeRuntime extends Cri {
  starts: string[];
  sandboxes: Map<string, Sandbox>;
  /** The newest container of this name exits. */
  exit(name: string, exitCode: number, reason?: string): void;
  /** The newest container of this name is not known any more. */
  lose(name: string): void;
  up: boolean;
}

const ns = () => String(BigInt(Date.now()) * 1_000_000n);

export function fakeRuntime(): FakeRuntime {
  const containers = new Map<string, ContainerStatus & { labels: Record<string, string>; podSandboxId: string }>();
  const sandboxes = new Map<string, Sandbox>();
  let ids = 0;
  const matches = (labels: Record<string, string>, wanted: Record<string, string>) => Object.entries(wanted).every(([key, value]) => labels[key] === value);
  const newest = (name: string) => {
    const found = [...containers.values()].findLast(({ metadata }) => metadata.name === name);
    if (!found) throw new Error(`no container ${name}`);
    return found;
  };
  const end = (id: string, exitCode: number, reason: string) => {
    const container = containers.get(id);
    if (container?.state === 'CONTAINER_RUNNING') Object.assign(container, { state: 'CONTAINER_EXITED', exitCode, reason, finishedAt: ns() });
  };
  const alive = async () => {
    if (!runtime.up) throw new CriError('UNAVAILABLE', 'no connection', true);
  };
  const unused = () => Promise.reject(new Error('not in the fake'));
  const runtime: FakeRuntime = {
    starts: [],
    sandboxes,
    up: true,
    exit: (name, exitCode, reason = 'Error') => end(newest(name).id, exitCode, reason),
    lose: (name) => void containers.delete(newest(name).id),
    ready: async () => ({ ready: true, version: 'fake' }),
    async runSandbox({ metadata, labels }: SandboxConfig) {
      await alive();
      const id = `sandbox${++ids}`;
      sandboxes.set(id, { id, metadata, labels, state: 'SANDBOX_READY' });
      return id;
    },
    async stopSandbox(id) {
      await alive();
      const sandbox = sandboxes.get(id);
      if (sandbox) sandbox.state = 'SANDBOX_NOTREADY';
    },
    removeSandbox: async (id) => void sandboxes.delete(id),
    async sandboxStatus(id) {
      const sandbox = sandboxes.get(id);
      return sandbox && { ...sandbox, address: '172.17.0.2', netns: '/var/run/netns/fake' };
    },
    listSandboxes: async (labels) => [...sandboxes.values()].filter((sandbox) => matches(sandbox.labels, labels)),
    async createContainer(podSandboxId, { metadata, labels, logPath }: ContainerConfig) {
      await alive();
      const id = `container${++ids}`;
      containers.set(id, { id, podSandboxId, metadata, labels, state: 'CONTAINER_CREATED', createdAt: ns(), startedAt: '0', finishedAt: '0', exitCode: 0, reason: '', message: '', logPath, pid: 0 });
      return id;
    },
    async startContainer(id) {
      await alive();
      const container = containers.get(id)!;
      runtime.starts.push(container.metadata.name);
      Object.assign(container, { state: 'CONTAINER_RUNNING', startedAt: ns() });
    },
    async stopContainer(id) {
      await alive();
      end(id, 143, 'Error');
    },
    removeContainer: async (id) => void containers.delete(id),
    containerStatus: async (id) => containers.get(id),
    async listContainers(labels) {
      await alive();
      return [...containers.values()].filter((container) => matches(container.labels, labels));
    },
    execSync: unused,
    containerStats: async () => undefined,
    reopenLog: unused,
    pullImage: unused,
    image: async () => undefined,
    images: async () => [],
    removeImage: unused,
    watch() {},
    close() {},
  };
  return runtime;
}
