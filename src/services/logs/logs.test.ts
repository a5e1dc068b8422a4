import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { IAM } from '@aws-sdk/client-iam';
import { ACCOUNT, refusal, REGION, type Served, served } from '../../../test/served.ts';
import { iam } from '../iam/index.ts';
import { retention } from './controllers/retention.ts';
import { logs } from './index.ts';
import { groups } from './records.ts';
import { storageOf } from './storage-of.ts';

const DAY_MS = 86_400_000;

describe('CloudWatch Logs', () => {
  let here: Served;
  let aws: CloudWatchLogs;
  before(async () => {
    here = await served([iam, logs]);
    aws = new CloudWatchLogs(here.client());
  });
  after(async () => {
    storageOf(here.env).close();
    await here.close();
  });

  /** A group with streams. */
  async function newGroup(logGroupName: string, ...streams: string[]) {
    await aws.createLogGroup({ logGroupName });
    for (const logStreamName of streams) await aws.createLogStream({ logGroupName, logStreamName });
  }
  const put = (logGroupName: string, logStreamName: string, messages: string[], timestamp = Date.now()) =>
    aws.putLogEvents({ logGroupName, logStreamName, logEvents: messages.map((message, index) => ({ message, timestamp: timestamp + index })) });
  const messages = (events: { message?: string | undefined }[] | undefined) => events!.map(({ message }) => message);
  async function sweep() {
    while (await retention.reconcile('all', here.env));
  }

  test('groups are made, described, tagged and deleted', async () => {
    await aws.createLogGroup({ logGroupName: '/a/one', tags: { team: 'red' } });
    await aws.createLogGroup({ logGroupName: '/a/two', logGroupClass: 'INFREQUENT_ACCESS' });
    assert.equal(await refusal(aws.createLogGroup({ logGroupName: '/a/one' })), 'ResourceAlreadyExists: The specified log group already exists');
    assert.match(await refusal(aws.createLogGroup({ logGroupName: 'a b' })), /^InvalidParameter: 1 validation error detected: Value 'a b' at 'logGroupName' failed to satisfy constraint: Member must satisfy/);
    await aws.putRetentionPolicy({ logGroupName: '/a/one', retentionInDays: 7 });
    assert.match(await refusal(aws.putRetentionPolicy({ logGroupName: '/a/one', retentionInDays: 2 })), /Member must satisfy enum value set/);
    const first = await aws.describeLogGroups({ logGroupNamePrefix: '/a/', limit: 1 });
    const second = await aws.describeLogGroups({ logGroupNamePrefix: '/a/', limit: 1, nextToken: first.nextToken });
    assert.deepEqual([...first.logGroups!, ...second.logGroups!].map(({ logGroupName, retentionInDays, logGroupClass }) => [logGroupName, retentionInDays, logGroupClass]),
      [['/a/one', 7, 'STANDARD'], ['/a/two', undefined, 'INFREQUENT_ACCESS']]);
    assert.equal(second.nextToken, undefined);
    const arn = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/a/one`;
    assert.equal(first.logGroups![0]!.arn, `${arn}:*`);
    await aws.tagResource({ resourceArn: arn, tags: { tier: 'web' } });
    assert.deepEqual((await aws.listTagsForResource({ resourceArn: arn })).tags, { team: 'red', tier: 'web' });
    await aws.untagLogGroup({ logGroupName: '/a/one', tags: ['team'] });
    assert.deepEqual((await aws.listTagsLogGroup({ logGroupName: '/a/one' })).tags, { tier: 'web' });
    assert.deepEqual((await aws.describeLogGroups({ logGroupNamePattern: 'TWO' })).logGroups!.map(({ logGroupName }) => logGroupName), ['/a/two']);
    await aws.deleteLogGroup({ logGroupName: '/a/one' });
    assert.equal(await refusal(aws.deleteLogGroup({ logGroupName: '/a/one' })), 'ResourceNotFound: The specified log group does not exist.');
  });

  test('a protected group stays', async () => {
    await aws.createLogGroup({ logGroupName: 'protected', deletionProtectionEnabled: true });
    assert.match(await refusal(aws.deleteLogGroup({ logGroupName: 'protected' })), /^Validation/);
    await aws.putLogGroupDeletionProtection({ logGroupIdentifier: 'protected', deletionProtectionEnabled: false });
    await aws.deleteLogGroup({ logGroupName: 'protected' });
  });

  test('streams are ordered by name or by their last event', async () => {
    await newGroup('streams', 'b', 'a', 'c');
    assert.equal(await refusal(aws.createLogStream({ logGroupName: 'streams', logStreamName: 'a' })), 'ResourceAlreadyExists: The specified log stream already exists');
    assert.match(await refusal(aws.createLogStream({ logGroupName: 'streams', logStreamName: 'a:b' })), /^InvalidParameter/);
    assert.equal(await refusal(aws.createLogStream({ logGroupName: 'none', logStreamName: 'a' })), 'ResourceNotFound: The specified log group does not exist.');
    await put('streams', 'a', ['x'], Date.now() + 5000);
    await put('streams', 'b', ['x'], Date.now() - 5000);
    const names = async (input: object) => {
      const first = await aws.describeLogStreams({ logGroupName: 'streams', limit: 2, ...input });
      const rest = await aws.describeLogStreams({ logGroupName: 'streams', limit: 2, nextToken: first.nextToken, ...input });
      return [...first.logStreams!, ...rest.logStreams!].map(({ logStreamName }) => logStreamName).join('');
    };
    assert.equal(await names({}), 'abc');
    assert.equal(await names({ descending: true }), 'cba');
    assert.equal(await names({ orderBy: 'LastEventTime' }), 'bca');
    assert.equal(await names({ orderBy: 'LastEventTime', descending: true }), 'acb');
    assert.equal(await refusal(aws.describeLogStreams({ logGroupName: 'streams', orderBy: 'LastEventTime', logStreamNamePrefix: 'a' })), 'InvalidParameter: Cannot order by LastEventTime with a logStreamNamePrefix.');
    await aws.deleteLogStream({ logGroupName: 'streams', logStreamName: 'a' });
    assert.equal(await refusal(aws.getLogEvents({ logGroupName: 'streams', logStreamName: 'a' })), 'ResourceNotFound: The specified log stream does not exist.');
    await aws.createLogStream({ logGroupName: 'streams', logStreamName: 'a' });
    assert.deepEqual((await aws.getLogEvents({ logGroupName: 'streams', logStreamName: 'a' })).events, []);
    assert.deepEqual(messages((await aws.filterLogEvents({ logGroupName: 'streams' })).events), ['x']);
  });

  test('batches are held to their limits', async () => {
    await newGroup('limits', 's');
    const now = Date.now();
    const batch = (logEvents: { message: string; timestamp: number }[]) => aws.putLogEvents({ logGroupName: 'limits', logStreamName: 's', logEvents });
    assert.match(await refusal(batch([])), /Member must have length greater than or equal to 1$/);
    assert.match(await refusal(batch(Array.from({ length: 10_001 }, () => ({ message: 'x', timestamp: now })))), /Member must have length less than or equal to 10000$/);
    assert.equal(await refusal(batch([{ message: 'x'.repeat(1_048_576), timestamp: now }])), 'InvalidParameter: Upload too large: 1048602 bytes exceeds limit of 1048576');
    assert.match(await refusal(batch([{ message: 'x', timestamp: now }, { message: 'x', timestamp: now - 1 }])), /must be in chronological order\.$/);
    assert.match(await refusal(batch([{ message: 'x', timestamp: now - 2 * DAY_MS }, { message: 'x', timestamp: now }])), /cannot span more than 24 hours\.$/);
    assert.equal(await refusal(aws.putLogEvents({ logGroupName: 'limits', logStreamName: 'none', logEvents: [{ message: 'x', timestamp: now }] })), 'ResourceNotFound: The specified log stream does not exist.');
    const old = await batch([{ message: 'old', timestamp: now - 14 * DAY_MS - 3_600_000 }, { message: 'fine', timestamp: now - 14 * DAY_MS + 60_000 }]);
    assert.deepEqual(old.rejectedLogEventsInfo, { tooOldLogEventEndIndex: 1 });
    const young = await batch([{ message: 'fine too', timestamp: now }, { message: 'new', timestamp: now + 3 * 3_600_000 }]);
    assert.deepEqual(young.rejectedLogEventsInfo, { tooNewLogEventStartIndex: 1 });
    assert.deepEqual(messages((await aws.getLogEvents({ logGroupName: 'limits', logStreamName: 's' })).events), ['fine', 'fine too']);
  });

  test('a stream is read forwards, backwards, and on from where it ended', async () => {
    await newGroup('read', 's');
    const at = { logGroupName: 'read', logStreamName: 's' };
    const start = Date.now() - 60_000;
    const empty = await aws.getLogEvents({ ...at, startFromHead: true });
    await put('read', 's', ['1', '2', '3', '4', '5'], start);
    assert.deepEqual(messages((await aws.getLogEvents({ ...at, nextToken: empty.nextForwardToken })).events), ['1', '2', '3', '4', '5']);
    const tail = await aws.getLogEvents({ ...at, limit: 2 });
    assert.deepEqual(messages(tail.events), ['4', '5']);
    const earlier = await aws.getLogEvents({ ...at, limit: 2, nextToken: tail.nextBackwardToken });
    assert.deepEqual(messages(earlier.events), ['2', '3']);
    const first = await aws.getLogEvents({ ...at, limit: 2, nextToken: earlier.nextBackwardToken });
    assert.deepEqual(messages(first.events), ['1']);
    const none = await aws.getLogEvents({ ...at, limit: 2, nextToken: first.nextBackwardToken });
    assert.deepEqual([none.events, none.nextBackwardToken], [[], first.nextBackwardToken]);
    assert.deepEqual(messages((await aws.getLogEvents({ ...at, nextToken: none.nextForwardToken })).events), ['1', '2', '3', '4', '5']);
    const end = await aws.getLogEvents({ ...at, nextToken: tail.nextForwardToken });
    assert.deepEqual([end.events, end.nextForwardToken], [[], tail.nextForwardToken]);
    assert.deepEqual(messages((await aws.getLogEvents({ ...at, limit: 1, nextToken: end.nextBackwardToken })).events), ['5']);
    await put('read', 's', ['6'], start + 100);
    assert.deepEqual(messages((await aws.getLogEvents({ ...at, nextToken: end.nextForwardToken })).events), ['6']);
    assert.deepEqual(messages((await aws.getLogEvents({ ...at, startTime: start + 1, endTime: start + 3, startFromHead: true })).events), ['2', '3']);
    assert.equal(await refusal(aws.getLogEvents({ ...at, nextToken: 'x' })), 'InvalidParameter: The specified nextToken is invalid.');
  });

  test('a group is searched over its streams, in order of time, page by page', async () => {
    await newGroup('search', 'web/1', 'web/2', 'db');
    const start = Date.now() - 60_000;
    await put('search', 'web/1', ['GET a', 'ERROR b'], start);
    await put('search', 'web/2', ['GET c'], start + 1);
    await put('search', 'db', ['{"level":"ERROR","ms":12}'], start + 5);
    const find = async (input: object) => messages((await aws.filterLogEvents({ logGroupName: 'search', ...input })).events);
    assert.deepEqual(await find({}), ['GET a', 'ERROR b', 'GET c', '{"level":"ERROR","ms":12}']);
    assert.deepEqual(await find({ filterPattern: 'GET' }), ['GET a', 'GET c']);
    assert.deepEqual(await find({ filterPattern: '{ $.ms > 10 }' }), ['{"level":"ERROR","ms":12}']);
    assert.deepEqual(await find({ filterPattern: 'ERROR', logStreamNamePrefix: 'web' }), ['ERROR b']);
    assert.deepEqual(await find({ logStreamNames: ['db'] }), ['{"level":"ERROR","ms":12}']);
    assert.deepEqual(await find({ startTime: start + 1, endTime: start + 1 }), ['ERROR b', 'GET c']);
    assert.deepEqual(await find({ startFromHead: false, limit: 1 }), ['{"level":"ERROR","ms":12}']);
    const first = await aws.filterLogEvents({ logGroupName: 'search', filterPattern: 'GET', limit: 1 });
    const second = await aws.filterLogEvents({ logGroupName: 'search', filterPattern: 'GET', limit: 1, nextToken: first.nextToken });
    assert.deepEqual([...messages(first.events), ...messages(second.events)], ['GET a', 'GET c']);
    assert.deepEqual(first.events![0]!.logStreamName, 'web/1');
    assert.match(first.events![0]!.eventId!, /^\d{56}$/);
    assert.match(await refusal(aws.filterLogEvents({ logGroupName: 'search', filterPattern: '{ $.a = ' })), /^InvalidParameter: Invalid filter pattern/);
    assert.equal((await aws.testMetricFilter({ filterPattern: '[a, b]', logEventMessages: ['x y', 'x'] })).matches![0]!.extractedValues!['$b'], 'y');
  });

  test('what is deleted or too old is taken away, and nothing else', async () => {
    await newGroup('kept', 's');
    await put('kept', 's', ['stays']);
    await newGroup('gone', 's', 't');
    await put('gone', 's', ['of the old group']);
    const storage = storageOf(here.env);
    const old = (await groups.get(here.env.store, { account: ACCOUNT, region: REGION }, 'gone'))!.value.id;
    await aws.deleteLogGroup({ logGroupName: 'gone' });
    await newGroup('gone', 's');
    assert.deepEqual((await aws.filterLogEvents({ logGroupName: 'gone' })).events, []);
    await sweep();
    assert.ok(!storage.groups().includes(old));
    assert.deepEqual(storage.events({ group: old }, { from: 0, to: Date.now() * 2, descending: false, limit: 10 }), []);
    await newGroup('aged', 's');
    await aws.putRetentionPolicy({ logGroupName: 'aged', retentionInDays: 3 });
    await put('aged', 's', ['old'], Date.now() - 2 * DAY_MS);
    await put('aged', 's', ['young']);
    here.clock.skewMs = 1.5 * DAY_MS;
    await sweep();
    here.clock.skewMs = 0;
    assert.deepEqual(messages((await aws.filterLogEvents({ logGroupName: 'aged' })).events), ['young']);
    const { logGroups } = await aws.describeLogGroups({ logGroupNamePrefix: 'aged' });
    assert.equal(logGroups![0]!.storedBytes, Buffer.byteLength('young') + 26);
    assert.deepEqual(messages((await aws.filterLogEvents({ logGroupName: 'kept' })).events), ['stays']);
  });

  test('policies on a group’s ARN let one in', async () => {
    const admin = new IAM(here.client());
    await admin.createUser({ UserName: 'writer' });
    const arn = (name: string) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}:*`;
    await admin.putUserPolicy({
      UserName: 'writer', PolicyName: 'p',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:CreateLogGroup'], Resource: arn('mine') }] }),
    });
    const { AccessKey } = await admin.createAccessKey({ UserName: 'writer' });
    const writer = new CloudWatchLogs(here.client({ accessKeyId: AccessKey!.AccessKeyId, secretAccessKey: AccessKey!.SecretAccessKey }));
    await writer.createLogGroup({ logGroupName: 'mine' });
    await writer.createLogStream({ logGroupName: 'mine', logStreamName: 's' });
    await writer.putLogEvents({ logGroupName: 'mine', logStreamName: 's', logEvents: [{ message: 'x', timestamp: Date.now() }] });
    assert.match(await refusal(writer.createLogGroup({ logGroupName: 'yours' })), /^AccessDenied.*logs:CreateLogGroup on resource: .*log-group:yours:log-stream: because/);
    assert.match(await refusal(writer.filterLogEvents({ logGroupName: 'mine' })), /^AccessDenied/);
  });
});
