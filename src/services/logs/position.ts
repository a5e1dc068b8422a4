/**
 * Where an event stands among others: by its time, then by the order in which it came. Outwards it is 56 digits, in event ids and in
 * the tokens of GetLogEvents.
 */
export interface Position {
  timestamp: number;
  id: number;
}

const TIME_DIGITS = 20;
const ID_DIGITS = 36;

export const toDigits = ({ timestamp, id }: Position) => `${String(timestamp).padStart(TIME_DIGITS, '0')}${String(id).padStart(ID_DIGITS, '0')}`;

export function fromDigits(digits: string): Position | undefined {
  if (!/^\d{56}$/.test(digits)) return undefined;
  return { timestamp: Number(digits.slice(0, TIME_DIGITS)), id: Number(digits.slice(TIME_DIGITS)) };
}
