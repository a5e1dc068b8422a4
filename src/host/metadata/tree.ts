import type { DesiredInstance, DesiredInterface, DesiredNetwork } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';

/** What the metadata service knows of one instance. */
export interface Subject {
  installation: Installation;
  id: string;
  instance: DesiredInstance;
  /** In order of device index. */
  interfaces: (DesiredInterface & { id: string })[];
  networks: ReadonlyMap<string, DesiredNetwork>;
  /** JSON as the service answers it; undefined without a role. */
  credentials(): Promise<string | undefined>;
}

/** A value, one that has to be asked for, or a folder. */
export type Tree = string | (() => Promise<string | undefined>) | { [name: string]: Tree | undefined };

/**
 * Below `/latest/`, after https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories.
 * Not here: public-keys, spot and rebalance, signatures of the identity document.
 */
export const tree = (subject: Subject): { [name: string]: Tree } => ({
  dynamic: { 'instance-identity': { document: identityDocument(subject) } },
  'meta-data': metaData(subject),
});

function metaData({ installation, id, instance, interfaces, networks, credentials }: Subject): Tree {
  const { metadata } = instance;
  const [primary] = interfaces;
  const { instanceProfile: profile } = metadata;
  return {
    'ami-id': instance.imageId,
    'ami-launch-index': String(metadata.launchIndex),
    'ami-manifest-path': '(unknown)',
    'block-device-mapping': { ami: '/dev/xvda', root: '/dev/xvda' },
    events: { maintenance: { history: '[]', scheduled: '[]' } },
    hostname: instance.hostName,
    ...(profile && {
      iam: {
        info: json({ Code: 'Success', LastUpdated: metadata.launchTime, InstanceProfileArn: profile.arn, InstanceProfileId: profile.id }),
        'security-credentials': { [profile.roleName]: credentials },
      },
    }),
    'instance-action': 'none',
    'instance-id': id,
    'instance-life-cycle': 'on-demand',
    'instance-type': metadata.instanceType,
    'local-hostname': instance.hostName,
    ...(primary && { 'local-ipv4': primary.address, mac: primary.mac }),
    network: { interfaces: { macs: Object.fromEntries(interfaces.map((one, index) => [one.mac, interfaceTree(installation, instance, one, index, networks.get(one.networkId))])) } },
    placement: { 'availability-zone': metadata.zone, 'availability-zone-id': metadata.zoneId, region: installation.region },
    profile: 'default-hvm',
    ...(primary?.publicAddress && { 'public-hostname': publicName(installation, primary.publicAddress), 'public-ipv4': primary.publicAddress }),
    'reservation-id': metadata.reservationId,
    'security-groups': metadata.securityGroupNames.join('\n'),
    services: { domain: 'amazonaws.com', partition: 'aws' },
    ...(metadata.tags && { tags: { instance: metadata.tags } }),
  };
}

function interfaceTree({ account, ...installation }: Installation, instance: DesiredInstance, one: Subject['interfaces'][number], index: number, network: DesiredNetwork | undefined): Tree {
  const subnet = network?.subnets.find(({ id }) => id === one.subnetId);
  const { publicAddress } = one;
  return {
    'device-number': String(Number(/\d+$/.exec(one.attachment?.device ?? '')?.[0] ?? index)),
    'interface-id': one.id,
    ...(publicAddress && { 'ipv4-associations': { [publicAddress]: one.address } }),
    'local-hostname': index === 0 ? instance.hostName : privateName(one.address, instance.hostName),
    ...(one.prefixes?.length && { 'ipv4-prefix': one.prefixes.join('\n') }),
    'local-ipv4s': [one.address, ...(one.secondaryAddresses ?? [])].join('\n'),
    mac: one.mac,
    'owner-id': account,
    ...(publicAddress && { 'public-hostname': publicName(installation, publicAddress), 'public-ipv4s': publicAddress }),
    'security-group-ids': one.securityGroupIds.join('\n'),
    ...(index === 0 && { 'security-groups': instance.metadata.securityGroupNames.join('\n') }),
    'subnet-id': one.subnetId,
    ...(subnet && { 'subnet-ipv4-cidr-block': subnet.cidrBlock }),
    'vpc-id': one.networkId,
    ...(network && { 'vpc-ipv4-cidr-block': network.cidrBlocks[0] ?? '', 'vpc-ipv4-cidr-blocks': network.cidrBlocks.join('\n') }),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html */
function identityDocument({ installation, id, instance, interfaces }: Subject): string {
  return json({
    accountId: installation.account,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    availabilityZone: instance.metadata.zone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: instance.imageId,
    instanceId: id,
    instanceType: instance.metadata.instanceType,
    kernelId: null,
    pendingTime: instance.metadata.launchTime,
    privateIp: interfaces[0]?.address ?? null,
    ramdiskId: null,
    region: installation.region,
    version: '2017-09-30',
  });
}

const json = (value: object) => JSON.stringify(value, null, 2);
const privateName = (address: string, hostName: string) => `ip-${address.replaceAll('.', '-')}${hostName.slice(hostName.indexOf('.'))}`;
/** As EC2 answers it (PublicDnsName). */
const publicName = ({ region, domain }: Pick<Installation, 'region' | 'domain'>, address: string) =>
  `ec2-${address.replaceAll('.', '-')}.${region === 'us-east-1' ? 'compute-1' : `${region}.compute`}.${domain}`;

/** Walks down; `path` is split at its slashes. A folder answers the names in it, those of folders with a slash. */
export async function lookUp(at: Tree | undefined, [name, ...rest]: readonly string[]): Promise<string | undefined> {
  if (at === undefined) return undefined;
  if (typeof at === 'string') return name === undefined ? at : undefined;
  if (typeof at === 'function') return name === undefined ? at() : undefined;
  if (name === undefined || (name === '' && rest.length === 0)) {
    return Object.keys(at).sort().map((key) => (typeof at[key] === 'object' ? `${key}/` : key)).join('\n');
  }
  return Object.hasOwn(at, name) ? lookUp(at[name], rest) : undefined;
}
