import { setTimeout as sleep } from 'node:timers/promises';
import { linkByMac } from './network/links.ts';
import type { Log } from './log.ts';
import type { StateStore } from './state.ts';
import type { Submit } from './submit.ts';

/** Waits for the links of announced ENIs and tells the control plane of each that is there, so that it sends the task. */
export function watchAttachments({ store, submit, log, signal, pauseMs = 250 }: { store: StateStore; submit: Pick<Submit, 'attachment'>; log: Log; signal: AbortSignal; pauseMs?: number }): { wake(): void; done: Promise<void> } {
  let woken = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => woken.resolve(), { once: true });

  async function pass(): Promise<void> {
    for (const [arn, { networkInterface, taskArn, clusterArn, expiresAt }] of Object.entries(store.state.attachments)) {
      if (await linkByMac(networkInterface.macAddress)) await submit.attachment(arn, { arn: taskArn, clusterArn });
      else if (Date.parse(expiresAt) > Date.now()) continue;
      else log('the network interface never came', { attachment: arn, mac: networkInterface.macAddress });
      delete store.state.attachments[arn];
      await store.save();
    }
  }

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      woken = Promise.withResolvers();
      await pass().catch((error: unknown) => log('a network interface could not be told of', { error }));
      if (Object.keys(store.state.attachments).length) await sleep(pauseMs);
      else await woken.promise;
    }
  }
  return { wake: () => woken.resolve(), done: loop() };
}
