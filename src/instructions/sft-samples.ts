// User-level SFT samples (TSLRec, arXiv 2406.00333, stage 1): one sample a user, so M samples for M users and
// not one an interaction. The prompt is a short instruction and what the user's latest training items say;
// the target is the user's preference distribution over the latent categories. Neither ever sees a validation
// or a test item, because both are made from `train` alone.
//   U users, K categories; preferences [U, K], row-major.
import { createHash } from 'node:crypto';
import type { Dataset, Item, UserId } from '../interactions/dataset.ts';
import { itemText } from './item-text.ts';

export interface SftSample {
  readonly userId: UserId;
  readonly prompt: string;
  /** [K], sums to 1; a view of the row of `preferences`. */
  readonly target: Float32Array;
}

export interface PromptOptions {
  /** How many of the latest training items a prompt lists. */
  readonly maxItems: number;
  /** How many words of each item's description it gives. */
  readonly descriptionWords: number;
}

export const DEFAULT_PROMPT: PromptOptions = { maxItems: 10, descriptionWords: 0 };

/**
 * Users without training interactions get no sample: there is nothing to read and nothing known to answer.
 */
export function buildSftSamples({
  dataset,
  train,
  preferences,
  categoryCount,
  maxItems,
  descriptionWords,
}: {
  dataset: Pick<Dataset, 'items' | 'userIds'>;
  train: readonly Int32Array[];
  preferences: Float32Array;
  categoryCount: number;
} & PromptOptions): SftSample[] {
  return train.flatMap((sequence, user) => {
    if (sequence.length === 0) return [];
    const items = Array.from(sequence.subarray(-maxItems), (item) => dataset.items[item]);
    return [
      {
        userId: dataset.userIds[user],
        prompt: renderPrompt(items, descriptionWords),
        target: preferences.subarray(user * categoryCount, (user + 1) * categoryCount),
      },
    ];
  });
}

/**
 * Items -> a prompt, kept short: a small model reads it on a CPU. One item alone is asked about in the same
 * words.
 */
export function renderPrompt(oldestFirst: readonly Item[], descriptionWords: number): string {
  const list = oldestFirst.map((item) => `- ${itemText(item, descriptionWords)}\n`).join('');
  return `A user chose, oldest first:\n${list}Preferred categories:`;
}

/** An item alone, asked about in the words in which users are. */
export const itemPrompts = (items: readonly Item[]): string[] =>
  items.map((item) => renderPrompt([item], DEFAULT_PROMPT.descriptionWords));

/**
 * Part of a version's lineage: it changes with the options and with the wording, since it is taken of a
 * rendered example.
 */
export function promptTemplateHash({ maxItems, descriptionWords }: PromptOptions): string {
  const example: Item = {
    itemId: 'id',
    title: 'title',
    attributes: { name: 'value', list: ['first', 'second'] },
    description: 'description',
  };
  const textless: Item = { itemId: 'id', attributes: {} };
  const rendered = renderPrompt([example, textless], 1);
  return createHash('sha256').update(JSON.stringify({ rendered, maxItems, descriptionWords })).digest('hex');
}
