// A night that does only what changed: who did something new, and which items are new, is found by comparing
// the data with those of the last version; the recommenders go on from its values by item id, categories and
// encoder stay, and what has drifted away meanwhile is measured before anything is learnt from it.
import path from 'node:path';
import { NO_CATEGORY } from '../src/categories/k-means.ts';
import { userPreferences } from '../src/categories/preferences.ts';
import { loadAdaptation } from '../src/embeddings/adaptation.ts';
import { rowCosines } from '../src/embeddings/procrustes.ts';
import { loadTextFeatures, textTransform } from '../src/embeddings/text-features.ts';
import {
  type Drift,
  type DriftCounts,
  leastLift,
  measuredDrift,
  sumOfDrift,
  tasteDistance,
} from '../src/evaluation/drift.ts';
import type { NamedTensor } from '../src/formats/safetensors.ts';
import { knownText } from '../src/instructions/item-text.ts';
import type { NextItems } from '../src/interactions/dataset.ts';
import { hashSequences } from '../src/interactions/hash-dataset.ts';
import { interactionCounts, occurringItems } from '../src/interactions/occurring-items.ts';
import type { Values } from '../src/network/scope.ts';
import { createRandom } from '../src/random.ts';
import { type ItemTable, RESIDUAL } from '../src/recommenders/item-table.ts';
import { rankInCatalogue } from '../src/recommenders/ranking.ts';
import { createScorer } from '../src/recommenders/sequence-model.ts';
import { unitRows } from '../src/unit-rows.ts';
import type { Before } from './before.ts';
import type { Learning } from './experiment.ts';
import { type KeptState, tensorsOf } from './last-version.ts';
import type { Preset } from './presets.ts';
import { type Stage, stageFolder, withPrefix } from './stage.ts';
import { readBefore } from './stages/infer.ts';

/** What is new since the last version, by the rows of this catalogue. */
export interface Changes {
  /** [old N]: the row now, -1 where an item has left. */
  readonly rowOf: Int32Array;
  readonly newItems: readonly number[];
  /** [U]: what was known of each user, oldest first; empty for who is new. */
  readonly known: readonly Int32Array[];
  /** Users who did something since. */
  readonly active: readonly number[];
  readonly interactions: number;
}

export function changesSince({ dataset }: Learning, state: KeptState): Changes {
  const rows = new Map(dataset.items.map(({ itemId }, row) => [itemId, row]));
  const rowOf = Int32Array.from(state.itemIds, (itemId) => rows.get(itemId) ?? -1);
  const before = new Set(state.itemIds);
  const newItems = [...dataset.items.keys()].filter((row) => !before.has(dataset.items[row].itemId));
  const userOf = new Map(state.userIds.map((userId, user) => [userId, user]));
  const known = dataset.userIds.map((userId, user) => {
    const old = userOf.get(userId);
    if (old === undefined) return new Int32Array();
    const then = state.sequences[old].map((item) => rowOf[item]).filter((item) => item >= 0);
    const now = dataset.sequences[user];
    let same = 0;
    while (same < then.length && then[same] === now[same]) same++;
    return now.subarray(0, same);
  });
  const active = [...known.keys()].filter((user) => known[user].length < dataset.sequences[user].length);
  const interactions = active.reduce(
    (sum, user) => sum + dataset.sequences[user].length - known[user].length,
    0,
  );
  return { rowOf, newItems, known, active, interactions };
}

export interface Night {
  readonly learning: Learning;
  /** The settings that the night goes on with. */
  readonly preset: Preset;
  readonly before: Before;
  /** Since the last full fit, tonight among them. */
  readonly counts: DriftCounts;
  readonly drift: Drift;
  readonly changes: Changes;
}

/** Reads what the last version was learnt with, and measures what has drifted. */
export async function openNight(learning: Learning, state: KeptState): Promise<Night> {
  const changes = changesSince(learning, state);
  const tonight = nightLesson(learning, changes);
  const before = await beforeNight(tonight, state, changes);
  const counts = sumOfDrift(state.drift, await driftTonight(tonight, state, changes, before));
  const taste = await tasteSince(tonight, state, before);
  const drift = measuredDrift(counts, taste, state.full.lift);
  return { learning: tonight, preset: learning.preset, before, counts, drift, changes };
}

/** Of the users who were there at the last full fit, and had done something by then. */
async function tasteSince(
  learning: Learning,
  { full }: KeptState,
  { categories: { categories, centroids } }: Before,
): Promise<number> {
  const { dataset } = learning;
  const [K] = centroids.shape;
  const then = (await tensorsOf(learning, full.categories)).get('preferences')!.values;
  const rowNow = new Map(dataset.userIds.map((userId, row) => [userId, row]));
  const rows = full.userIds.flatMap((userId, old) => {
    const now = rowNow.get(userId);
    return now === undefined ? [] : [{ old, now }];
  });
  const of = (values: Float32Array, row: number) => values.subarray(row * K, (row + 1) * K);
  const before = new Float32Array(rows.length * K);
  rows.forEach(({ old }, i) => {
    before.set(of(then, old), i * K);
  });
  const now = userPreferences(
    rows.map(({ now }) => dataset.sequences[now]),
    categories,
    K,
  );
  return tasteDistance(before, now, K);
}

