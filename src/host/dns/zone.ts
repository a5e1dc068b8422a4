import type { Answer, Question } from 'dns-packet';
import type { DesiredName } from '../../wire/host.ts';
import type { Installation } from '../../wire/installation.ts';
import { issuerName } from '../../wire/issuer.ts';
import { contains, toAddress } from '../network/addresses.ts';
import { gatewayAddress } from '../network/names.ts';

/** Seconds that an answer may be kept: AWS's for a balancer's name. */
const ttl = 60;

/** What one VPC's resolver knows by itself. */
export interface Zone {
  installation: Installation;
  vpcId: string;
  cidrBlocks: readonly string[];
  names: ReadonlyMap<string, DesiredName>;
}

export type Reply =
  | { rcode: 'NOERROR' | 'NXDOMAIN'; answers: Answer[]; authorities: Answer[] }
  /** Not ours to answer: ask the host's resolvers. */
  | 'forward';

/** The gateway's names: the API, the registry (any account's is the one account's), and the issuers of EKS clusters. */
export const gatewayNames = ({ account, region, domain }: Pick<Installation, 'account' | 'region' | 'domain'>) =>
  [`api.${domain}`, `${account}.dkr.ecr.${region}.${domain}`, issuerName({ region, domain })];

/** What private names end with (EC2 user guide, "EC2 instance hostnames and domains"). */
export const privateDomain = (region: string) => (region === 'us-east-1' ? 'ec2.internal' : `${region}.compute.internal`);

/** `turn` rotates a name's addresses, so that clients that take the first one spread over all. */
export function answer(zone: Zone, { name: asked, type }: Question, turn: number): Reply {
  const name = asked.toLowerCase().replace(/\.$/, '');
  const { domain, region } = zone.installation;
  const reverse = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  if (reverse) {
    const address = reverse.slice(1).reverse().join('.');
    if (!inVpc(zone, address)) return 'forward';
    const data = `ip-${address.replaceAll('.', '-')}.${privateDomain(region)}`;
    return found(type === 'PTR' ? [{ type: 'PTR', name: asked, ttl, data }] : [], domain);
  }
  const addresses = addressesOf(zone, name);
  if (addresses) {
    const rotated = addresses.map((_, index) => addresses[(index + turn) % addresses.length] ?? '');
    return found(type === 'A' ? rotated.map((data) => ({ type: 'A', name: asked, ttl, data })) : [], domain);
  }
  if ([domain, privateDomain(region)].some((suffix) => name === suffix || name.endsWith(`.${suffix}`))) {
    // A name that only has names below it exists, without records (RFC 8020).
    const empty = name === domain || name === privateDomain(region) || [...zone.names.keys(), ...gatewayNames(zone.installation)].some((known) => known.endsWith(`.${name}`));
    return { rcode: empty ? 'NOERROR' : 'NXDOMAIN', answers: [], authorities: [startOfAuthority(domain)] };
  }
  return 'forward';
}

function found(answers: Answer[], domain: string): Reply {
  return { rcode: 'NOERROR', answers, authorities: answers.length === 0 ? [startOfAuthority(domain)] : [] };
}

/** Says for how long a "no" may be kept (RFC 2308): 5 s, as names appear at any time. */
const startOfAuthority = (domain: string): Answer => ({
  type: 'SOA', name: domain, ttl: 5, data: { mname: `ns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, refresh: 60, retry: 10, expire: 3600, minimum: 5 },
});

const inVpc = ({ cidrBlocks }: Zone, address: string) => address.split('.').every((octet) => Number(octet) < 256) && cidrBlocks.some((cidr) => contains(cidr, address));

function addressesOf(zone: Zone, name: string): string[] | null {
  if (gatewayNames(zone.installation).includes(name)) return [gatewayAddress];
  const known = zone.names.get(name);
  if (known?.inNetwork?.id === zone.vpcId) return known.inNetwork.addresses;
  if (known && (known.networkId === undefined || known.networkId === zone.vpcId)) return known.addresses;
  const match = /^ip-(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.(.*)$/.exec(name);
  if (match?.[5] !== privateDomain(zone.installation.region)) return null;
  const address = match.slice(1, 5).join('.');
  return inVpc(zone, address) && address === toAddress(match.slice(1, 5).reduce((sum, octet) => sum * 256 + Number(octet), 0)) ? [address] : null;
}
