import { setTimeout as sleep } from 'node:timers/promises';
import { backoff } from '../control/backoff.ts';
import { ACS_PROTOCOL_VERSION, type AcsMessage, type AcsQuery, type AcsReply } from '../wire/acs.ts';
import type { Log } from './log.ts';
import { connect, type Credentials } from './socket.ts';
import { AGENT_VERSION } from './version.ts';

/** The connection to the control plane: kept open, opened again with backoff, given up when nothing was heard for too long. */
export interface AcsOptions {
  /** ecs:DiscoverPollEndpoint, asked before each attempt. */
  endpoint(): Promise<string>;
  identity(): { clusterArn: string; containerInstanceArn: string };
  credentials(): Promise<Credentials>;
  region: string;
  onMessage(message: AcsMessage, reply: (reply: AcsReply) => void): Promise<void>;
  log: Log;
  signal: AbortSignal;
  runtimeVersion?: string;
  /** As AWS's agent. */
  silenceMs?: number;
}

/** Resolves when the signal is aborted. */
export async function keepConnected(options: AcsOptions): Promise<void> {
  const { signal, log } = options;
  const pause = backoff({ minMs: 250, maxMs: 10_000 });
  let sendCredentials = true;
  while (!signal.aborted) {
    let openedAt = Infinity;
    try {
      await session(options, sendCredentials, () => {
        openedAt = Date.now();
        sendCredentials = false;
        log('connected to the control plane');
      });
      pause.reset();
      log('the control plane closed the connection');
    } catch (error) {
      // A connection that held for a while was a good one.
      if (Date.now() - openedAt > 10_000) pause.reset();
      log('no connection to the control plane', { error });
    }
    await sleep(pause.next(), undefined, { signal }).catch(() => {});
  }
}

async function session(options: AcsOptions, sendCredentials: boolean, onOpen: () => void): Promise<void> {
  const { onMessage, log, region, signal, silenceMs = 60_000 } = options;
  await connect({
    endpoint: await options.endpoint(),
    query: { ...query(options, sendCredentials) },
    credentials: await options.credentials(),
    region, signal, silenceMs, onOpen,
    async onFrame(frame, send, end) {
      await onMessage(frame as AcsMessage, send).catch((error: unknown) => log('a message could not be handled', { type: frame.type, error }));
      if (frame.type === 'CloseMessage') end();
      if (frame.type.endsWith('Exception')) end(new Error(frame.type));
    },
    async onRefusal(_status, text) {
      if (text.includes('InactiveInstanceException')) await onMessage({ type: 'InactiveInstanceException', message: {} }, () => {});
    },
  });
}

function query({ identity, runtimeVersion }: AcsOptions, sendCredentials: boolean): AcsQuery {
  const { clusterArn, containerInstanceArn } = identity();
  return {
    clusterArn,
    containerInstanceArn,
    agentHash: 'gantry',
    agentVersion: AGENT_VERSION,
    ...(runtimeVersion ? { dockerVersion: runtimeVersion } : {}),
    protocolVersion: String(ACS_PROTOCOL_VERSION),
    sendCredentials: sendCredentials ? 'true' : 'false',
    seqNum: '1',
  };
}
