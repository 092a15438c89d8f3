// A SYNTHETIC data set: catalogue, users and clicks are all invented here, for trying the whole pipeline
// without downloading anything and for tests that need to know the truth. What is planted, and can be found
// again:
//   - each item has a hidden category, which its words carry (brand, product, features) and no field names;
//   - a user follows one to three categories and stays in one for a while (STAY);
//   - inside a category people tend to go on to one of the next items (SUCCESSOR), in an order that follows
//     the kind of product, so that a sequential model has something to learn and text something to add to it;
//   - items near the head of a category are mildly more popular;
//   - COLD_SHARE of the items occur in no interaction: only their words say where they belong.
//   N items, U users, K categories.
import { join } from 'node:path';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { createRandom, type Random } from '../random.ts';
import { sealedJson } from '../sealed-json.ts';
import type { Dataset, Item } from './dataset.ts';
import { hashDataset } from './hash-dataset.ts';
import {
  SHARED_BRANDS,
  SHARED_FEATURES,
  SHARED_SENTENCES,
  VOCABULARIES,
  type Vocabulary,
} from './sample-vocabulary.ts';
import { writeDataset } from './write-dataset.ts';

export interface SampleSize {
  readonly users: number;
  readonly items: number;
  readonly categories: number;
  readonly seed: number;
}

export interface Sample {
  readonly dataset: Dataset;
  /** [N], the hidden category of each item. */
  readonly plantedCategories: Int32Array;
  readonly coldItems: ReadonlySet<number>;
}

export const DEFAULT_SAMPLE: SampleSize = { users: 1_500, items: 600, categories: 12, seed: 1 };

const STAY = 0.85;
const SUCCESSOR = 0.6;
const SUCCESSORS = 3;
const COLD_SHARE = 0.05;
const SHORTEST_SEQUENCE = 5;
const LONGEST_SEQUENCE = 30;
const MEAN_EXTRA_LENGTH = 5.5;
const DAY = 24 * 60 * 60;
const YEAR_BEGAN = Date.UTC(2025, 0) / 1000;
const ITEMS_PER_CATEGORY = 10;
const NOTE =
  'SYNTHETIC: items, users and interactions are invented by a seeded generator. planted.json holds the ' +
  'hidden categories and the cold items, for evaluation only; timestamps are seconds since 1970.';

export function generateSample({ users, items: itemCount, categories, seed }: SampleSize): Sample {
  if (
    categories < 1 ||
    categories > VOCABULARIES.length ||
    itemCount < categories * ITEMS_PER_CATEGORY ||
    users < 1
  )
    throw new TslrecError(
      'bad-request',
      `a sample of ${users} users, ${itemCount} items and ${categories} categories; allowed are at least 1 ` +
        `user, 1 to ${VOCABULARIES.length} categories and at least ${ITEMS_PER_CATEGORY} items a category`,
    );
  const random = createRandom(seed).fork('sample');

  // Rows are shuffled, so that neither an item's index nor its id says anything about its category.
  const rows = random.fork('rows').shuffle(Int32Array.from({ length: itemCount }, (_, i) => i));
  const plantedCategories = new Int32Array(itemCount);
  const items = new Array<Item>(itemCount);
  const coldItems = new Set<number>();
  const warmOf: number[][] = [];
  const words = random.fork('words');
  for (let category = 0; category < categories; category++) {
    const first = Math.floor((category * itemCount) / categories);
    const members = [...rows.subarray(first, Math.floor(((category + 1) * itemCount) / categories))];
    members.forEach((row, position) => {
      const product = Math.floor((position * VOCABULARIES[category].products.length) / members.length);
      plantedCategories[row] = category;
      items[row] = {
        itemId: `S${String(row + 1).padStart(4, '0')}`,
        ...describe(VOCABULARIES[category], product, words),
      };
    });
    const coldCount = Math.round(members.length * COLD_SHARE);
    for (const row of words.shuffle([...members]).slice(0, coldCount)) coldItems.add(row);
    warmOf.push(members.filter((row) => !coldItems.has(row)));
  }

  const behaviour = random.fork('behaviour');
  const userIds = Array.from({ length: users }, (_, user) => `U${String(user + 1).padStart(5, '0')}`);
  const sequences = userIds.map(() => drawSequence(warmOf, behaviour));
  const clock = random.fork('times');
  const times = sequences.map(({ length }) => drawTimes(length, clock));
  const contents = { items, userIds, sequences, times };
  return {
    dataset: { name: 'synthetic-sample', ...contents, hash: hashDataset(contents) },
    plantedCategories,
    coldItems,
  };
}

