import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { command as aws } from './aws.ts';
import { UserError, type Command } from './command.ts';
import { command as conformance } from './conformance.ts';
import { command as demo } from './demo.ts';
import { command as doctor } from './doctor.ts';
import { command as drill } from './drill.ts';
import { command as down } from './down.ts';
import { command as engines } from './engines.ts';
import { command as env } from './env.ts';
import { checkName } from './installation.ts';
import { command as logs } from './logs.ts';
import { command as status } from './status.ts';
import { command as test } from './test.ts';
import { command as up } from './up.ts';

const commands: Record<string, Command> = { demo, up, down, status, env, aws, logs, doctor, drill, conformance, engines, test };

function help(): string {
  const rows = Object.entries(commands).map(([name, { usage, summary }]) => [`${name} ${usage}`, summary] as const);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    'Gantry: a container cloud of your own.',
    '',
    'Usage: gantry [--name NAME] COMMAND',
    '',
    ...rows.map(([left, summary]) => `  ${left.padEnd(width)}  ${summary}`),
    '',
    'NAME (or GANTRY_NAME) picks the installation, `gantry` by default; several live side by side.',
  ].join('\n');
}

async function main(argv: string[]): Promise<number> {
  let name = process.env.GANTRY_NAME || 'gantry';
  const rest = [...argv];
  for (let match; (match = /^--name(?:=(.*))?$/.exec(rest[0] ?? '')); ) {
    rest.shift();
    name = match[1] ?? rest.shift() ?? '';
  }
  const [word = 'help', ...args] = rest;
  if (['help', '--help', '-h'].includes(word)) {
    console.log(help());
    return 0;
  }
  const command = commands[word];
  if (!command) throw new UserError(`there is no command \`${word}\`\n\n${help()}`);
  if (command.raw) return (await command.run({ name: checkName(name), values: {}, positionals: args })) ?? 0;

  const { values, positionals } = parse(word, command, args);
  if (values.help) {
    console.log(`Usage: gantry ${word} ${command.usage}\n\n${command.summary}`);
    return 0;
  }
  if (typeof values.name === 'string') name = values.name;
  return (await command.run({ name: checkName(name), values, positionals })) ?? 0;
}

function parse(word: string, command: Command, args: string[]) {
  const options = { ...command.options, name: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UserError(`${error instanceof Error ? error.message : String(error)}\nUsage: gantry ${word} ${command.usage}`);
  }
}

// Some roots have neither: Go and npm keep their caches at home, and what instances see is for all of their users.
process.env.HOME ||= homedir();
process.umask(0o022);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const shown = error instanceof UserError ? error.message : process.env.GANTRY_DEBUG ? error : error instanceof Error ? error.message : error;
  console.error('gantry:', shown);
  process.exitCode = 1;
}
