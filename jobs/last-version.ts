// What the last version was learnt with, for the next night to go on from: a stage that names the others, and
// a file in the work folder that names it. It is in files alone, so that nothing is asked of the store.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DriftCounts } from '../src/evaluation/drift.ts';
import { writeFileAtomically } from '../src/files.ts';
import { readKept } from '../src/formats/kept-file.ts';
import type { NamedTensors } from '../src/formats/safetensors.ts';
import { jsonValue } from '../src/json.ts';
import type { Learning } from './experiment.ts';
import type { Given, Learnt } from './learn.ts';
import {
  defineStage,
  integers,
  OUTPUT,
  runStage,
  type Stage,
  stageFolder,
  stageName,
  type Work,
} from './stage.ts';
import type { WarmStarts } from './stages/warm-starts.ts';

/** What a version was learnt with. */
export interface LearntState {
  readonly stages: {
    readonly recommender: Stage;
    readonly categories: Stage;
    readonly infer: Stage;
    readonly members: readonly Stage[];
    readonly augment: Stage;
  };
  /** The hashes of what is said of the items, and of who the users are. */
  readonly items: string;
  readonly users: string;
  readonly itemIds: readonly string[];
  readonly userIds: readonly string[];
  /** The key of what reads. */
  readonly model: string;
  readonly tuned?: {
    readonly key: string;
    readonly epochs?: number;
    readonly adapterFolder: string;
    readonly modelFolder: string;
  };
  readonly text: readonly { readonly key: string; readonly folder: string }[];
  readonly encoder: string;
  readonly full: FullFit;
  /** Of all nights since then. */
  readonly drift: DriftCounts;
}

/** The last fit that learnt everything. */
export interface FullFit {
  readonly runId: string;
  readonly itemIds: readonly string[];
  readonly userIds: readonly string[];
  /** The stage of the users' distributions then. */
  readonly categories: Stage;
  /** Of features over noise, on validation: .12 is 12 %; absent where nothing was compared. */
  readonly lift?: number;
  readonly warmStarts: WarmStarts;
  /** Of the language model. */
  readonly metrics: Readonly<Record<string, unknown>>;
  /** The stage of the samples that a model may be tuned on elsewhere. */
  readonly samples: string;
}

export interface LastVersion {
  readonly version: string;
  readonly kind: 'full' | 'night';
  readonly settings: string;
  readonly state: Stage;
  /** What it has gone on from, or what its vectors were turned onto. */
  readonly from?: Pick<LastVersion, 'version' | 'state'>;
  /** The folders of all stages that its run has used, and those of the version before. */
  readonly used: readonly string[];
  readonly usedBefore: readonly string[];
}

/** The folders that the last two versions need. */
export function foldersOf({ used, usedBefore }: LastVersion, state: LearntState): string[] {
  const { recommender, categories, infer, members, augment } = state.stages;
  const stages = [recommender, categories, infer, ...members, augment, state.full.categories];
  const places = [state.encoder, ...state.text.map(({ folder }) => folder)];
  if (state.tuned) places.push(state.tuned.adapterFolder, state.tuned.modelFolder);
  const names = places.flatMap((place) => place.split(path.sep));
  return [...used, ...usedBefore, ...stages.map(stageName), ...names];
}

/** What has to be the same for a night to go on: another preset or model learns from scratch. */
export const settingsKey = ({ preset, seed }: Learning, { srs, languageModel }: Given): string =>
  defineStage('settings', 1, { preset, seed, srs: srs?.hash, model: languageModel?.source.sha256 }).key;

const fileIn = (work: Work): string => path.join(work.folder, 'last-version.json');

export const keepLastVersion = (work: Work, last: LastVersion): void =>
  writeFileAtomically(fileIn(work), `${JSON.stringify(last, null, 2)}\n`);

/** Undefined where there is none, and where it or a stage of it is not whole any more. */
export async function findLastVersion(
  work: Work,
): Promise<{ readonly last: LastVersion; readonly state: KeptState } | undefined> {
  const file = fileIn(work);
  if (!existsSync(file)) return undefined;
  const last = jsonValue(readFileSync(file, 'utf8')) as LastVersion | undefined;
  if (!last) return undefined;
  const state = await loadState(work, last.state);
  return state && { last, state };
}

export interface KeptState extends LearntState {
  readonly stage: Stage;
  /** Who did what then, by the rows of then. */
  readonly sequences: readonly Int32Array[];
}

export async function keepState(learning: Learning, state: LearntState): Promise<Stage> {
  const { stages, full, drift } = state;
  const { sequences } = learning.lesson;
  const stage = defineStage('state', 1, { stages, full: full.runId, drift });
  await runStage(learning, stage, async () => ({
    tensors: new Map([
      ['lengths', integers(Int32Array.from(sequences, ({ length }) => length))],
      ['items', integers(Int32Array.from(sequences.flatMap((sequence) => [...sequence])))],
    ]),
    facts: state,
  }));
  return stage;
}

/** Undefined where a stage is missing. */
export async function loadState(work: Work, stage: Stage): Promise<KeptState | undefined> {
  const kept = await outputOf(work, stage);
  if (!kept) return undefined;
  const state = JSON.parse(kept.metadata.facts) as LearntState;
  const { recommender, categories, infer, members, augment } = state.stages;
  const needed = [recommender, categories, infer, ...members, augment, state.full.categories];
  if (!needed.every((one) => existsSync(path.join(stageFolder(work, one), OUTPUT)))) return undefined;
  const items = Int32Array.from(kept.tensors.get('items')!.values);
  let begin = 0;
  const sequences = Array.from(kept.tensors.get('lengths')!.values, (length) => {
    begin += length;
    return items.subarray(begin - length, begin);
  });
  const there = (place: string) => path.join(work.folder, place);
  const { tuned, text, encoder } = state;
  return {
    ...state,
    tuned: tuned && {
      ...tuned,
      adapterFolder: there(tuned.adapterFolder),
      modelFolder: there(tuned.modelFolder),
    },
    text: text.map(({ key, folder }) => ({ key, folder: there(folder) })),
    encoder: there(encoder),
    stage,
    sequences,
  };
}

async function outputOf(work: Work, stage: Stage) {
  const file = path.join(stageFolder(work, stage), OUTPUT);
  return existsSync(file) ? readKept(file) : undefined;
}

/** The tensors of a stage that is there. */
export async function tensorsOf(work: Work, stage: Stage): Promise<NamedTensors> {
  return (await outputOf(work, stage))!.tensors;
}

/** The state that a fit leaves. */
export function stateOf(
  learning: Learning,
  { recommender, categories, inferred, tuned, text, augmented }: Learnt,
  encoder: string,
  about: Pick<LearntState, 'full' | 'drift'>,
): LearntState {
  const { dataset, hashes } = learning;
  // From the work folder, so that the store can be moved.
  const place = (folder: string) => path.relative(learning.folder, folder);
  return {
    stages: {
      recommender: recommender.stage,
      categories: categories.stage,
      infer: inferred.stage,
      members: augmented.members.map(({ stage }) => stage),
      augment: augmented.stage,
    },
    items: hashes.items,
    users: hashes.users,
    itemIds: dataset.items.map(({ itemId }) => itemId),
    userIds: dataset.userIds,
    model: inferred.model,
    tuned: tuned && {
      key: tuned.key,
      epochs: tuned.epochs,
      adapterFolder: place(tuned.adapterFolder),
      modelFolder: place(tuned.modelFolder),
    },
    text: text.map(({ key, folder }) => ({ key, folder: place(folder) })),
    encoder: place(encoder),
    ...about,
  };
}
