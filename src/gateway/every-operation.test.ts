import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { NormalizedSchema } from '@smithy/core/schema';
import { startInstallation } from '../../test/installation.ts';
import type { Service } from '../control/service.ts';
import { services } from '../services/index.ts';
import { operationsOf } from './protocols/schema.ts';

/**
 * Every operation that is done is sent what it cannot want, made from the SDK's schema, by the SDK's own client (which checks nothing):
 * it is refused by an error that the client can read, and never by one of ours.
 */

/** How a service refuses a request without what it requires. */
const MISSING: Record<string, string[]> = {
  iam: ['ValidationError'], sts: ['ValidationError'], autoscaling: ['ValidationError'], elasticloadbalancing: ['ValidationError'], ec2: ['MissingParameter'], ssm: ['ValidationException'],
  logs: ['InvalidParameterException'], ecr: ['InvalidParameterException'], eks: ['InvalidParameterException'], ecs: ['InvalidParameterException', 'ClientException'],
};

interface Hostile { text: string; number: number; item: (plain: unknown) => unknown[]; required: boolean }
/** `required`: without the other members, so that none of them ends the request before. */
const HOSTILE: Record<string, Hostile> = {
  'odd characters': { text: 'a\0\u001B<&"\']]>\r\n\u{1F600}', number: 1, item: (plain) => [plain, plain], required: true },
  'names that every object has': { text: '__proto__', number: -1, item: (plain) => [plain], required: true },
  'null items': { text: 'aaaa', number: 1, item: () => [null], required: false },
  'huge numbers': { text: 'arn:aws:ecs:eu-west-1:999999999999:cluster/x', number: 2 ** 31 - 1, item: (plain) => [plain], required: false },
};

function inputOf(schema: NormalizedSchema, hostile: Hostile, depth = 0): unknown {
  if (schema.isStructSchema()) {
    // DryRun is an answer of its own; deep members are many and of the same kinds.
    const members = [...schema.structIterator()].filter(([name, member]) => name !== 'DryRun' && (depth < 3 || !member.isStructSchema()));
    const shown = schema.isUnionSchema() ? members.slice(0, 1) : members;
    return Object.fromEntries(shown.map(([name, member]) => [name, inputOf(member, hostile, depth + 1)]));
  }
  if (schema.isListSchema()) return depth > 4 ? [] : hostile.item(inputOf(schema.getValueSchema(), hostile, depth + 1));
  if (schema.isMapSchema()) return { [hostile.text]: inputOf(schema.getValueSchema(), hostile, depth + 1) };
  if (schema.isNumericSchema()) return hostile.number;
  if (schema.isBooleanSchema()) return false;
  if (schema.isTimestampSchema()) return new Date(0);
  if (schema.isBlobSchema()) return new Uint8Array([1]);
  return hostile.text;
}

function requestOf(schema: NormalizedSchema, hostile: Hostile): unknown {
  if (!hostile.required) return inputOf(schema, hostile);
  return Object.fromEntries([...schema.structIterator()].slice(0, requiredOf(schema)).map(([name, member]) => [name, inputOf(member, hostile, 1)]));
}

/** The schema lists required members first and ends with how many they are. */
const requiredOf = (schema: NormalizedSchema) => Number((schema.getSchema() as unknown[])[6] ?? 0);

interface Refusal { name: string; message: string; $metadata?: { httpStatusCode?: number } }

describe('every operation', () => {
  let installation: Awaited<ReturnType<typeof startInstallation>>;
  before(async () => {
    installation = await startInstallation();
  });
  after(() => installation.close());

  type Send = (name: string, input: unknown) => Promise<Refusal | undefined>;

  /** Runs with a client, which answers with the refusal; one without a status is the client's own, or that it could not read the answer. */
  async function withClient({ sdk }: Service, run: (send: Send) => Promise<void>): Promise<void> {
    const classes = sdk as Record<string, new (input: unknown) => { send(command: unknown): Promise<unknown>; destroy(): void }>;
    const Client = classes[Object.keys(classes).find((key) => /^[A-Z].*Client$/.test(key)) ?? '']!;
    const client = new Client(installation.client);
    try {
      await run((name, input) => client.send(new classes[`${name}Command`]!(input)).then(() => undefined, (error: unknown) => error as Refusal));
    } finally {
      client.destroy();
    }
  }

  for (const service of services) {
    const operations = [...operationsOf(service).values()].filter(({ name, input }) => service.operations[name] && input.isStructSchema());

    it(`of ${service.name} names what is missing`, () => withClient(service, async (send) => {
      const wrong: string[] = [];
      for (const { name, input } of operations) {
        const asked = [...input.structIterator()].slice(0, requiredOf(input)).some(([, member]) => !member.isIdempotencyToken());
        if (!asked) continue;
        const refusal = await send(name, {});
        // The client itself refuses what has no place in the path.
        if (!refusal || (refusal.$metadata && !MISSING[service.name]?.includes(refusal.name))) wrong.push(`${name}: ${refusal?.name ?? 'done'} ${refusal?.message}`);
      }
      assert.deepEqual(wrong, []);
    }));

    it(`of ${service.name} stands what it is sent`, () => withClient(service, async (send) => {
      const wrong: string[] = [];
      for (const { name, input } of operations) {
        for (const [what, hostile] of Object.entries(HOSTILE)) {
          const refusal = await send(name, requestOf(input, hostile));
          if (!refusal) continue;
          const status = refusal.$metadata?.httpStatusCode;
          const ours = status === undefined ? !/value provided for input HTTP label/.test(refusal.message) : status >= 500 && status !== 501 && !refusal.name.startsWith('Insufficient');
          if (ours) wrong.push(`${name} with ${what}: ${status} ${refusal.name} ${refusal.message.slice(0, 200)}`);
        }
      }
      assert.deepEqual(wrong, []);
    }));
  }
});
