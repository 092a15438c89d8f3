// Items that are made cold: they stay in the catalogue with their texts, and nothing that anybody did with
// them is left.
import type { Dataset } from '../../src/interactions/dataset.ts';
import { hashDataset } from '../../src/interactions/hash-dataset.ts';
import { itemsIn } from '../../src/interactions/occurring-items.ts';
import { createRandom } from '../../src/random.ts';

/**
 * A share of the items that have interactions, drawn without regard to how many they have; in the order of
 * their indices.
 */
export function drawHeldOut(sequences: readonly Int32Array[], share: number, seed: number): Int32Array {
  const known = itemsIn(sequences);
  const shuffled = createRandom(seed).fork('held-out items').shuffle(known);
  return shuffled.slice(0, Math.round(share * known.length)).sort();
}

/** The same catalogue and users; the sequences close up around what is taken out of them. */
export function withoutInteractions(dataset: Dataset, heldOut: ReadonlySet<number>): Dataset {
  const { items, userIds } = dataset;
  const keeps = dataset.sequences.map((sequence) => Array.from(sequence, (item) => !heldOut.has(item)));
  const sequences = dataset.sequences.map((sequence, user) => sequence.filter((_, i) => keeps[user][i]));
  const times = dataset.times.map((ofUser, user) => ofUser.filter((_, i) => keeps[user][i]));
  const contents = { items, userIds, sequences, times };
  return { name: dataset.name, ...contents, hash: hashDataset(contents) };
}
