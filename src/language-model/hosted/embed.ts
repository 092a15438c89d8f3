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
 * Rows without numbers are taken to be in the order of the texts, and some are asked for alone to see that
 * they are.
 */
export function createHostedEmbed(
  client: HostedClient,
  { workers, bounds, random }: { workers: number; bounds: TextBounds; random: Random },
): LanguageModel['embed'] {
  const { refuse } = client;
  /** Of the first answer: a server that changes its model between two batches is found out. */
  let width: number | undefined;
  let unnumberedBatches = 0;

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

  /** Of the first batch, of n texts, the first row and another one, of batch 2, 4, 8 and so on any one. */
  function rowsToCheck(batch: number, n: number): number[] {
    if (batch === 1) return [0, 1 + random.integer(n - 1)];
    return isPowerOfTwo(batch) ? [random.integer(n)] : [];
  }

  async function embedBatch(texts: readonly string[], signal: AbortSignal): Promise<Float32Array> {
    const asked = texts.map((text) => text || PLACEHOLDER);
    const { vectors, width: H, numbered } = await ask(asked, signal);
    const isDoubtful = !numbered && asked.some((text) => text !== asked[0]);
    for (const row of isDoubtful ? rowsToCheck(++unnumberedBatches, asked.length) : []) {
      const alone = await ask([asked[row]], signal);
      if (!standsAt(row, alone.vectors, vectors)) {
        throw refuse('gave rows in another order than that of the texts', 'use a server that keeps it');
      }
    }
    texts.forEach((text, i) => {
      if (text === '') vectors.fill(0, i * H, (i + 1) * H);
    });
    return vectors;
  }

  return async (texts, { signal: caller, onBatch } = {}) => {
    const signal = client.signalWith(caller);
    const read = ({ start, count }: TextRange) => embedBatch(texts.slice(start, start + count), signal);
    const vectors = await readBatches(tokenBatches(texts, bounds), workers, read, onBatch);
    return { vectors, width: width ?? 0 };
  };
}

const isPowerOfTwo = (n: number): boolean => (n & (n - 1)) === 0;
