import { invalidParameter, noSuchStream, streamExists } from '../errors.ts';
import { groupArn } from '../records.ts';
import type { Stream } from '../storage.ts';
import { storageOf } from '../storage-of.ts';
import { checkLimit, checkStreamName, type Family, fromToken, groupNamed, groupNameOf, onGroup, onStream, toToken } from './common.ts';

const MOST_STREAMS = 50;

/** A stream without events stands where it was created. */
const lastEvent = (stream: Stream) => stream.last ?? stream.created;
const byName = (a: Stream, b: Stream) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const byLastEvent = (a: Stream, b: Stream) => lastEvent(a) - lastEvent(b) || byName(a, b);

export const streamOperations = {
  CreateLogStream: {
    ...onStream,
    async run(input, context) {
      const { value: group } = await groupNamed(context, groupNameOf(input));
      if (!(await storageOf(context).createStream(group.id, checkStreamName(input.logStreamName), context.now().getTime()))) throw streamExists();
      return {};
    },
  },

  DeleteLogStream: {
    ...onStream,
    async run(input, context) {
      const { value: group } = await groupNamed(context, groupNameOf(input));
      if (!(await storageOf(context).deleteStream(group.id, checkStreamName(input.logStreamName)))) throw noSuchStream();
      return {};
    },
  },

  DescribeLogStreams: {
    ...onGroup,
    async run(input, context) {
      const { value: group } = await groupNamed(context, groupNameOf(input));
      const limit = checkLimit(input.limit, MOST_STREAMS);
      const byTime = input.orderBy === 'LastEventTime';
      if (byTime && input.logStreamNamePrefix !== undefined) throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
      const order = byTime ? byLastEvent : byName;
      const sign = input.descending ? -1 : 1;
      // The token has what the order needs of the last stream, which may be gone or have moved by now.
      const last = fromToken(input.nextToken) as Stream | undefined;
      const found = storageOf(context).streams(group.id)
        .filter((stream) => stream.name.startsWith(input.logStreamNamePrefix ?? '') && (last === undefined || sign * order(stream, last) > 0))
        .sort((a, b) => sign * order(a, b));
      const page = found.slice(0, limit);
      const { name, created, last: end } = page.at(-1) ?? {};
      return {
        logStreams: page.map((stream) => shape(stream, `${groupArn(context, group.name)}:log-stream:${stream.name}`)),
        ...(found.length > limit ? { nextToken: toToken({ name, created, last: end }) } : {}),
      };
    },
  },
} satisfies Family;

/** AWS no longer counts the bytes of streams. */
const shape = (stream: Stream, arn: string) => ({
  logStreamName: stream.name, creationTime: stream.created, arn, storedBytes: 0,
  ...(stream.first === null || stream.last === null || stream.ingested === null ? {} : {
    firstEventTimestamp: stream.first, lastEventTimestamp: stream.last, lastIngestionTime: stream.ingested, uploadSequenceToken: String(stream.number).padStart(56, '0'),
  }),
});
