import { invalidParameter } from '../errors.ts';
import { fromDigits, type Position, toDigits } from '../position.ts';
import { EVENT_OVERHEAD_BYTES, type StoredEvent } from '../storage.ts';
import { storageOf } from '../storage-of.ts';
import { checkLimit, type Family, groupNameOf, onStream, streamNamed } from './common.ts';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
const NOWHERE: Position = { timestamp: 0, id: 0 };

/**
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
 *
 * A forward token `f/…` means the events after a position, a backward one `b/…` those before it. Both are always answered; at the
 * stream's end the token is the one that was sent, which is how clients know, and which finds what comes later.
 */
export const getLogEventsOperations = {
  GetLogEvents: {
    ...onStream,
    async run(input, context) {
      const { stream } = await streamNamed(context, groupNameOf(input), input.logStreamName);
      const token = input.nextToken === undefined ? undefined : readToken(input.nextToken);
      const descending = token ? token.direction === 'b' : !input.startFromHead;
      const found = storageOf(context).events({ stream: stream.number }, {
        from: input.startTime ?? 0, to: input.endTime ?? Number.MAX_SAFE_INTEGER, descending, limit: checkLimit(input.limit, MOST_EVENTS),
        ...(token && (descending ? { before: token.position } : { after: token.position })),
      });
      const page = withinBytes(found);
      if (descending) page.reverse();
      const [back, forward] = page.length ? [page[0]!, page.at(-1)!] : around(token);
      return {
        events: page.map(({ timestamp, message, ingested }) => ({ timestamp, message, ingestionTime: ingested })),
        nextForwardToken: `f/${toDigits(forward)}`,
        nextBackwardToken: `b/${toDigits(back)}`,
      };
    },
  },
} satisfies Family;

interface Token {
  direction: 'f' | 'b';
  position: Position;
}

/** Before which and after which event to go on from an empty page: its token's event is on one side of it, so that none is left out. */
function around(token: Token | undefined): [Position, Position] {
  if (!token) return [NOWHERE, NOWHERE];
  const { direction, position } = token;
  return direction === 'f' ? [{ ...position, id: position.id + 1 }, position] : [position, { ...position, id: position.id - 1 }];
}

function readToken(token: string): Token {
  const [, direction, digits = ''] = /^([fb])\/(\d+)$/.exec(token) ?? [];
  const position = fromDigits(digits);
  if (!position) throw invalidParameter('The specified nextToken is invalid.');
  return { direction: direction as 'f' | 'b', position };
}

/** An answer has 1 MB at most, but one event at least. */
function withinBytes(events: StoredEvent[]): StoredEvent[] {
  let bytes = 0;
  const end = events.findIndex(({ message }, index) => {
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    return index > 0 && bytes > MOST_BYTES;
  });
  return end < 0 ? events : events.slice(0, end);
}
