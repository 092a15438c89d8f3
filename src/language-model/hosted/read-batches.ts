// The rows of many batches of texts, each handed over as soon as it is known that rows tell texts apart.

import { fewAtATime } from '../../few-at-a-time.ts';
import type { Batch, ReadOptions } from '../language-model.ts';
import { createTextsApart, sameForAll } from '../pooled/texts-apart.ts';
import type { Refuse } from './client.ts';
import type { TextRange } from './token-batches.ts';

/** Of more texts than these not all share what a model reads of them. */
const ENOUGH_TEXTS = 256;

export interface Reading {
  readonly texts: readonly string[];
  readonly batches: readonly TextRange[];
  readonly workers: number;
  readonly read: (batch: TextRange) => Promise<Float32Array>;
  readonly onBatch: ReadOptions['onBatch'];
  readonly task: ReadOptions['task'];
  readonly refuse: Refuse;
}

/** All rows, in the order of the batches. */
export async function readBatches({
  texts,
  batches,
  workers,
  read,
  onBatch,
  task,
  refuse,
}: Reading): Promise<Float32Array> {
  const apart = createTextsApart();
  /** Handed over, until texts are told apart: what a broken server gave is not kept by anybody. */
  let waiting: Batch[] = [];
  const sameRows = () =>
    refuse(
      sameForAll(apart.texts),
      'see that its server has loaded the weights of this model and reads texts as they are sent',
    );
  const handOver = async () => {
    const ready = waiting;
    waiting = [];
    for (const batch of ready) await onBatch?.(batch);
  };

  const bar = task?.progress.start(task.name, texts.length);
  const reading = fewAtATime(workers, batches, async (batch) => {
    const rows = await read(batch);
    bar?.advance(batch.count);
    const w = rows.length / batch.count;
    for (let i = 0; i < batch.count; i++) {
      const text = texts[batch.start + i];
      if (w > 1 && text !== '') apart.add(text, rows.subarray(i * w, (i + 1) * w));
    }
    waiting.push({ ...batch, rows });
    if (apart.areApart) await handOver();
    else if (apart.texts >= ENOUGH_TEXTS) throw sameRows();
    return rows;
  });
  const parts = await reading.finally(() => bar?.done());
  if (apart.texts > 1 && !apart.areApart) throw sameRows();
  await handOver();

  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
