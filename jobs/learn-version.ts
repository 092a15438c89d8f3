// What a refresh learns: only what changed since the last version, where there is one and it still fits, or
// everything from scratch.
import { matchCategories } from '../src/categories/match-categories.ts';
import { type Drift, NO_DRIFT } from '../src/evaluation/drift.ts';
import { hashSequences } from '../src/interactions/hash-dataset.ts';
import { type AnswerCounts, sumOfCounts } from '../src/language-model/reading/read-answers.ts';
import type { Learning } from './experiment.ts';
import {
  findLastVersion,
  type KeptState,
  keepState,
  type LastVersion,
  type LearntState,
  loadState,
  settingsKey,
  stateOf,
  tensorsOf,
} from './last-version.ts';
import { type Given, type Learnt, learn, learnFromAll } from './learn.ts';
import { type Comparability, changesSince, comparability, type Night, openNight } from './night.ts';
import type { Stage } from './stage.ts';
import { keepEncoder } from './stages/keep-encoder.ts';
import { type WarmStarts, warmStarts } from './stages/warm-starts.ts';

/** What was learnt for a version, and how. */
export interface LearntVersion {
  readonly learnt: Learnt;
  /** The folder of the item encoder. */
  readonly encoder: string;
  readonly warmStarts: WarmStarts;
  readonly metrics: Readonly<Record<string, unknown>>;
  /** Where the model told its distributions in words: of all fits of this run. */
  readonly answers?: AnswerCounts;
  /** Where it was asked: how many different texts of items have a vector that another one has too. */
  readonly sharedVectors?: number;
  /** The stage of the samples that a model may be tuned on elsewhere. */
  readonly samples: string;
  readonly how: HowLearnt;
  /** For the next night; `version` is not known yet. */
  readonly last: Omit<LastVersion, 'version' | 'used'>;
}

/** As the manifest tells it. */
export interface HowLearnt {
  readonly kind: 'full' | 'night';
  /** Why everything was learnt from scratch, in words. */
  readonly reason?: string;
  /** The run of the last full fit, from which categories and figures are. */
  readonly full: string;
  /** What was new. */
  readonly changes?: {
    readonly interactions: number;
    readonly users: number;
    readonly items: number;
    readonly textsRead: number;
  };
  /** Since the last full fit. */
  readonly drift?: Drift;
  /** How far each item's vector is from the one of the last version. */
  readonly comparability?: Comparability & { readonly version: string };
  /** Where categories were found anew: for each the one of the last version that it is, -1 if it is none. */
  readonly categoriesBefore?: readonly number[];
}

/** `full` learns everything from scratch whatever there is. */
export async function learnVersion(
  learning: Learning,
  given: Given,
  runId: string,
  full: boolean,
): Promise<LearntVersion> {
  const found = await findLastVersion(learning);
  if (!found) return learnEverything(learning, given, runId, 'there is no version to go on from here');
  const { last } = found;
  const isRepeated = last.settings === settingsKey(learning, given) && isUnchanged(learning, found.state);
  // The same once more goes on from what it went on from before, so that its stages are the same.
  const from = isRepeated
    ? last.from && (await loadFrom(learning, last.from, last.usedBefore))
    : { version: last.version, state: found.state, used: last.used };
  const reason = full
    ? 'it was asked for'
    : last.settings !== settingsKey(learning, given)
      ? 'preset, seed, language model or given vectors are others'
      : isRepeated && last.kind === 'full'
        ? 'nothing has changed since the last time'
        : !from
          ? 'the stages of the last version are not here any more'
          : tooMuch(learning, from.state);
  if (reason !== undefined || !from) return learnEverything(learning, given, runId, reason!, from);
  const night = await openNight(learning, from.state);
  const { reason: drifted } = night.drift;
  if (drifted !== undefined) return learnEverything(learning, given, runId, drifted, from);
  return learnNight(given, night, from);
}

interface From {
  readonly version: string;
  readonly state: KeptState;
  /** The folders of its run's stages. */
  readonly used: readonly string[];
}

async function loadFrom(
  learning: Learning,
  { version, state: stage }: NonNullable<LastVersion['from']>,
  used: readonly string[],
): Promise<From | undefined> {
  const state = await loadState(learning, stage);
  return state && { version, state, used };
}

/** Of so many of its items a catalogue is another one. */
const LEAST_SHARED_ITEMS = 0.5;
/** So many new interactions, as a share of all, are no night. */
const MOST_NEW_INTERACTIONS = 0.2;

function isUnchanged(learning: Learning, state: KeptState): boolean {
  const { interactions, newItems, rowOf } = changesSince(learning, state);
  return (
    interactions === 0 &&
    newItems.length === 0 &&
    rowOf.every((row, old) => row === old) &&
    hashSequences(learning.dataset.sequences, rowOf.length) ===
      hashSequences(state.sequences, rowOf.length) &&
    learning.hashes.items === state.items &&
    learning.hashes.users === state.users
  );
}

function tooMuch(learning: Learning, state: KeptState): string | undefined {
  const changes = changesSince(learning, state);
  const shared = changes.rowOf.filter((row) => row >= 0).length / state.itemIds.length;
  if (shared < LEAST_SHARED_ITEMS)
    return `only ${(100 * shared).toFixed(0)} % of the items of the last version are in the catalogue`;
  const all = learning.dataset.sequences.reduce((sum, { length }) => sum + length, 0);
  const share = changes.interactions / all;
  if (share <= MOST_NEW_INTERACTIONS) return undefined;
  return `${(100 * share).toFixed(0)} % of the interactions are new`;
}

