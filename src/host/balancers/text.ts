/** How things are written in HAProxy's configuration language (configuration manual, 2.2 and 8.2.4). */

/** One word, taken as it is: nothing is special between single quotes, and a single quote itself is put between the quoted parts. */
export const quoted = (word: string) => `'${clean(word).replaceAll("'", `'"'"'`)}'`;

/** The same for a log-format string, in which `%` begins an expression. */
export const literal = (text: string) => clean(text).replaceAll('%', '%%');

/** A line of the configuration is a line: control characters, which no valid value has, become spaces. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const clean = (text: string) => text.replace(/[\u0000-\u001f\u007f]/g, ' ');

/** Names of sections: AWS's ids may have characters that HAProxy's names may not. */
export const sectionName = (id: string) => id.replace(/[^A-Za-z0-9_.-]/g, '_');

/** A pattern with `*` (any characters) and `?` (one) as a regular expression; `some` is what a wildcard stands for. */
export function wildcard(pattern: string, some = '.'): string {
  return pattern.replace(/[\\^$.|()[\]{}+/-]|[*?]/g, (char) => (char === '*' ? `${some}*` : char === '?' ? some : `\\${char}`));
}

/** The `defaults` section of a listener or target group. */
export const modeOf = ({ protocol }: { protocol: 'HTTP' | 'TCP' }) => (protocol === 'TCP' ? 'tcp' : 'http');
