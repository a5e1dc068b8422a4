/** Tells what happened, as one line of JSON on standard error. */
export type Log = (message: string, fields?: Record<string, unknown>) => void;

export const log: Log = (message, fields = {}) => {
  const plain = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? `${value.name}: ${value.message}` : value]));
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...plain })}\n`);
};
