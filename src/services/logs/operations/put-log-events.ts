import type { PutLogEventsCommandInput, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { invalidParameter, noSuchStream, notMatching } from '../errors.ts';
import { EVENT_OVERHEAD_BYTES, type NewEvent } from '../storage.ts';
import { storageOf } from '../storage-of.ts';
import { type Family, groupNameOf, onStream, streamNamed } from './common.ts';

const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
const DAY_MS = 86_400_000;
const MOST_AGE_MS = 14 * DAY_MS;
const MOST_AHEAD_MS = 2 * 3_600_000;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html. Sequence tokens are taken and not looked at. */
export const putLogEventsOperations = {
  PutLogEvents: {
    ...onStream,
    async run(input, context) {
      const events = checkBatch(input.logEvents);
      const { group, stream } = await streamNamed(context, groupNameOf(input), input.logStreamName);
      const now = context.now().getTime();
      const { accepted, rejected } = inTime(events, now, group.retentionDays);
      const last = accepted.length ? await storageOf(context).append(group.id, stream.number, accepted, now) : stream.number;
      if (last === undefined) throw noSuchStream();
      return { nextSequenceToken: String(last).padStart(56, '0'), ...(rejected ? { rejectedLogEventsInfo: rejected } : {}) };
    },
  },
} satisfies Family;

function checkBatch(list: PutLogEventsCommandInput['logEvents'] = []): NewEvent[] {
  if (list.length < 1) throw notMatching('[]', 'logEvents', 'Member must have length greater than or equal to 1');
  if (list.length > MOST_EVENTS) throw notMatching(`[${list.length} events]`, 'logEvents', `Member must have length less than or equal to ${MOST_EVENTS}`);
  let bytes = 0;
  const events = list.map(({ timestamp = 0, message = '' }, index) => {
    if (message === '') throw notMatching('', `logEvents.${index + 1}.member.message`, 'Member must have length greater than or equal to 1');
    if (timestamp < 0) throw notMatching(timestamp, `logEvents.${index + 1}.member.timestamp`, 'Member must have value greater than or equal to 0');
    bytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    return { timestamp, message };
  });
  if (bytes > MOST_BYTES) throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`);
  if (events.some(({ timestamp }, index) => index > 0 && timestamp < events[index - 1]!.timestamp)) {
    throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
  }
  if (events.at(-1)!.timestamp - events[0]!.timestamp > DAY_MS) {
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
  return events;
}

/** Events are in order of time: what is too old is at the beginning, what is too new at the end. */
function inTime(events: NewEvent[], now: number, retentionDays: number | undefined): { accepted: NewEvent[]; rejected?: RejectedLogEventsInfo } {
  const firstAt = (time: number) => {
    const index = events.findIndex(({ timestamp }) => timestamp >= time);
    return index < 0 ? events.length : index;
  };
  const tooOld = firstAt(now - MOST_AGE_MS);
  const expired = retentionDays === undefined ? 0 : firstAt(now - retentionDays * DAY_MS);
  const tooNew = firstAt(now + MOST_AHEAD_MS + 1);
  const accepted = events.slice(Math.max(tooOld, expired), tooNew);
  if (accepted.length === events.length) return { accepted };
  return {
    accepted,
    rejected: {
      ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
      ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
      ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
    },
  };
}
