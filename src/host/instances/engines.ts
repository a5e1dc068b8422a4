import { enginesOf } from '../../../images/index.ts';
import { ensure } from '../../engines/index.ts';
import type { Progress } from '../../engines/progress.ts';
import type { ImageName } from '../../wire/images.ts';

/**
 * The folders of an image's engines, by where an instance finds them. What is not built yet is built now, which takes minutes for
 * Kubernetes; the next instance finds it.
 */
export async function enginesFor(image: ImageName, building: (engine: string, step: Parameters<Progress>[0]) => void): Promise<Record<string, string>> {
  const folders: Record<string, string> = {};
  for (const [path, engine] of Object.entries(enginesOf[image])) folders[path] = await ensure(engine, (step) => building(engine, step));
  return folders;
}