async function learnEverything(
  learning: Learning,
  given: Given,
  runId: string,
  reason: string,
  from?: From,
): Promise<LearntVersion> {
  const { languageModel } = given;
  const before = from && (await publishedBefore(learning, from));
  // From behaviour and words to one vector an item, with each user's last two items held out.
  const measured = await learn(learning, given);
  // What is published is learnt in the same way from all interactions.
  const learnt = await learnFromAll(learning, given, measured, before);
  const encoder = await keepEncoder(learning, learnt, languageModel);
  // Recommenders that start from what was measured say what it is worth, and in which mode.
  const { reached } = measured.recommender;
  const tried = await warmStarts(learning, measured.augmented, reached);
  const { validationNdcg } = measured.augmented;
  const lift =
    reached && reached.validationNdcg > 0 && validationNdcg !== undefined
      ? validationNdcg / reached.validationNdcg - 1
      : undefined;
  const { dataset } = learning;
  const state = stateOf(learning, learnt, encoder, {
    full: {
      runId,
      itemIds: dataset.items.map(({ itemId }) => itemId),
      userIds: dataset.userIds,
      categories: learnt.categories.stage,
      lift,
      warmStarts: tried,
      metrics: languageModelMetrics(measured, learnt),
      samples: measured.samples.key,
    },
    drift: NO_DRIFT,
  });
  return {
    learnt,
    encoder,
    warmStarts: tried,
    metrics: {
      languageModel: state.full.metrics,
      embeddings: { ...learnt.augmented.quality, validationNdcg },
      warmStarts: tried,
    },
    answers: sumOfCounts(measured.inferred.answers, learnt.inferred.answers),
    sharedVectors: learnt.inferred.sharedVectors ?? measured.inferred.sharedVectors,
    samples: measured.samples.key,
    how: {
      kind: 'full',
      reason,
      full: runId,
      comparability: before && comparedWith(before, learnt),
      categoriesBefore: from && (await categoriesOf(learning, from, learnt)),
    },
    last: {
      kind: 'full',
      settings: settingsKey(learning, given),
      state: await kept(learning, state),
      from: from && { version: from.version, state: from.state.stage },
      usedBefore: from?.used ?? [],
    },
  };
}

/** Of the tuning, and of what a model that was asked has answered in both fits. */
function languageModelMetrics({ tuned, inferred: first }: Learnt, { inferred: second }: Learnt) {
  return {
    heldOutLoss: tuned?.heldOutLoss,
    meanAnswerLoss: tuned?.meanAnswerLoss,
    ...sumOfCounts(first.answers, second.answers),
    sharedVectors: second.sharedVectors ?? first.sharedVectors,
  };
}

const kept = (learning: Learning, state: LearntState): Promise<Stage> =>
  keepState({ ...learning, lesson: { ...learning.lesson, sequences: learning.dataset.sequences } }, state);

async function learnNight(
  given: Given,
  night: Night,
  { version, state, used }: From,
): Promise<LearntVersion> {
  const { learning, before, counts, drift, changes } = night;
  const { full } = state;
  const learnt = await learn(learning, given, before);
  const encoder = await keepEncoder(learning, learnt, given.languageModel);
  const next = stateOf(learning, learnt, encoder, { full, drift: counts });
  const { quality } = learnt.augmented;
  const { published } = before.adaptation;
  return {
    learnt,
    encoder,
    warmStarts: full.warmStarts,
    metrics: { languageModel: full.metrics, embeddings: quality, warmStarts: full.warmStarts },
    answers: learnt.inferred.answers,
    sharedVectors: learnt.inferred.sharedVectors,
    samples: full.samples,
    how: {
      kind: 'night',
      full: full.runId,
      changes: {
        interactions: changes.interactions,
        users: changes.active.length,
        items: changes.newItems.length,
        textsRead: learnt.inferred.textsRead,
      },
      drift,
      comparability: published && comparedWith({ ...published, version }, learnt),
    },
    last: {
      kind: 'night',
      settings: settingsKey({ ...learning, preset: night.preset }, given),
      state: await kept(learning, next),
      from: { version, state: state.stage },
      usedBefore: used,
    },
  };
}

interface Published {
  readonly key: string;
  readonly version: string;
  readonly embeddings: Float32Array;
}

/** The vectors of the last version, by the rows of this catalogue. */
async function publishedBefore(
  learning: Learning,
  { version, state }: Pick<From, 'version' | 'state'>,
): Promise<Published | undefined> {
  const { shape, values } = (await tensorsOf(learning, state.stages.augment)).get('embeddings')!;
  const d = shape[1];
  if (d !== learning.backbone.width) return undefined;
  const embeddings = new Float32Array(learning.dataset.items.length * d);
  const { rowOf } = changesSince(learning, state);
  rowOf.forEach((row, old) => {
    if (row >= 0) embeddings.set(values.subarray(old * d, (old + 1) * d), row * d);
  });
  return rowOf.some((row) => row >= 0) ? { key: state.stage.key, version, embeddings } : undefined;
}

const comparedWith = (
  { version, embeddings }: Omit<Published, 'key'>,
  { augmented, categories }: Learnt,
) => ({
  version,
  ...comparability(embeddings, augmented.embeddings, embeddings.length / categories.categories.length),
});

async function categoriesOf(learning: Learning, { state }: From, learnt: Learnt): Promise<number[]> {
  const then = await tensorsOf(learning, state.stages.categories);
  const K = then.get('centroids')!.shape[0];
  const before = new Int32Array(learning.dataset.items.length).fill(-1);
  changesSince(learning, state).rowOf.forEach((row, old) => {
    if (row >= 0) before[row] = then.get('categories')!.values[old];
  });
  const { categories, categoryCount } = learnt.categories;
  return [...matchCategories(before, categories, [K, categoryCount])];
}
