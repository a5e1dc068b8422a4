import { client } from '../errors.ts';

/** CPU and memory of a task as a whole: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size */

/** `256`, `.25 vCPU`, `1 vcpu` in units of 1/1024 vCPU. */
export function cpuUnits(given: string): string {
  const match = /^\s*(\d+|\d*\.\d+)\s*(vcpu)?\s*$/i.exec(given);
  const value = match ? Number(match[1]) * (match[2] ? 1024 : 1) : Number.NaN;
  if (!Number.isInteger(value)) throw client("Invalid 'cpu' setting for task.");
  return String(value);
}

/** `512`, `1GB`, `1 gb` in MiB. */
export function memoryMiB(given: string): string {
  const match = /^\s*(\d+|\d*\.\d+)\s*(gb|mb)?\s*$/i.exec(given);
  const value = match ? Number(match[1]) * (match[2]?.toLowerCase() === 'gb' ? 1024 : 1) : Number.NaN;
  if (!Number.isInteger(value)) throw client("Invalid 'memory' setting for task.");
  return String(value);
}

/** By CPU: lowest and highest memory and the step between, in MiB. */
const FARGATE: Record<string, { from: number; to: number; step: number; also?: number[] }> = {
  256: { from: 512, to: 2048, step: 1024, also: [512, 1024, 2048] },
  512: { from: 1024, to: 4096, step: 1024 },
  1024: { from: 2048, to: 8192, step: 1024 },
  2048: { from: 4096, to: 16384, step: 1024 },
  4096: { from: 8192, to: 30720, step: 1024 },
  8192: { from: 16384, to: 61440, step: 4096 },
  16384: { from: 32768, to: 122880, step: 8192 },
};

export const noSuchSize = (cpu: string | undefined, memory: string | undefined) =>
  `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`;

export function isFargateSize(cpu: string | undefined, memory: string | undefined): boolean {
  const size = FARGATE[cpu ?? ''];
  const mib = Number(memory);
  if (!size || !memory) return false;
  return size.also ? size.also.includes(mib) : mib >= size.from && mib <= size.to && (mib - size.from) % size.step === 0;
}