/** The data set, and beside it planted.json with the truth, which no reader of data sets opens. */
export function writeSample(folder: string, { dataset, plantedCategories, coldItems }: Sample): void {
  writeDataset(folder, dataset, NOTE);
  const planted = {
    note: NOTE,
    categories: Object.fromEntries(
      dataset.items.map(({ itemId }, row) => [itemId, VOCABULARIES[plantedCategories[row]].name]),
    ),
    coldItems: [...coldItems].map((row) => dataset.items[row].itemId),
  };
  writeFileAtomically(join(folder, 'planted.json'), sealedJson(planted));
}

function describe(vocabulary: Vocabulary, product: number, random: Random): Omit<Item, 'itemId'> {
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const mostly = <T>(own: readonly T[], shared: readonly T[]): T => pick(random.next() < 0.8 ? own : shared);
  const brand = mostly(vocabulary.brands, SHARED_BRANDS);
  const noun = vocabulary.products[product];
  const feature = mostly(vocabulary.features, SHARED_FEATURES);
  const related = vocabulary.products[(product + 1) % vocabulary.products.length];
  return {
    title: `${brand} ${feature} ${noun}`,
    attributes: { brand },
    description:
      `${feature} ${noun.toLowerCase()} by ${brand}, made for ${pick(vocabulary.uses)}. ` +
      `Goes well with any ${pick(vocabulary.features).toLowerCase()} ${related.toLowerCase()}. ` +
      `${pick(SHARED_SENTENCES)}`,
  };
}

/** warmOf[k]: the items of category k in the order of succession. No item comes twice. */
function drawSequence(warmOf: readonly number[][], random: Random): Int32Array {
  const followed = random.shuffle(warmOf.map((_, category) => category)).slice(0, 1 + random.integer(3));
  const extra = Math.floor(-MEAN_EXTRA_LENGTH * Math.log(1 - random.next()));
  const available = followed.reduce((sum, category) => sum + warmOf[category].length, 0);
  const length = Math.min(SHORTEST_SEQUENCE + extra, LONGEST_SEQUENCE, available);
  const sequence: number[] = [];
  const seen = new Set<number>();
  let category = followed[0];
  let position = -1;
  while (sequence.length < length) {
    if (random.next() > STAY) category = followed[random.integer(followed.length)];
    const members = warmOf[category];
    const isSuccessor = position >= 0 && members[position] === sequence.at(-1) && random.next() < SUCCESSOR;
    position = isSuccessor
      ? (position + 1 + random.integer(SUCCESSORS)) % members.length
      : drawByPopularity(members.length, random);
    const item = members[position];
    if (seen.has(item)) {
      position = -1;
      // A small category may be used up before the sequence is long enough.
      if (members.every((member) => seen.has(member))) category = followed[random.integer(followed.length)];
      continue;
    }
    seen.add(item);
    sequence.push(item);
  }
  return Int32Array.from(sequence);
}

/** A user comes at any time of the year, and back after up to four days. */
function drawTimes(length: number, random: Random): Float64Array {
  let time = YEAR_BEGAN + random.integer(365 * DAY);
  return Float64Array.from({ length }, () => {
    time += 1 + random.integer(4 * DAY);
    return time;
  });
}

/** Position p of n with density falling from the head to the tail as 1.5 - p / n. */
function drawByPopularity(n: number, random: Random): number {
  for (;;) {
    const p = random.integer(n);
    if (1.5 * random.next() < 1.5 - p / n) return p;
  }
}
