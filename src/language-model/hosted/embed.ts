// Embeddings of a hosted model. Legend: n texts, H width.
import type { Random } from '../../random.ts';
import type { LanguageModel } from '../language-model.ts';
import type { HostedClient } from './client.ts';
import { embeddingRows, standsAt } from './embedding-rows.ts';
import { readBatches } from './read-batches.ts';
import { type TextBounds, type TextRange, tokenBatches } from './token-batches.ts';

/** Sent for an empty text, which servers refuse; what comes back for it is not used. */
export const PLACEHOLDER = '-';

/**
 * Rows are taken to be in the order of the texts, or of their own numbers; of each batch one is asked for
 * alone to see that they are.
 */
export function createHostedEmbed(
  client: HostedClient,
  { workers, bounds, random }: { workers: number; bounds: TextBounds; random: Random },
): LanguageModel['embed'] {
  const { refuse } = client;
  /** Of the first answer: a server that changes its model between two batches is found out. */
  let width: number | undefined;
  let isFirst = true;

  async function ask(texts: readonly string[], signal: AbortSignal) {
    const answer = await client.json((requests) => requests.embeddings(texts, signal), signal);
    const rows = embeddingRows(answer, texts.length, refuse);
    width ??= rows.width;
    if (rows.width === width) return rows;
    throw refuse(
      `gave vectors of ${rows.width} numbers and of ${width} before`,
      'see that all replicas serve one model',
    );
  }

  /** Of a batch of n texts any row; of the first batch the first one too. */
  function rowsToCheck(n: number): number[] {
    if (!isFirst) return [random.integer(n)];
    isFirst = false;
    return [0, 1 + random.integer(n - 1)];
  }

  async function embedBatch(texts: readonly string[], signal: AbortSignal): Promise<Float32Array> {
    const asked = texts.map((text) => text || PLACEHOLDER);
    const { vectors, width: H } = await ask(asked, signal);
    const differ = asked.some((text) => text !== asked[0]);
    for (const row of differ ? rowsToCheck(asked.length) : []) {
      const alone = await ask([asked[row]], signal);
      if (!standsAt(row, alone.vectors, vectors)) {
        throw refuse(
          'gave rows in another order than that of the texts, or other ones than to a text alone',
          'use a server that gives each text its own',
        );
      }
    }
    texts.forEach((text, i) => {
      if (text === '') vectors.fill(0, i * H, (i + 1) * H);
    });
    return vectors;
  }

  return async (texts, { signal: caller, onBatch, task } = {}) => {
    const signal = client.signalWith(caller);
    const read = ({ start, count }: TextRange) => embedBatch(texts.slice(start, start + count), signal);
    const batches = tokenBatches(texts, bounds);
    const vectors = await readBatches({ texts, batches, workers, read, onBatch, task, refuse });
    return { vectors, width: width ?? 0 };
  };
}
