import { DatabaseSync } from 'node:sqlite';
import type { Position } from './position.ts';

/**
 * Streams and events of all groups, in one SQLite database beside the store. What arrives together shares one transaction and so one
 * fsync; an answer comes after it (WAL, synchronous=FULL). Deletion is in two steps: what is deleted is hidden at once, `sweep` takes
 * it away piece by piece and gives the space back.
 *
 *   grp      a group's id in the store, and the number that stands for it here
 *   stream   deleted = 1: hidden, its events wait for the sweep
 *   event    in order of time within its group; the index has them in order of time within their stream
 */
const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS grp (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS stream (
    number INTEGER PRIMARY KEY, grp INTEGER NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
    first INTEGER, last INTEGER, ingested INTEGER, bytes INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0);
  CREATE UNIQUE INDEX IF NOT EXISTS stream_name ON stream (grp, name) WHERE deleted = 0;
  CREATE TABLE IF NOT EXISTS event (
    grp INTEGER NOT NULL, timestamp INTEGER NOT NULL, id INTEGER NOT NULL, stream INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL,
    PRIMARY KEY (grp, timestamp, id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS event_stream ON event (stream, timestamp, id);
  CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Beside the message, each event counts 26 bytes. */
export const EVENT_OVERHEAD_BYTES = 26;
/** How many events one step of the sweep deletes. */
const SWEEP_EVENTS = 2000;
const VACUUM_PAGES = 2000;

export interface Stream {
  number: number;
  name: string;
  created: number;
  first: number | null;
  last: number | null;
  ingested: number | null;
  bytes: number;
}

export interface NewEvent {
  timestamp: number;
  message: string;
}

export interface StoredEvent extends NewEvent {
  id: number;
  /** The stream's number. */
  stream: number;
  ingested: number;
}

/** Which events: `from` is included, `to` and `after` (or `before`) are not. */
export interface Range {
  from: number;
  to: number;
  after?: Position;
  before?: Position;
  descending: boolean;
  limit: number;
}

export type Storage = ReturnType<typeof openStorage>;

export function openStorage(path: string) {
  const db = new DatabaseSync(path);
  db.exec(SCHEMA);
  const streamColumns = 'number, name, created, first, last, ingested, bytes';
  const eventColumns = 'timestamp, id, stream, ingested, message';
  const sql = {
    group: db.prepare('SELECT number FROM grp WHERE id = ?'),
    groups: db.prepare('SELECT id FROM grp'),
    addGroup: db.prepare('INSERT INTO grp (id) VALUES (?) ON CONFLICT DO NOTHING'),
    addStream: db.prepare('INSERT INTO stream (grp, name, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    stream: db.prepare(`SELECT ${streamColumns} FROM stream WHERE grp = ? AND name = ? AND deleted = 0`),
    streams: db.prepare(`SELECT ${streamColumns} FROM stream WHERE grp = ? AND deleted = 0 ORDER BY name`),
    hideStream: db.prepare('UPDATE stream SET deleted = 1 WHERE grp = ? AND name = ? AND deleted = 0'),
    hideGroup: db.prepare('UPDATE stream SET deleted = 1 WHERE grp = ?'),
    hidden: db.prepare('SELECT number FROM stream WHERE deleted = 1'),
    bytes: db.prepare('SELECT sum(bytes) AS bytes FROM stream WHERE grp = ? AND deleted = 0'),
    addEvent: db.prepare('INSERT INTO event (grp, timestamp, id, stream, ingested, message) VALUES (?, ?, ?, ?, ?, ?)'),
    grown: db.prepare('UPDATE stream SET first = min(coalesce(first, ?), ?), last = max(coalesce(last, ?), ?), ingested = ?, bytes = bytes + ? WHERE number = ?'),
    lives: db.prepare('SELECT 1 FROM stream WHERE number = ? AND deleted = 0'),
    setCounter: db.prepare("INSERT OR REPLACE INTO counter (name, value) VALUES ('event', ?)"),
    expired: db.prepare('SELECT timestamp, id, stream, length(cast(message AS BLOB)) AS bytes FROM event WHERE grp = ? AND timestamp < ? ORDER BY timestamp, id LIMIT ?'),
    ofStream: db.prepare('SELECT grp, timestamp, id FROM event WHERE stream = ? ORDER BY timestamp, id LIMIT ?'),
    dropEvent: db.prepare('DELETE FROM event WHERE grp = ? AND timestamp = ? AND id = ?'),
    shrunk: db.prepare(`UPDATE stream SET bytes = max(0, bytes - ?), first = (SELECT min(timestamp) FROM event WHERE stream = ?),
      last = (SELECT max(timestamp) FROM event WHERE stream = ?) WHERE number = ?`),
    dropStream: db.prepare('DELETE FROM stream WHERE number = ?'),
    dropGroup: db.prepare('DELETE FROM grp WHERE id = ? AND NOT EXISTS (SELECT 1 FROM stream WHERE stream.grp = grp.number)'),
    ofGroup: page('grp'),
    ofOneStream: page('stream'),
  };
  let nextId = ((db.prepare("SELECT value FROM counter WHERE name = 'event'").get() as { value: number } | undefined)?.value ?? 0) + 1;
  let waiting: { run(): unknown; resolve(value: unknown): void; reject(error: unknown): void }[] = [];

  function page(column: 'grp' | 'stream') {
    const where = `FROM event WHERE ${column} = ? AND timestamp >= ? AND timestamp < ?`;
    return {
      up: db.prepare(`SELECT ${eventColumns} ${where} AND (timestamp, id) > (?, ?) ORDER BY timestamp, id LIMIT ?`),
      down: db.prepare(`SELECT ${eventColumns} ${where} AND (timestamp, id) < (?, ?) ORDER BY timestamp DESC, id DESC LIMIT ?`),
    };
  }

  /** Runs `run` in the next transaction; resolves with what it answers once that is on disk. If it throws, nothing of it is kept. */
  function write<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      waiting.push({ run, resolve: (value) => resolve(value as T), reject });
      if (waiting.length === 1) setImmediate(flush);
    });
  }

  function flush() {
    const batch = waiting;
    waiting = [];
    const done: (() => void)[] = [];
    try {
      db.exec('BEGIN IMMEDIATE');
      for (const { run, resolve, reject } of batch) {
        db.exec('SAVEPOINT one');
        try {
          const value = run();
          done.push(() => resolve(value));
        } catch (error) {
          db.exec('ROLLBACK TO one');
          done.push(() => reject(error));
        }
        db.exec('RELEASE one');
      }
      sql.setCounter.run(nextId - 1);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const answer of done) answer();
  }

  const groupNumber = (group: string) => (sql.group.get(group) as { number: number } | undefined)?.number;

  /** False if it is there already. */
  const createStream = (group: string, name: string, created: number): Promise<boolean> => write(() => {
    sql.addGroup.run(group);
    return sql.addStream.run(groupNumber(group)!, name, created).changes === 1;
  });

  /** False if there is none. */
  const deleteStream = (group: string, name: string): Promise<boolean> => write(() => sql.hideStream.run(groupNumber(group) ?? -1, name).changes === 1);

  /** Answers the last event's id; `undefined` if the stream was deleted meanwhile. */
  const append = (group: string, stream: number, events: NewEvent[], ingested: number): Promise<number | undefined> => write(() => {
    const number = groupNumber(group);
    if (number === undefined || !sql.lives.get(stream)) return undefined;
    let bytes = 0;
    for (const { timestamp, message } of events) {
      sql.addEvent.run(number, timestamp, nextId++, stream, ingested, message);
      bytes += Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES;
    }
    const first = events[0]!.timestamp;
    const last = events.at(-1)!.timestamp;
    sql.grown.run(first, first, last, last, ingested, bytes, stream);
    return nextId - 1;
  });

  const stream = (group: string, name: string) => sql.stream.get(groupNumber(group) ?? -1, name) as unknown as Stream | undefined;
  const streams = (group: string) => sql.streams.all(groupNumber(group) ?? -1) as unknown as Stream[];
  const storedBytes = (group: string) => (sql.bytes.get(groupNumber(group) ?? -1) as { bytes: number | null }).bytes ?? 0;

  /** Events of a stream (by number) or of a whole group, those of deleted streams too. */
  function events(of: { stream: number } | { group: string }, { from, to, after, before, descending, limit }: Range): StoredEvent[] {
    const page = 'stream' in of ? sql.ofOneStream : sql.ofGroup;
    const owner = 'stream' in of ? of.stream : groupNumber(of.group) ?? -1;
    const { timestamp, id } = (descending ? before : after) ?? { timestamp: descending ? to : from, id: 0 };
    // The position narrows the range as well, so that a later page does not read the earlier ones again.
    const [lowest, highest] = descending ? [from, Math.min(to, timestamp + 1)] : [Math.max(from, timestamp), to];
    return (descending ? page.down : page.up).all(owner, lowest, highest, timestamp, id, limit) as unknown as StoredEvent[];
  }

  /**
   * One step of taking away: events past their time, and what belongs to deleted streams and groups. True if there is more to do.
   * `expiry` has the time before which events of a group go; a group that it does not name is deleted.
   */
  const sweep = async (expiry: ReadonlyMap<string, number | undefined>, known: string[]): Promise<boolean> => {
    let more = false;
    for (const group of known) {
      const before = expiry.get(group);
      if (before !== undefined) more = (await write(() => expire(groupNumber(group) ?? -1, before))) || more;
      if (!expiry.has(group)) await write(() => sql.hideGroup.run(groupNumber(group) ?? -1));
    }
    for (const { number } of sql.hidden.all() as { number: number }[]) more = (await write(() => dropStream(number))) || more;
    for (const group of known) if (!expiry.has(group)) await write(() => sql.dropGroup.run(group));
    db.exec(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`);
    return more;
  };

  function expire(group: number, before: number): boolean {
    const gone = sql.expired.all(group, before, SWEEP_EVENTS) as { timestamp: number; id: number; stream: number; bytes: number }[];
    const bytes = new Map<number, number>();
    for (const event of gone) {
      sql.dropEvent.run(group, event.timestamp, event.id);
      bytes.set(event.stream, (bytes.get(event.stream) ?? 0) + event.bytes + EVENT_OVERHEAD_BYTES);
    }
    for (const [number, count] of bytes) sql.shrunk.run(count, number, number, number);
    return gone.length === SWEEP_EVENTS;
  }

  function dropStream(number: number): boolean {
    const gone = sql.ofStream.all(number, SWEEP_EVENTS) as { grp: number; timestamp: number; id: number }[];
    for (const { grp, timestamp, id } of gone) sql.dropEvent.run(grp, timestamp, id);
    if (gone.length === SWEEP_EVENTS) return true;
    sql.dropStream.run(number);
    return false;
  }

  return {
    createStream, deleteStream, append, stream, streams, storedBytes, events, sweep,
    /** Ids of all groups that have something here. */
    groups: () => (sql.groups.all() as { id: string }[]).map(({ id }) => id),
    close: () => db.close(),
  };
}
