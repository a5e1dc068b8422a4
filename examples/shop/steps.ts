/** Says what is under way and how long it took; each step of the example goes through it. */
export async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  const from = Date.now();
  const line = (mark: string, digits: number) => `${process.stdout.isTTY ? '\r\x1b[K' : ''}${mark} ${what} (${((Date.now() - from) / 1000).toFixed(digits)} s)`;
  const ticking = process.stdout.isTTY ? setInterval(() => process.stdout.write(line('…', 0)), 1000) : undefined;
  if (ticking) process.stdout.write(`… ${what}`);
  try {
    const result = await run();
    process.stdout.write(`${line('✓', 1)}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${line('✘', 1)}\n`);
    throw error;
  } finally {
    clearInterval(ticking);
  }
}

/** Asks again, each half second, until it is so. */
export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Creates, or takes what is there: `code` is the error that says so. */
export async function unless<T>(code: string, create: () => Promise<T>): Promise<T | undefined> {
  try {
    return await create();
  } catch (error) {
    if ((error as Error).name === code) return undefined;
    throw error;
  }
}