/** Who is active, and of the others some: the latest items of each. */
function nightLesson(learning: Learning, { active }: Changes): Learning {
  const { dataset, preset, seed, backbone } = learning;
  const { sequences } = dataset;
  const { learningRateShare, replay, leastReplay } = preset.night;
  const key = hashSequences(sequences, dataset.items.length);
  const isActive = new Set(active);
  const others = [...sequences.keys()].filter((user) => !isActive.has(user) && sequences[user].length > 1);
  const replayed = createRandom(`${seed}/night/${key}`)
    .shuffle(others)
    .slice(0, Math.max(leastReplay, replay * active.length));
  const practised = [...active, ...replayed.sort((a, b) => a - b)].map((user) =>
    sequences[user].subarray(-(backbone.length + 1)),
  );
  const slower = <Rates extends { readonly learningRate: number }>(rates: Rates): Rates => ({
    ...rates,
    learningRate: rates.learningRate * learningRateShare,
  });
  return {
    ...learning,
    preset: { ...preset, recommender: slower(preset.recommender), adaptation: slower(preset.adaptation) },
    lesson: { suffix: '-night', key, sequences, practised },
  };
}

async function beforeNight(learning: Learning, state: KeptState, changes: Changes): Promise<Before> {
  const { stages, stage, tuned, text } = state;
  const { epochs } = learning.preset.night;
  const { key } = stage;
  const N = learning.dataset.items.length;
  const inCatalogue = ({ shape: [, width], values }: NamedTensor): NamedTensor => {
    const moved = new Float32Array(N * width);
    changes.rowOf.forEach((row, old) => {
      if (row >= 0) moved.set(values.subarray(old * width, (old + 1) * width), row * width);
    });
    return { shape: [N, width], values: moved };
  };
  const recommender = await tensorsOf(learning, stages.recommender);
  const ofCategories = await tensorsOf(learning, stages.categories);
  const oldCategories = ofCategories.get('categories')!.values;
  const categories = new Int32Array(N).fill(NO_CATEGORY);
  changes.rowOf.forEach((row, old) => {
    if (row >= 0) categories[row] = oldCategories[old];
  });
  const itemVectors = inCatalogue(recommender.get('itemVectors')!);
  const d = itemVectors.shape[1];
  const meaningful = itemVectors.values.map((x, i) =>
    categories[Math.floor(i / d)] === NO_CATEGORY ? 0 : x,
  );
  const members = await Promise.all(
    stages.members.map(async (member) => {
      const values = withPrefix(await tensorsOf(learning, member), 'values/');
      const residual = values.get(RESIDUAL);
      if (residual) values.set(RESIDUAL, inCatalogue(residual));
      return { epochs, start: values };
    }),
  );
  const embeddings = inCatalogue((await tensorsOf(learning, stages.augment)).get('embeddings')!);
  const adaptationFile = path.join(stageFolder(learning, stages.augment), 'adaptation.safetensors');
  const { scalings } = await loadAdaptation(adaptationFile);
  return {
    recommender: {
      key,
      epochs,
      itemVectors: { shape: [N, d], values: meaningful },
      start: await recommenderStart(
        learning,
        withPrefix(recommender, 'values/'),
        state,
        changes,
        inCatalogue,
      ),
    },
    categories: { key, centroids: ofCategories.get('centroids')!, categories },
    tuning: tuned && { epochs: tuned.epochs ?? 0, tuned },
    words: { text },
    read: await readBefore(learning, { stage: stages.infer, model: state.model }),
    adaptation: { key, members, scalings, published: { key, embeddings: embeddings.values } },
  };
}

const ITEM_WEIGHT = 'items.weight';

