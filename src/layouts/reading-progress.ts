// The bar of a reading that takes long.
import { statSync } from 'node:fs';
import type { Progress } from '../progress.ts';
import { bytesRead } from '../tables/bytes-read.ts';

/** Less is read within a few seconds. */
const LARGE_BYTES = 1e8;

/** Shows how far the work has come in the files, if they are large. */
export async function followed<Result>(
  files: readonly string[],
  progress: Progress | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (progress === undefined || total < LARGE_BYTES) return work();
  const task = progress.start('read data, bytes', total);
  let left = total; // some files are looked through twice
  const advance = (bytes: unknown) => {
    const step = Math.min(left, bytes as number);
    left -= step;
    task.advance(step);
  };
  bytesRead.subscribe(advance);
  try {
    const result = await work();
    task.done();
    return result;
  } finally {
    bytesRead.unsubscribe(advance);
  }
}
