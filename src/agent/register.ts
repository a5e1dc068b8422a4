import { CreateClusterCommand, RegisterContainerInstanceCommand, type ECSClient } from '@aws-sdk/client-ecs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import type { Config } from './config.ts';
import { capabilities, resources, type Instance } from './instance.ts';
import type { Log } from './log.ts';
import type { StateStore } from './state.ts';
import { AGENT_VERSION } from './version.ts';

interface Dependencies {
  ecs: Pick<ECSClient, 'send'>;
  store: StateStore;
  config: Config;
  instance: Instance;
  runtimeVersion: string;
  log: Log;
  signal: AbortSignal;
}

/** Makes this a container instance of its cluster, or says again what it is. Goes on until the control plane takes it. */
export async function register(dependencies: Dependencies): Promise<{ clusterArn: string; containerInstanceArn: string }> {
  const { store, log, signal } = dependencies;
  const { state } = store;
  const pause = backoff({ minMs: 250, maxMs: 10_000 });
  for (;;) {
    signal.throwIfAborted();
    try {
      state.registrationToken ??= randomUUID();
      await store.save();
      const registered = await call(dependencies);
      Object.assign(state, registered);
      await store.save();
      log('registered', registered);
      return registered;
    } catch (error) {
      log('registration failed', { error });
      await remedy(error as Error, dependencies).catch((failed: unknown) => log('nor can that be mended', { error: failed }));
      await sleep(pause.next(), undefined, { signal });
    }
  }
}

async function call({ ecs, store, config, instance, runtimeVersion }: Dependencies): Promise<{ clusterArn: string; containerInstanceArn: string }> {
  const { containerInstanceArn, registrationToken } = store.state;
  const custom = Object.entries(config.instanceAttributes).map(([name, value]) => ({ name, value }));
  const { containerInstance } = await ecs.send(
    new RegisterContainerInstanceCommand({
      cluster: config.cluster,
      ...(containerInstanceArn ? { containerInstanceArn } : { clientToken: registrationToken }),
      instanceIdentityDocument: instance.identityDocument,
      instanceIdentityDocumentSignature: instance.identitySignature,
      totalResources: resources(config),
      versionInfo: { agentVersion: AGENT_VERSION, agentHash: 'gantry', dockerVersion: runtimeVersion },
      attributes: [...(containerInstanceArn ? [] : custom), ...capabilities(config), ...instance.attributes],
      tags: Object.entries(config.instanceTags).map(([key, value]) => ({ key, value })),
    }),
  );
  const arn = containerInstance?.containerInstanceArn ?? '';
  // arn:aws:ecs:<region>:<account>:container-instance/<cluster>/<id>
  const [, prefix = '', cluster = ''] = /^(.*):container-instance\/(.+)\/[^/]+$/.exec(arn) ?? [];
  return { containerInstanceArn: arn, clusterArn: cluster ? `${prefix}:cluster/${cluster}` : config.cluster };
}

/** A first registration makes the default cluster; an instance that was deregistered begins anew. */
async function remedy(error: Error, { ecs, store, config, log }: Dependencies): Promise<void> {
  const { state } = store;
  if (error.name === 'ClusterNotFoundException' && config.cluster === 'default') await ecs.send(new CreateClusterCommand({ clusterName: 'default' }));
  if (state.containerInstanceArn && ['ClientException', 'InvalidParameterException'].includes(error.name)) {
    log('the control plane does not know this container instance any more', { containerInstanceArn: state.containerInstanceArn });
    forget(store);
  }
}

/** The next registration is that of a new container instance. */
export function forget(store: StateStore): void {
  delete store.state.containerInstanceArn;
  delete store.state.registrationToken;
  store.state.seqNum = 0;
}
