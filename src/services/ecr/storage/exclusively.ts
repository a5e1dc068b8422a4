/** Who holds what, in this process; the state folder has one control plane at a time. */
const held = new Map<string, Promise<unknown>>();

/** Runs the work of one name one after the other. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const turn = (held.get(name) ?? Promise.resolve()).then(work, work);
  const settled = Promise.allSettled([turn]);
  held.set(name, settled);
  try {
    return await turn;
  } finally {
    if (held.get(name) === settled) held.delete(name);
  }
}
