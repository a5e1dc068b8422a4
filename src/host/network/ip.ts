import { run } from '../../engines/command.ts';

/** A link with its addresses, as `ip -j address` shows it: IPv4, and only what is read here. */
export interface Link {
  ifname: string;
  ifalias?: string;
  addr_info: { family: string; local: string; address?: string; prefixlen: number }[];
}

const inside = (namespace: string | null) => (namespace ? ['ip', '-n', namespace] : ['ip']);

/** Several commands of `ip` in one process, the first that fails ends it. `namespace` null: the host's own. */
export async function batch(namespace: string | null, lines: string[]): Promise<void> {
  if (lines.length > 0) await run([...inside(namespace), '-batch', '-'], { input: lines.map((line) => `${line}\n`).join(''), timeoutMs: 30_000 });
}

export async function links(namespace: string | null): Promise<Map<string, Link>> {
  const { stdout } = await run([...inside(namespace), '-j', '-d', 'address', 'show'], { timeoutMs: 30_000 });
  const found = JSON.parse(stdout || '[]') as Partial<Link>[];
  return new Map(found.flatMap((link) => (link.ifname ? [[link.ifname, { ...link, ifname: link.ifname, addr_info: (link.addr_info ?? []).filter(({ family }) => family === 'inet') }]] : [])));
}

/** Settings of the kernel, in a namespace or the host's own. */
export async function sysctl(path: string | null, settings: Record<string, string | number>): Promise<void> {
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  await run([...(path ? ['nsenter', `--net=${path}`] : []), 'sysctl', '-q', '-w', ...pairs]);
}
