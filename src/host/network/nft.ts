import { run } from '../../engines/command.ts';

/**
 * What stands in one nftables table, as data, and the smallest script that leads from one state to another. A script is one
 * transaction for the kernel: all of it or nothing. Connections live in conntrack, outside of tables: they survive every change.
 */
export interface Ruleset {
  /** By name. Sets have elements without a value. */
  sets: Map<string, { kind: 'set' | 'map'; type: string; elements: Map<string, string> }>;
  /** By name; a base chain's `hook` is its `type … hook … priority …; policy …;`. */
  chains: Map<string, { hook?: string; rules: string[] }>;
}

export const newRuleset = (): Ruleset => ({ sets: new Map(), chains: new Map() });

const element = ([key, value]: [string, string]) => (value === '' ? key : `${key} : ${value}`);

/** The whole table anew, in place of what was there. */
export function buildScript(table: string, ruleset: Ruleset): string {
  const lines = [`table inet ${table}`, `delete table inet ${table}`, `table inet ${table} {`];
  // Chains are named before anything jumps to them.
  for (const [name, { hook }] of ruleset.chains) lines.push(hook ? `chain ${name} { ${hook} }` : `chain ${name} {`, hook ? '' : '}');
  for (const [name, { kind, type, elements }] of ruleset.sets) {
    lines.push(`${kind} ${name} { type ${type};`);
    if (elements.size > 0) lines.push(`elements = { ${[...elements].map(element).join(', ')} }`);
    lines.push('}');
  }
  for (const [name, { rules }] of ruleset.chains) lines.push(`chain ${name} {`, ...rules, '}');
  return [...lines, '}', ''].join('\n');
}

/** What must be said to the kernel so that a table that is as `was` becomes as `now`; empty when nothing. */
export function changeScript(table: string, was: Ruleset, now: Ruleset): string {
  const made: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  for (const [name, { hook, rules }] of now.chains) {
    const before = was.chains.get(name);
    if (before && before.hook !== hook) return buildScript(table, now);
    if (!before) made.push(`add chain inet ${table} ${name}${hook ? ` { ${hook} }` : ''}`);
    if (before && sameList(before.rules, rules)) continue;
    if (before) changed.push(`flush chain inet ${table} ${name}`);
    changed.push(...rules.map((rule) => `add rule inet ${table} ${name} ${rule}`));
  }
  for (const [name, { kind, type, elements }] of now.sets) {
    const before = was.sets.get(name);
    if (before && before.type !== type) return buildScript(table, now);
    if (!before) made.push(`add ${kind} inet ${table} ${name} { type ${type}; }`);
    const gone = [...(before?.elements ?? [])].filter(([key, value]) => elements.get(key) !== value);
    const fresh = [...elements].filter(([key, value]) => before?.elements.get(key) !== value);
    if (gone.length > 0) changed.push(`delete element inet ${table} ${name} { ${gone.map(element).join(', ')} }`);
    if (fresh.length > 0) changed.push(`add element inet ${table} ${name} { ${fresh.map(element).join(', ')} }`);
  }
  const goneChains = [...was.chains.keys()].filter((name) => !now.chains.has(name));
  // First emptied, all of them: they may jump to one another.
  removed.push(...goneChains.map((name) => `flush chain inet ${table} ${name}`), ...goneChains.map((name) => `delete chain inet ${table} ${name}`));
  for (const [name, { kind }] of was.sets) if (!now.sets.has(name)) removed.push(`delete ${kind} inet ${table} ${name}`);
  return [...made, ...changed, ...removed].map((line) => `${line}\n`).join('');
}

const sameList = (one: string[], other: string[]) => one.length === other.length && one.every((item, index) => item === other[index]);

/** `nft` in the namespace at `path`, or in the host's own. */
const nft = (path: string | null, argv: string[], input?: string) =>
  run([...(path ? ['nsenter', `--net=${path}`] : []), 'nft', ...argv], { input, timeoutMs: 30_000 });

const listing = async (path: string | null, table: string) => (await nft(path, ['-t', 'list', 'table', 'inet', table]).catch(() => ({ stdout: '' }))).stdout;

/**
 * Keeps one table as it is wished. It remembers what it applied last, after success only; it builds the table anew at first, after a
 * failure, and when `verify` finds that someone else changed it.
 */
export type TableKeeper = ReturnType<typeof keepTable>;

export function keepTable(table: string) {
  let applied: { ruleset: Ruleset; path: string | null; inode: number | null; listing: string } | null = null;
  return {
    /** `inode` tells a namespace made anew from the one before. */
    async apply(ruleset: Ruleset, path: string | null, inode: number | null): Promise<void> {
      const known = applied && applied.path === path && applied.inode === inode ? applied : null;
      const script = known ? changeScript(table, known.ruleset, ruleset) : buildScript(table, ruleset);
      if (known && script === '') return;
      applied = null;
      await nft(path, ['-f', '-'], script);
      applied = { ruleset, path, inode, listing: await listing(path, table) };
    },
    /** Looks whether chains, rules and sets are as they were left (elements are not compared); if not, the next `apply` builds them. */
    async verify(): Promise<void> {
      if (applied && (await listing(applied.path, table)) !== applied.listing) applied = null;
    },
  };
}

/** Succeeds when the table is not there. */
export async function removeTable(table: string): Promise<void> {
  await run(['nft', '-f', '-'], { input: `table inet ${table}\ndelete table inet ${table}\n` });
}
