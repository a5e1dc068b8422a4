import { mkdir, readFile, realpath, rm, rmdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Installation } from '../wire/installation.ts';
import { endpointOf, writeWhole, type AdminKey } from './installation.ts';

/**
 * A profile named after the installation in the AWS configuration files, so that `aws --profile <name>` and every SDK reach it.
 * Every other line stays as it was, byte for byte; a section of that name that is not ours is left alone.
 * https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
 */
const MARK = '# by gantry up; gantry down --purge takes it away';

const files = () => ({
  config: process.env.AWS_CONFIG_FILE || join(homedir(), '.aws/config'),
  credentials: process.env.AWS_SHARED_CREDENTIALS_FILE || join(homedir(), '.aws/credentials'),
});

/** Answers false where the user has a profile of that name. */
export async function writeProfile(installation: Installation, key: AdminKey): Promise<boolean> {
  const { name } = installation;
  const { config, credentials } = files();
  const both = await Promise.all([
    edit(config, (text) => withSection(text, `profile ${name}`, { endpoint_url: endpointOf(installation), region: installation.region })),
    edit(credentials, (text) => withSection(text, name, { aws_access_key_id: key.accessKeyId, aws_secret_access_key: key.secretAccessKey })),
  ]);
  return both.every(Boolean);
}

export async function removeProfile(name: string): Promise<void> {
  const { config, credentials } = files();
  await edit(config, (text) => withoutSection(text, `profile ${name}`, ['endpoint_url', 'region']));
  await edit(credentials, (text) => withoutSection(text, name, ['aws_access_key_id', 'aws_secret_access_key']));
}

async function edit(path: string, change: (text: string) => string | undefined): Promise<boolean> {
  const file = await realpath(path).catch(() => path);
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const after = change(before);
  if (after === undefined || after === before) return after !== undefined;
  if (after === '') {
    await rm(file, { force: true });
    // Also the folder, which is most often of our making, too; not where something is in it.
    await rmdir(dirname(file)).catch(() => {});
    return true;
  }
  const mode = await stat(file).then((found) => found.mode & 0o777, () => 0o600);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeWhole(file, after, mode);
  return true;
}

/** The lines `[from, to)` of a section without its header, which is at `from - 1`. */
function find(lines: string[], section: string): { from: number; to: number } | undefined {
  const header = lines.findIndex((line) => headerOf(line) === section);
  if (header < 0) return undefined;
  const next = lines.findIndex((line, i) => i > header && headerOf(line) !== undefined);
  return { from: header + 1, to: next < 0 ? lines.length : next };
}

/** Names may be quoted and spaced freely: `[ profile "x" ]`. */
const headerOf = (line: string) => /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1]?.replace(/["']/g, '').replace(/\s+/g, ' ');

const keyOf = (line: string) => /^([^\s=#;]+)\s*=/.exec(line)?.[1];

/** The text with these keys in our section; undefined if there is a section of that name without our mark. */
export function withSection(text: string, section: string, pairs: Record<string, string>): string | undefined {
  const ours = Object.entries(pairs).map(([key, value]) => `${key} = ${value}`);
  const lines = text.split('\n');
  const place = find(lines, section);
  if (!place) {
    const gap = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n';
    return `${text}${gap}[${section}]\n${MARK}\n${ours.join('\n')}\n`;
  }
  const body = lines.slice(place.from, place.to);
  if (!body.some((line) => line.trim() === MARK)) return undefined;
  const kept = body.filter((line) => line.trim() !== MARK && !Object.hasOwn(pairs, keyOf(line) ?? ''));
  return [...lines.slice(0, place.from), MARK, ...ours, ...kept, ...lines.slice(place.to)].join('\n');
}

/** Without our keys; the section goes with them unless the user has put something of their own into it. */
export function withoutSection(text: string, section: string, keys: string[]): string {
  const lines = text.split('\n');
  const place = find(lines, section);
  const body = place && lines.slice(place.from, place.to);
  if (!place || !body?.some((line) => line.trim() === MARK)) return text;
  const kept = body.filter((line) => line.trim() !== MARK && !keys.includes(keyOf(line) ?? ''));
  const before = lines.slice(0, place.from - 1);
  const after = lines.slice(place.to);
  if (kept.some((line) => line.trim() !== '')) return [...before, lines[place.from - 1], ...kept, ...after].join('\n');
  if (before.at(-1)?.trim() === '') before.pop();
  const rest = [...before, ...kept, ...after].join('\n');
  return rest.trim() === '' ? '' : rest;
}
