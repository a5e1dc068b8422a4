import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import type { AcsContainer, AcsEcrAuthData, IAMRoleCredentials } from '../wire/acs.ts';
import type { Config } from './config.ts';
import { CriError, type Cri, type Image } from './cri/types.ts';
import type { Log } from './log.ts';
import type { AgentState, TaskRecord } from './state.ts';
import { TaskError, messageOf } from './tasks/dependencies.ts';

export interface PulledImage {
  /** What the runtime starts: the image's id. */
  id: string;
  /** `sha256:…` of the manifest; not known of images that were never in a registry. */
  digest?: string;
}

export interface Images {
  /** By the agent's pull behavior. Rejects with a TaskError in AWS's words, or (transiently) with the runtime's CriError. */
  pull(record: TaskRecord, container: AcsContainer): Promise<PulledImage>;
  /** Removes some images that no task uses, those first that have been unused for longest. */
  cleanUp(): Promise<void>;
}

export type RegistryLogin = (ecr: AcsEcrAuthData, role: IAMRoleCredentials | undefined) => Promise<{ username: string; password: string }>;

const PULLS = 5;

export function makeImages({ cri, login, state, config, log, now = Date.now }: { cri: Cri; login: RegistryLogin; state: AgentState; config: Config; log: Log; now?: () => number }): Images {
  const pulling = new Map<string, Promise<PulledImage>>();
  const lastUsed = new Map<string, number>();

  async function pull(record: TaskRecord, container: AcsContainer): Promise<PulledImage> {
    const { image: reference } = container;
    const cached = await cri.image(reference);
    const preferCached = config.imagePullBehavior === 'prefer-cached' || config.imagePullBehavior === 'once';
    if (cached && preferCached) return describe(cached, reference);
    try {
      const auth = await authorize(record, container);
      // Where there is a copy to fall back on, a registry that does not answer holds nothing up.
      await pullRetrying(cri, reference, auth, cached && config.imagePullBehavior !== 'always' ? 1 : PULLS);
    } catch (error) {
      if (error instanceof CriError && error.transient) throw error;
      if (!cached || config.imagePullBehavior === 'always') throw error;
      log('the image could not be pulled, its cached copy is used', { image: reference, error });
    }
    const image = await cri.image(reference);
    if (!image) throw new TaskError('CannotPullContainerError', `${reference}: the image was removed while it was being pulled`);
    return describe(image, reference);
  }

  async function authorize(record: TaskRecord, { registryAuthentication }: AcsContainer) {
    if (!registryAuthentication) return undefined;
    if (registryAuthentication.type !== 'ecr') throw new TaskError('CannotPullContainerAuthError', 'credentials in Secrets Manager are not supported');
    const { ecrAuthData } = registryAuthentication;
    try {
      return await login(ecrAuthData, ecrAuthData.useExecutionRole ? record.task.executionRoleCredentials : undefined);
    } catch (error) {
      throw new TaskError('CannotPullECRContainerError', messageOf(error), error);
    }
  }

  return {
    pull(record, container) {
      // Tasks that start together share one download.
      const key = `${container.image} ${container.registryAuthentication?.type === 'ecr' && container.registryAuthentication.ecrAuthData.useExecutionRole ? record.task.arn : ''}`;
      let shared = pulling.get(key);
      if (!shared) {
        shared = pull(record, container).finally(() => pulling.delete(key));
        pulling.set(key, shared);
      }
      return shared;
    },
    async cleanUp() {
      const used = new Set(Object.values(state.tasks).flatMap(({ containers }) => Object.values(containers).map(({ image }) => image?.id)));
      const images = await cri.images();
      for (const { id } of images) if (used.has(id) || !lastUsed.has(id)) lastUsed.set(id, now());
      const unused = images
        .filter(({ id, pinned }) => !pinned && !used.has(id) && now() - lastUsed.get(id)! >= config.imageCleanup.minimumAgeMs)
        .sort((a, b) => lastUsed.get(a.id)! - lastUsed.get(b.id)!);
      for (const { id, repoTags } of unused.slice(0, config.imageCleanup.imagesPerCycle)) {
        log('an unused image is removed', { id, tags: repoTags });
        await cri.removeImage(id);
        lastUsed.delete(id);
      }
    },
  };
}

async function pullRetrying(cri: Cri, reference: string, auth: { username: string; password: string } | undefined, most: number): Promise<void> {
  const pause = backoff({ minMs: 1100, maxMs: 40_000 });
  for (let tries = 1; ; tries++) {
    try {
      await cri.pullImage(reference, auth);
      return;
    } catch (error) {
      if (error instanceof CriError && error.transient) throw error;
      const message = messageOf(error);
      if (tries === most || isFinal(message)) throw new TaskError('CannotPullContainerError', `pull image manifest has been retried ${tries} time(s): ${message}`, error);
      await sleep(pause.next());
    }
  }
}

/** The registry answered, and would answer the same again. */
const isFinal = (message: string) => /not found|unauthorized|forbidden|denied|no basic auth|invalid reference|no match for platform|not supported/i.test(message);

function describe(image: Image, reference: string): PulledImage {
  const repository = reference.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const digests = image.repoDigests.map((digest) => digest.split('@'));
  const digest = (digests.find(([name]) => name === repository) ?? digests[0])?.[1];
  return digest ? { id: image.id, digest } : { id: image.id };
}
