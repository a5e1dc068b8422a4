import type { AcsMessage, AcsReply, AttachTaskNetworkInterfacesMessage, TaskManifestMessage } from '../wire/acs.ts';
import type { Log } from './log.ts';
import type { StateStore } from './state.ts';
import type { TaskEngine } from './tasks/engine.ts';

interface Dependencies {
  engine: TaskEngine;
  store: StateStore;
  /** An ENI was announced. */
  onAttachment(): void;
  /** The control plane does not know this container instance any more. */
  onInactive(): Promise<void>;
  log: Log;
}

/** What each of the control plane's messages does here. What is acknowledged is on disk. */
export function makeMessages({ engine, store, onAttachment, onInactive, log }: Dependencies) {
  /** The manifest whose stop candidates the control plane is asked about. */
  let manifestId: string | undefined;

  async function manifest(message: TaskManifestMessage, reply: (reply: AcsReply) => void): Promise<void> {
    if (message.timeline <= store.state.seqNum) return log('an old task manifest', { timeline: message.timeline, seqNum: store.state.seqNum });
    manifestId = message.messageId;
    store.state.seqNum = message.timeline;
    await store.save();
    reply({ type: 'AckRequest', message: acknowledge(message) });
    const candidates = engine.notIn(message.tasks);
    if (!candidates.length) return;
    const stopCandidates = candidates.map((taskArn) => ({ taskArn, taskClusterArn: message.clusterArn, desiredStatus: 'STOPPED' }));
    reply({ type: 'TaskStopVerificationMessage', message: { messageId: message.messageId, stopCandidates } });
  }

  async function attach(message: AttachTaskNetworkInterfacesMessage): Promise<void> {
    const expiresAt = new Date(Date.now() + message.waitTimeoutMs).toISOString();
    for (const networkInterface of message.elasticNetworkInterfaces) {
      store.state.attachments[networkInterface.attachmentArn] ??= { taskArn: message.taskArn, clusterArn: message.taskClusterArn ?? message.clusterArn, networkInterface, expiresAt };
    }
    await store.save();
    onAttachment();
  }

  return async function handle({ type, message }: AcsMessage, reply: (reply: AcsReply) => void): Promise<void> {
    switch (type) {
      case 'PayloadMessage':
        await engine.accept(message);
        reply({ type: 'AckRequest', message: acknowledge(message) });
        for (const role of message.tasks.flatMap(({ roleCredentials, executionRoleCredentials }) => [roleCredentials, executionRoleCredentials])) {
          if (role) reply({ type: 'IAMRoleCredentialsAckRequest', message: { messageId: message.messageId, credentialsId: role.credentialsId, expiration: role.expiration } });
        }
        return;
      case 'HeartbeatMessage':
        return reply({ type: 'HeartbeatAckRequest', message: { messageId: message.messageId } });
      case 'IAMRoleCredentialsMessage': {
        const { credentialsId, expiration } = message.roleCredentials;
        if (await engine.refreshCredentials(message)) reply({ type: 'IAMRoleCredentialsAckRequest', message: { messageId: message.messageId, credentialsId, expiration } });
        return;
      }
      case 'AttachTaskNetworkInterfacesMessage':
        await attach(message);
        return reply({ type: 'AckRequest', message: acknowledge(message) });
      case 'TaskManifestMessage':
        return manifest(message, reply);
      case 'TaskStopVerificationAck':
        if (message.messageId === manifestId) await engine.stop(message.stopTasks.map(({ taskArn }) => taskArn));
        return;
      case 'InactiveInstanceException':
        return onInactive();
      case 'CloseMessage':
      case 'ErrorMessage':
      case 'InvalidInstanceException':
      case 'InvalidClusterException':
      case 'AccessDeniedException':
      case 'BadRequestException':
      case 'ServerException':
        return log('the control plane says', { type, message: message.message });
      default:
        log('a message that is not understood', { type });
    }
  };
}

const acknowledge = ({ clusterArn, containerInstanceArn, messageId }: { clusterArn: string; containerInstanceArn: string; messageId: string }) => ({ cluster: clusterArn, containerInstance: containerInstanceArn, messageId });
