import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { run } from '../engines/command.ts';
import type { Installation } from '../wire/installation.ts';
import { homeRoot, stateDirOf } from '../wire/paths.ts';
import { choosing, reserve, type Choice } from './choices.ts';
import { UserError } from './command.ts';

/**
 *   /var/lib/gantry/<name>/installation.json   what is fixed, written once; its being there means that the rest is, too
 *   /var/lib/gantry/<name>/admin.json          the administrator's key (mode 600); IAM's seed reads it at every start
 *   /var/lib/gantry/<name>/host.token          what this machine's agent shows to the control plane (mode 600)
 */
export interface AdminKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** LocalStack's, which many tools know. */
const FIRST_PORT = 4566;
/** 198.18.0.0/15 is for tests of networks (RFC 2544) and nobody's on the internet: 128 blocks of a /22. */
const PUBLIC_BLOCKS = 128;

export function checkName(name: string): string {
  if (!/^[a-z0-9-]{1,20}$/.test(name)) throw new UserError(`an installation's name has 1 to 20 of a-z, 0-9 and -: not \`${name}\``);
  return name;
}

export async function readInstallation(name: string): Promise<Installation | undefined> {
  return readJson<Installation>(join(stateDirOf(name), 'installation.json'));
}

/** For commands that need one. */
export async function installationOf(name: string): Promise<Installation> {
  const installation = await readInstallation(name);
  if (!installation) throw new UserError(`there is no installation \`${name}\` here: gantry up makes it`);
  return installation;
}

export async function readAdminKey({ name, stateDir }: Pick<Installation, 'name' | 'stateDir'>): Promise<AdminKey> {
  const key = await readJson<AdminKey>(join(stateDir, 'admin.json'));
  if (!key) throw new UserError(`the administrator's key of \`${name}\` cannot be read (${join(stateDir, 'admin.json')})`);
  return key;
}

export const endpointOf = ({ port }: Pick<Installation, 'port'>) => `http://127.0.0.1:${port}`;

/** The installation, made at the first call: two that are made at once differ, also in different homes. */
export function ensureInstallation(name: string): Promise<Installation> {
  return choosing(async (others) => {
    const installation = (await readInstallation(name)) ?? (await create(name, [...others, ...(await allInstallations())]));
    await reserve(installation);
    return installation;
  });
}

async function create(name: string, others: Choice[]): Promise<Installation> {
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || 'us-east-1';
  const installation: Installation = {
    name,
    account: String(randomInt(100_000_000_000, 1_000_000_000_000 - 1)),
    region,
    zones: ['a', 'b', 'c'].map((letter) => `${region}${letter}`),
    domain: `${name}.internal`,
    port: await freePort(others.map(({ port }) => port)),
    publicCidr: freeBlock([...others.map(({ publicCidr }) => publicCidr), ...(await routed())]),
    stateDir: stateDirOf(name),
  };
  const admin: AdminKey = { accessKeyId: `AKIA${base32(16)}`, secretAccessKey: randomBytes(30).toString('base64') };
  await mkdir(join(installation.stateDir, 'logs'), { recursive: true, mode: 0o711 });
  await writeWhole(join(installation.stateDir, 'admin.json'), `${JSON.stringify(admin)}\n`, 0o600);
  await writeWhole(join(installation.stateDir, 'host.token'), `${randomBytes(32).toString('hex')}\n`, 0o600);
  await writeWhole(join(installation.stateDir, 'installation.json'), `${JSON.stringify(installation, null, 2)}\n`, 0o644);
  return installation;
}

export async function allInstallations(): Promise<Installation[]> {
  const names = await readdir(homeRoot()).catch(() => []);
  return (await Promise.all(names.map(readInstallation))).filter((found) => found !== undefined);
}

async function freePort(taken: number[]): Promise<number> {
  for (let port = FIRST_PORT; port < 65_536; port++) if (!taken.includes(port) && (await canListen(port))) return port;
  throw new UserError('no free port for the gateway');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first /22 of 198.18.0.0/15 that none of the taken CIDRs overlaps. */
export function freeBlock(taken: string[]): string {
  const ranges = taken.map(rangeOf);
  for (let block = 0; block < PUBLIC_BLOCKS; block++) {
    const cidr = `198.${18 + (block >> 6)}.${(block & 63) << 2}.0/22`;
    const [from, to] = rangeOf(cidr);
    if (!ranges.some(([a, b]) => a <= to && b >= from)) return cidr;
  }
  throw new UserError('no free /22 in 198.18.0.0/15 is left for public addresses');
}

function rangeOf(cidr: string): [number, number] {
  const [address = '', prefix = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const from = Math.floor(number / size) * size;
  return [from, from + size - 1];
}

/** What the host routes already; the default route is no obstacle. */
async function routed(): Promise<string[]> {
  const { stdout } = await run(['ip', '-4', '-json', 'route', 'show', 'table', 'all']);
  return (JSON.parse(stdout || '[]') as { dst: string }[]).map(({ dst }) => dst).filter((dst) => /^\d/.test(dst));
}

/** In the alphabet of AWS's key ids. */
const base32 = (length: number) => Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte & 31]).join('');

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The new content or the old one, on disk, whenever the machine loses power. */
export async function writeWhole(file: string, content: string, mode: number): Promise<void> {
  const next = `${file}.${process.pid}.new`;
  const handle = await open(next, 'w', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
    await rename(next, file);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}
