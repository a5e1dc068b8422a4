import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { memory } from './memory.ts';
import { eventStream, type Subscriber } from './subscriber.ts';
import type { Change, Commit, Entry, Store, StoreEvent } from './store.ts';

/**
 * The store in one process, on SQLite. Commits that arrive together share one transaction and so one fsync (WAL,
 * synchronous=FULL): an acknowledged write survives kill -9 and a power cut.
 *
 *   entry    what is, by key; read from memory (memory.ts), where it is put once it is on disk
 *   event    what happened, by revision, for watches that come back; the newest HISTORY are kept
 *   lease    when leases end
 */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL, created INTEGER NOT NULL, lease TEXT) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entry_lease ON entry (lease) WHERE lease IS NOT NULL;
  CREATE TABLE IF NOT EXISTS event (revision INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, created INTEGER, previous TEXT, PRIMARY KEY (revision, seq)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS lease (id TEXT PRIMARY KEY, ttl REAL NOT NULL, ends REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;
/** How many revisions back a watch may start. */
const HISTORY = 20_000;
const LEASE_SWEEP_MS = 500;

interface Row { key: string; value: string; revision: number; created: number }
interface EventRow { revision: number; key: string; value: string | null; created: number; previous: string | null }
interface Waiting { changes: Change[]; resolve(commit: Commit): void; reject(error: unknown): void }

const entryOf = (row: Row): Entry => ({ key: row.key, value: JSON.parse(row.value), revision: row.revision, createRevision: row.created });
const eventOf = (row: EventRow): StoreEvent =>
  row.value === null
    ? { type: 'delete', key: row.key, revision: row.revision, previous: row.previous === null ? undefined : JSON.parse(row.previous) }
    : { type: 'put', entry: entryOf({ ...row, value: row.value }) };
const keyOfEvent = (event: StoreEvent) => (event.type === 'put' ? event.entry.key : event.key);
const keyOf = (change: Change) => ('put' in change ? change.put : 'delete' in change ? change.delete : change.check);
/** The first key after all that begin with the prefix. */
const endOf = (prefix: string) => `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;

export function openSqlite(path: string): Store {
  const db = new DatabaseSync(path);
  db.exec(SCHEMA);
  const sql = {
    get: db.prepare('SELECT key, value, revision, created FROM entry WHERE key = ?'),
    put: db.prepare('INSERT OR REPLACE INTO entry (key, value, revision, created, lease) VALUES (?, ?, ?, ?, ?)'),
    delete: db.prepare('DELETE FROM entry WHERE key = ?'),
    log: db.prepare('INSERT INTO event (revision, seq, key, value, created, previous) VALUES (?, ?, ?, ?, ?, ?)'),
    since: db.prepare('SELECT revision, key, value, created, previous FROM event WHERE revision > ? AND key >= ? AND key < ? ORDER BY revision, seq'),
    compact: db.prepare('DELETE FROM event WHERE revision <= ?'),
    setMeta: db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)'),
    grant: db.prepare('INSERT INTO lease (id, ttl, ends) VALUES (?, ?, ?)'),
    keepAlive: db.prepare('UPDATE lease SET ends = ? + ttl * 1000 WHERE id = ? AND ends > ?'),
    lease: db.prepare('SELECT id FROM lease WHERE id = ?'),
    ended: db.prepare('SELECT id FROM lease WHERE ends <= ?'),
    dropLease: db.prepare('DELETE FROM lease WHERE id = ?'),
    leased: db.prepare('SELECT key FROM entry WHERE lease = ?'),
  };
  const meta = (name: string) => (db.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: number } | undefined)?.value ?? 0;
  let revision = meta('revision');
  let compacted = meta('compacted');
  const entries = memory((db.prepare('SELECT key, value, revision, created FROM entry').all() as unknown as Row[]).map(entryOf));
  const subscribers = new Set<Subscriber>();
  let waiting: Waiting[] = [];

  const row = (key: string) => sql.get.get(key) as unknown as Row | undefined;

  /** Checks and applies the changes of one commit at revision `at`, inside the open transaction. */
  function apply(changes: Change[], at: number): { commit: Commit; rows: EventRow[] } {
    for (const change of changes) {
      if (change.expect === undefined) continue;
      const found = row(keyOf(change));
      if ((found?.revision ?? 0) !== change.expect) {
        return { commit: { ok: false, key: keyOf(change), current: found && entryOf(found) }, rows: [] };
      }
    }
    const rows: EventRow[] = [];
    for (const change of changes) {
      if ('check' in change) continue;
      const found = row(keyOf(change));
      if ('put' in change) {
        if (change.lease && !sql.lease.get(change.lease)) throw new Error(`the lease ${change.lease} has ended`);
        const value = JSON.stringify(change.value);
        const created = found?.created ?? at;
        sql.put.run(change.put, value, at, created, change.lease ?? null);
        rows.push({ revision: at, key: change.put, value, created, previous: found?.value ?? null });
      } else if (found) {
        sql.delete.run(change.delete);
        rows.push({ revision: at, key: change.delete, value: null, created: found.created, previous: found.value });
      }
    }
    rows.forEach((event, seq) => sql.log.run(at, seq, event.key, event.value, event.created, event.previous));
    return { commit: { ok: true, revision: rows.length ? at : at - 1 }, rows };
  }

  /** Runs everything that waits in one transaction; answers and tells watchers only after it is on disk. */
  function flush() {
    const batch = waiting;
    waiting = [];
    if (!batch.length) return;
    const done: (() => void)[] = [];
    const told: EventRow[][] = [];
    let next = revision;
    try {
      db.exec('BEGIN IMMEDIATE');
      for (const { changes, resolve, reject } of batch) {
        try {
          db.exec('SAVEPOINT one');
          const { commit, rows } = apply(changes, next + 1);
          db.exec('RELEASE one');
          if (rows.length) {
            next += 1;
            told.push(rows);
          }
          done.push(() => resolve(commit));
        } catch (error) {
          db.exec('ROLLBACK TO one');
          db.exec('RELEASE one');
          done.push(() => reject(error));
        }
      }
      if (next > revision) sql.setMeta.run('revision', next);
      if (next - compacted > 2 * HISTORY) {
        sql.compact.run(next - HISTORY);
        sql.setMeta.run('compacted', next - HISTORY);
      }
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    revision = next;
    compacted = meta('compacted');
    const events = told.map((rows) => rows.map(remember));
    for (const answer of done) answer();
    for (const batch of events) for (const subscriber of subscribers) subscriber.tell(batch.filter((event) => keyOfEvent(event).startsWith(subscriber.prefix)));
  }

  /** Takes what was committed into memory. */
  function remember(row: EventRow): StoreEvent {
    if (row.value === null) return { type: 'delete', key: row.key, revision: row.revision, previous: entries.delete(row.key)?.value };
    const entry = entryOf({ ...row, value: row.value });
    entries.put(entry);
    return { type: 'put', entry };
  }

  function commit(changes: Change[]): Promise<Commit> {
    return new Promise((resolve, reject) => {
      waiting.push({ changes, resolve, reject });
      if (waiting.length === 1) setImmediate(flush);
    });
  }

  async function endLeases() {
    for (const { id } of sql.ended.all(Date.now()) as { id: string }[]) {
      await commit((sql.leased.all(id) as { key: string }[]).map(({ key }) => ({ delete: key })));
      sql.dropLease.run(id);
    }
  }
  const sweep = setInterval(() => void endLeases(), LEASE_SWEEP_MS);
  sweep.unref();

  return {
    get: async (key) => entries.get(key),
    list: async (prefix) => ({ entries: entries.list(prefix), revision }),
    commit,
    watch(prefix, from, signal) {
      if (from < compacted) return eventStream(prefix, undefined, subscribers, signal);
      const past = (sql.since.all(from, prefix, endOf(prefix)) as unknown as EventRow[]).map(eventOf);
      return eventStream(prefix, past, subscribers, signal);
    },
    async grantLease(ttlSeconds) {
      const id = randomBytes(8).toString('hex');
      sql.grant.run(id, ttlSeconds, Date.now() + ttlSeconds * 1000);
      return id;
    },
    async keepLeaseAlive(lease) {
      return sql.keepAlive.run(Date.now(), lease, Date.now()).changes === 1;
    },
    async close() {
      clearInterval(sweep);
      flush();
      for (const subscriber of subscribers) subscriber.end();
      db.close();
    },
  };
}
