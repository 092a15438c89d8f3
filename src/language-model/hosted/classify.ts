// Distributions over the labels of a hosted model, one text a request: see requests.ts. Legend: K labels.

import type { LanguageModel } from '../language-model.ts';
import type { HostedClient } from './client.ts';
import { PLACEHOLDER } from './embed.ts';
import { labelProbabilities } from './label-probabilities.ts';
import { readBatches } from './read-batches.ts';
import type { TextRange } from './token-batches.ts';

export function createHostedClassify(
  client: HostedClient,
  { workers }: { workers: number },
): LanguageModel['classify'] {
  const { refuse } = client;
  /** Of the first answer: a server that leaves one out, or changes its model, is found out. */
  let labels: readonly string[] | undefined;

  async function classifyText(text: string, signal: AbortSignal): Promise<Float32Array> {
    const answer = await client.json((requests) => requests.labels(text || PLACEHOLDER, signal), signal);
    const probabilities = labelProbabilities(answer, refuse);
    labels ??= [...probabilities.keys()];
    if (probabilities.size !== labels.length || !labels.every((label) => probabilities.has(label))) {
      throw refuse(
        'gave other labels than before',
        'see that all replicas serve one model and give all of its labels',
      );
    }
    const K = labels.length;
    return text === '' ? new Float32Array(K).fill(1 / K) : Float32Array.from(probabilities.values());
  }

  return async (texts, { signal: caller, onBatch, task } = {}) => {
    const signal = client.signalWith(caller);
    const batches = texts.map((_, start) => ({ start, count: 1 }));
    const read = ({ start }: TextRange) => classifyText(texts[start], signal);
    const probabilities = await readBatches({ texts, batches, workers, read, onBatch, task, refuse });
    return { probabilities, labels: labels ?? [] };
  };
}
