// The rows of many batches of texts, each handed over as soon as it is there.

import { fewAtATime } from '../../few-at-a-time.ts';
import type { ReadOptions } from '../language-model.ts';
import type { TextRange } from './token-batches.ts';

/** All rows, in the order of the batches. */
export async function readBatches(
  batches: readonly TextRange[],
  workers: number,
  read: (batch: TextRange) => Promise<Float32Array>,
  onBatch: ReadOptions['onBatch'],
): Promise<Float32Array> {
  const parts = await fewAtATime(workers, batches, async (batch) => {
    const rows = await read(batch);
    await onBatch?.({ ...batch, rows });
    return rows;
  });
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
