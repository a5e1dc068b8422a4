import type { Progress } from '../engines/progress.ts';

/** Steps of a long command as one likes to look at them: what, how far, how long. On standard error; plain lines where nobody looks. */
export interface Steps {
  run<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T>;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR = 20;
/** A step that takes less is not worth a line where lines stay. */
const QUIET_MS = 300;
const PLAIN_EVERY_MS = 15_000;

/** Whether somebody looks at it. */
export const isLive = (stream: NodeJS.WriteStream = process.stderr) => stream.isTTY && !process.env.CI && process.env.TERM !== 'dumb';

export function steps(stream: NodeJS.WriteStream = process.stderr): Steps {
  return isLive(stream) ? liveSteps(stream, process.env.NO_COLOR === undefined) : plainSteps(stream);
}

type State = Parameters<Progress>[0];

function liveSteps(stream: NodeJS.WriteStream, color: boolean): Steps {
  const paint = (code: number, text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    async run(title, work) {
      const started = Date.now();
      let state: State = { what: '' };
      let frame = 0;
      const draw = () => {
        const head = FRAMES[frame++ % FRAMES.length] ?? '';
        const text = `${title}  ${describe(state)}  ${duration(Date.now() - started)}`;
        stream.write(`\r\x1b[2K${paint(36, head)} ${text.slice(0, Math.max(20, (stream.columns || 80) - 3))}`);
      };
      const timer = setInterval(draw, 100);
      const end = (mark: string) => {
        clearInterval(timer);
        stream.write(`\r\x1b[2K${mark} ${title}  ${paint(2, duration(Date.now() - started))}\n`);
      };
      try {
        const result = await work((next) => (state = next));
        end(paint(32, '✔'));
        return result;
      } catch (error) {
        end(paint(31, '✘'));
        throw error;
      }
    },
  };
}

function plainSteps(stream: NodeJS.WriteStream): Steps {
  return {
    async run(title, work) {
      const started = Date.now();
      let said = started;
      let last = '';
      const result = await work((state) => {
        if (state.what === last && Date.now() - said < PLAIN_EVERY_MS) return;
        if (Date.now() - started < QUIET_MS) return;
        [last, said] = [state.what, Date.now()];
        stream.write(`  ${title}: ${describe(state, false)}\n`);
      });
      if (Date.now() - started >= QUIET_MS) stream.write(`${title}: ${duration(Date.now() - started)}\n`);
      return result;
    },
  };
}

function describe({ what, done, total }: State, bar = true): string {
  if (done === undefined) return what;
  if (!total) return `${what} ${done}`;
  const filled = Math.round((BAR * done) / total);
  return `${what} ${bar ? `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ` : ''}${done}/${total}`;
}

/** `0.4 s`, `12 s`, `3 min 05 s` */
export function duration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Columns as wide as their widest cell, two spaces apart. */
export function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
