import { CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, type CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { LogEvent } from './reader.ts';

/** Where a container's lines go: Docker's awslogs driver (https://docs.docker.com/engine/logging/drivers/awslogs/). */
export interface Destination {
  region: string;
  group: string;
  stream: string;
  createGroup: boolean;
}

export function destination(options: Record<string, string>, container: string, task: string, region: string): Destination {
  const prefix = options['awslogs-stream-prefix'];
  return {
    region: options['awslogs-region'] || region,
    group: options['awslogs-group'] ?? '',
    stream: options['awslogs-stream'] ?? (prefix ? `${prefix}/${container}/${task}` : `${container}/${task}`),
    createGroup: options['awslogs-create-group'] === 'true',
  };
}

type Client = Pick<CloudWatchLogsClient, 'send'>;

/** Makes sure of the stream. Rejects with the service's error. */
export async function createStream(client: Client, { group, stream, createGroup }: Destination): Promise<void> {
  const create = () => existing(client.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream })));
  try {
    await create();
  } catch (error) {
    if (!createGroup || (error as Error).name !== 'ResourceNotFoundException') throw error;
    await existing(client.send(new CreateLogGroupCommand({ logGroupName: group })));
    await create();
  }
}

async function existing(call: Promise<unknown>): Promise<void> {
  await call.catch((error: Error) => {
    if (error.name !== 'ResourceAlreadyExistsException') throw error;
  });
}

/** PutLogEvents takes at most 10,000 events of 1,048,576 bytes in all, 26 bytes counted for each beside its text, in order of time. */
export function batches(events: readonly LogEvent[]): LogEvent[][] {
  const all: LogEvent[][] = [];
  let size = Infinity;
  for (const event of events.toSorted((a, b) => a.timestamp - b.timestamp)) {
    const bytes = Buffer.byteLength(event.message) + 26;
    if (size + bytes > 1_048_576 || all.at(-1)!.length === 10_000) {
      all.push([]);
      size = 0;
    }
    all.at(-1)!.push(event);
    size += bytes;
  }
  return all;
}

export async function putEvents(client: Client, { group, stream }: Destination, events: readonly LogEvent[]): Promise<void> {
  for (const batch of batches(events)) {
    await client.send(new PutLogEventsCommand({ logGroupName: group, logStreamName: stream, logEvents: batch })).catch((error: Error) => {
      // Sent before, by an agent that was killed before it could note that down.
      if (error.name !== 'DataAlreadyAcceptedException') throw error;
    });
  }
}
