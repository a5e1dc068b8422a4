import { setImmediate } from 'node:timers/promises';
import type { FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { invalidParameter } from '../errors.ts';
import { type FilterPattern, parseFilterPattern } from '../filter/pattern.ts';
import { type Position, toDigits } from '../position.ts';
import { EVENT_OVERHEAD_BYTES, type Range, type StoredEvent, type Stream } from '../storage.ts';
import { storageOf } from '../storage-of.ts';
import { checkLimit, type Family, fromToken, groupNamed, groupNameOf, onGroup, toToken } from './common.ts';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
/** How many events are read at a time; between two such reads other requests have their turn. */
const READ_EVENTS = 2000;
/** How many events one call looks at; a pattern that finds nothing in them gets an empty page and a token to go on. */
const MOST_READ = 100_000;

export const filterLogEventsOperations = {
  FilterLogEvents: {
    ...onGroup,
    async run(input, context) {
      const { value: group } = await groupNamed(context, groupNameOf(input));
      const storage = storageOf(context);
      const pattern = parseFilterPattern(input.filterPattern ?? '');
      const streams = chosen(storage.streams(group.id), input);
      const limit = checkLimit(input.limit, MOST_EVENTS);
      const only = streams.size === 1 ? { stream: [...streams.keys()][0]! } : { group: group.id };
      const { events, next } = await search((range) => storage.events(only, range), pattern, streams, input, limit);
      return {
        events: events.map((event) => ({
          logStreamName: streams.get(event.stream)!, timestamp: event.timestamp, message: event.message, ingestionTime: event.ingested, eventId: toDigits(event),
        })),
        searchedLogStreams: [],
        ...(next ? { nextToken: toToken(next) } : {}),
      };
    },
  },

  TestMetricFilter: (input) => {
    const pattern = parseFilterPattern(input.filterPattern ?? '');
    const messages = (input.logEventMessages ?? []).map((eventMessage, index) => ({ eventMessage, eventNumber: index + 1 }));
    return { matches: messages.filter(({ eventMessage }) => pattern.matches(eventMessage)).map((match) => ({ ...match, extractedValues: pattern.extract(match.eventMessage) })) };
  },

  // Their creation is missing: so there are none.
  DescribeMetricFilters: () => ({ metricFilters: [] }),
  DescribeSubscriptionFilters: { ...onGroup, run: async (input, context) => ({ subscriptionFilters: (await groupNamed(context, groupNameOf(input))) && [] }) },
} satisfies Family;

/** Names of the streams to search, by their number. */
function chosen(streams: Stream[], { logStreamNames, logStreamNamePrefix }: FilterLogEventsCommandInput): Map<number, string> {
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined) {
    throw invalidParameter('LogStream names and LogStream name prefix are mutually exclusive parameters.');
  }
  const names = logStreamNames && new Set(logStreamNames);
  return new Map(streams.filter(({ name }) => (names ? names.has(name) : name.startsWith(logStreamNamePrefix ?? ''))).map(({ number, name }) => [number, name]));
}

async function search(
  read: (range: Range) => StoredEvent[], pattern: FilterPattern, streams: ReadonlyMap<number, string>, input: FilterLogEventsCommandInput, limit: number,
): Promise<{ events: StoredEvent[]; next?: Position }> {
  const descending = input.startFromHead === false;
  const events: StoredEvent[] = [];
  let position = fromToken(input.nextToken) as Position | undefined;
  let bytes = 0;
  for (let looked = 0; streams.size > 0 && looked < MOST_READ; looked += READ_EVENTS) {
    const found = read({
      from: input.startTime ?? 0, to: input.endTime === undefined ? Number.MAX_SAFE_INTEGER : input.endTime + 1, descending, limit: READ_EVENTS,
      ...(position && (descending ? { before: position } : { after: position })),
    });
    for (const event of found) {
      if (streams.has(event.stream) && pattern.matches(event.message)) {
        const size = Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
        if (events.length && bytes + size > MOST_BYTES) return { events, next: position! };
        bytes += size;
        events.push(event);
      }
      position = { timestamp: event.timestamp, id: event.id };
      if (events.length >= limit) return { events, next: position };
    }
    if (found.length < READ_EVENTS) return { events };
    await setImmediate();
  }
  return { events, ...(streams.size && position ? { next: position } : {}) };
}