/** The values of then; a new item has the mean of those that are nearest to it in words. */
async function recommenderStart(
  { dataset, lesson, preset: { night } }: Learning,
  values: Map<string, NamedTensor>,
  { text }: KeptState,
  { newItems }: Changes,
  inCatalogue: (tensor: NamedTensor) => NamedTensor,
): Promise<Values | undefined> {
  const weight = values.get(ITEM_WEIGHT);
  if (!weight) return undefined;
  const moved = inCatalogue(weight);
  const d = moved.shape[1];
  values.set(ITEM_WEIGHT, moved);
  if (newItems.length === 0 || text.length === 0) return values;
  const isNew = new Set(newItems);
  const counts = interactionCounts(lesson.sequences, dataset.items.length);
  const candidates = [...counts.keys()]
    .filter((item) => counts[item] > 0 && !isNew.has(item))
    .sort((a, b) => counts[b] - counts[a])
    .slice(0, night.mostCandidates);
  const features = textTransform(await loadTextFeatures(text[0].folder));
  const wordsOf = (items: readonly number[]) =>
    unitRows(features(items.map((item) => knownText(dataset.items[item], Number.POSITIVE_INFINITY))), width);
  const width = features(['']).length;
  const [own, others] = [wordsOf(newItems), wordsOf(candidates)];
  newItems.forEach((item, i) => {
    const nearest = candidates
      .map((other, c) => ({ other, cosine: product(own, i, others, c, width) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, night.neighbours);
    for (const { other } of nearest)
      for (let j = 0; j < d; j++) moved.values[item * d + j] += moved.values[other * d + j] / nearest.length;
  });
  return values;
}

function product(a: Float64Array, i: number, b: Float64Array, j: number, width: number): number {
  let sum = 0;
  for (let c = 0; c < width; c++) sum += a[i * width + c] * b[j * width + c];
  return sum;
}

/** Of tonight's interactions alone, before anything is learnt from them (evaluation/drift.ts). */
async function driftTonight(
  learning: Learning,
  state: KeptState,
  changes: Changes,
  { recommender, categories, adaptation }: Before,
): Promise<DriftCounts> {
  const { dataset, backbone } = learning;
  const { full } = state;
  const isSeen = new Set(full.itemIds);
  let withUnseenItems = 0;
  for (const user of changes.active)
    for (const item of dataset.sequences[user].subarray(changes.known[user].length))
      if (!isSeen.has(dataset.items[item].itemId)) withUnseenItems++;
  const next = nextItems(learning, changes, categories.categories);
  const noise = recommender.start && { table: { kind: 'random' } as const, values: recommender.start };
  const [member] = state.stages.members;
  const table = await memberTable(learning, member, state, changes);
  const features = {
    table: { kind: 'frozen', vectors: table } as const,
    values: new Map([
      ...(adaptation.members[0].start ?? []),
      ['items.vectors', { shape: [backbone.itemCount, backbone.width], values: table }] as const,
    ]),
  };
  const isMeasured = noise !== undefined && full.lift !== undefined && next.targets.length > 0;
  const [ofNoise, ofFeatures] = isMeasured
    ? [await gains(learning, noise, next), await gains(learning, features, next)]
    : [[], []];
  const differences = ofFeatures.map((gain, i) => gain - (1 + leastLift(full.lift!)) * ofNoise[i]);
  const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);
  return {
    interactions: changes.interactions,
    withUnseenItems,
    asked: ofNoise.length,
    ndcgOfFeatures: sum(ofFeatures),
    ndcgOfNoise: sum(ofNoise),
    differences: sum(differences),
    squaredDifferences: sum(differences.map((x) => x * x)),
  };
}

/** What each active user did first, where user and item were known. */
function nextItems({ dataset }: Learning, { active, known }: Changes, categories: Int32Array): NextItems {
  const targetOf = (user: number) => dataset.sequences[user][known[user].length];
  const users = active.filter((user) => {
    const isKnown = (item: number) => categories[item] !== NO_CATEGORY;
    return known[user].length > 0 && isKnown(targetOf(user)) && known[user].every(isKnown);
  });
  return {
    users: Int32Array.from(users),
    histories: users.map((user) => known[user]),
    targets: Int32Array.from(users, targetOf),
  };
}

interface Scoring {
  readonly table: ItemTable;
  readonly values: Values;
}

/** NDCG@10 of each target. */
async function gains({ backbone }: Learning, { table, values }: Scoring, next: NextItems): Promise<number[]> {
  const scorer = await createScorer(backbone, table);
  try {
    await scorer.load(values);
    const ranks = await rankInCatalogue(scorer, backbone, next);
    return Array.from(ranks, (rank) => (rank < 10 ? 1 / Math.log2(rank + 2) : 0));
  } finally {
    await scorer.release();
  }
}

/** The item table of a member's own recommender, by the rows of this catalogue. */
async function memberTable(
  learning: Learning,
  member: Stage,
  { sequences, itemIds }: KeptState,
  { rowOf }: Changes,
): Promise<Float32Array> {
  const { shape, values } = (await tensorsOf(learning, member)).get('table')!;
  const d = shape[1];
  const then = occurringItems(sequences, itemIds.length).inCatalogue(values, d);
  const now = new Float32Array(learning.dataset.items.length * d);
  rowOf.forEach((row, old) => {
    if (row >= 0) now.set(then.subarray(old * d, (old + 1) * d), row * d);
  });
  return now;
}

/** How far the vectors of the items that both versions have are apart. */
export interface Comparability {
  readonly items: number;
  readonly median: number;
  readonly percentile5: number;
}

/** Cosines of the rows that are not zero before; both [N, d]. */
export function comparability(before: Float32Array, now: Float32Array, d: number): Comparability {
  const cosines = rowCosines(before, now, d).filter((_, row) =>
    before.subarray(row * d, (row + 1) * d).some((x) => x !== 0),
  );
  const sorted = [...cosines].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { items: sorted.length, median: at(0.5), percentile5: at(0.05) };
}
