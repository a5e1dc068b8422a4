/** A small VPC for tests of the host's parts: a wish that can be changed, an installation of its own, and what was reported. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredInterface, DesiredKinds, ObservedChange } from '../../wire/host.ts';
import type { Host } from '../part.ts';

const BLOCKS = 64;
const FIRST_PORT = 19_900;

export const vpcId = 'vpc-0123456789abcdef0';
export const subnetId = 'subnet-0123456789abcdef0';

export type Wish = { -readonly [K in keyof DesiredKinds]: Map<string, DesiredKinds[K]> };

export async function testHost() {
  const random = randomBytes(4);
  const name = `t${random.toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), `gantry-${name}-`));
  const block = await ownBlock(random.readUInt8(0));
  const publicCidr = `198.19.${4 * block}.0/22`;
  const observed = new Map<string, unknown>();
  const host: Host = {
    installation: {
      name, account: '123456789012', region: 'us-east-1', zones: ['us-east-1a'], domain: `${name}.internal`,
      port: FIRST_PORT + BLOCKS * (1 + block), publicCidr, stateDir: folder,
    },
    id: 'host-1',
    stateDir: join(folder, 'host'),
    runDir: join(folder, 'run'),
    report: (kind, id, value) => {
      const key = `${kind}/${id}` satisfies `${ObservedChange['kind']}/${string}`;
      if (value === null) observed.delete(key);
      else observed.set(key, value);
    },
    log: (message, fields) => (process.env.GANTRY_TEST_LOG ? console.error(message, fields) : undefined),
  };
  const wish: Wish = {
    network: new Map([[vpcId, { cidrBlocks: ['172.31.0.0/16'], subnets: [{ id: subnetId, cidrBlock: '172.31.0.0/20', zone: 'us-east-1a', internet: true }] }]]),
    interface: new Map(), securityGroup: new Map(), instance: new Map(), balancer: new Map(), volume: new Map(), snapshot: new Map(), name: new Map(),
  };
  return {
    host, wish, observed,
    publicAddress: (n: number) => publicCidr.replace(/0\/22$/, String(n)),
    removeFolder: () => rm(folder, { recursive: true, force: true }),
  };
}

/**
 * One of the 64 blocks of a /22 in 198.19.0.0/16, the half of 198.18.0.0/15 that installations take last, and with it ports. It is this
 * process's while it lives, by a socket that listens: test files run side by side, and one's table rejects what is not its own of the same block.
 */
async function ownBlock(start: number): Promise<number> {
  for (let step = 0; step < BLOCKS; step++) {
    const block = (start + step) % BLOCKS;
    const held = createServer().unref();
    const taken = await new Promise<boolean>((resolve) => {
      held.once('error', () => resolve(true));
      held.listen(FIRST_PORT + block, '127.0.0.1', () => resolve(false));
    });
    if (!taken) return block;
  }
  throw new Error('all blocks of public addresses for tests are taken');
}

/** An interface in the VPC, 172.31.0.`n`. */
export const testInterface = (n: number, owner: string, more: Partial<DesiredInterface> = {}): DesiredInterface => ({
  networkId: vpcId, subnetId, mac: `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`, address: `172.31.0.${n}`,
  securityGroupIds: [], sourceDestCheck: true, attachment: { owner, device: 'eth0' }, ...more,
});

/** Stands for an instance: only that there is one counts for the network. */
export const testInstance = (interfaceIds: string[]): DesiredKinds['instance'] => ({
  imageId: 'ami-0', generation: 1, power: 'on', vcpus: 1, memoryMiB: 512, interfaceIds, hostName: 'ip-172-31-0-5.ec2.internal',
  metadata: {
    instanceType: 't3.small', zone: 'us-east-1a', zoneId: 'use1-az1', launchTime: '2026-01-01T00:00:00.000Z', reservationId: 'r-0', launchIndex: 0,
    securityGroupNames: [], httpTokens: 'required', httpPutResponseHopLimit: 2, httpEndpoint: 'enabled',
  },
});
