// The trainings that may run beside each other, by name. What goes in and comes out is plain data, which
// crosses threads: a model is what it is made from.
import { type LearntAdapter, learnAdapter } from '../../src/embeddings/fit-adaptation.ts';
import type { FeatureBlock } from '../../src/embeddings/item-features.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import type { Progress } from '../../src/progress.ts';
import type { DataProfile } from '../../src/recommenders/data-profile.ts';
import { type ProfiledSequenceModel, sasrecModel } from '../../src/recommenders/models.ts';
import type { Lesson } from '../experiment.ts';
import { type Reached, trainAndRank } from '../train-and-rank.ts';

type WithoutProgress<Options> = Omit<Options, 'progress'>;

interface AdapterTask {
  readonly backbone: BackboneOf;
  readonly blocks: readonly FeatureBlock[];
  readonly lesson: Lesson;
  readonly options: WithoutProgress<Parameters<typeof learnAdapter>[3]>;
}

interface RecommenderTask {
  readonly backbone: BackboneOf;
  readonly split: Split;
  readonly options: WithoutProgress<Parameters<typeof trainAndRank>[2]>;
}

/** What the SASRec of a Learning is made from. */
type BackboneOf = DataProfile & Pick<ProfiledSequenceModel, 'width'>;

export const backboneOf = ({
  itemCount,
  userCount,
  repeatable,
  length,
  isDense,
  width,
}: ProfiledSequenceModel): BackboneOf => ({ itemCount, userCount, repeatable, length, isDense, width });

const modelOf = ({ width, ...profile }: BackboneOf) => sasrecModel(profile, width);

export const TASKS = {
  adapter: ({ backbone, blocks, lesson, options }: AdapterTask, progress: Progress): Promise<LearntAdapter> =>
    learnAdapter(blocks, modelOf(backbone), lesson, { ...options, progress }),
  recommender: async ({ backbone, split, options }: RecommenderTask, progress: Progress): Promise<Reached> =>
    (await trainAndRank(modelOf(backbone), split, { ...options, progress })).reached,
};

export type TaskName = keyof typeof TASKS;
export type TaskInput<Name extends TaskName> = Parameters<(typeof TASKS)[Name]>[0];
export type TaskResult<Name extends TaskName> = Awaited<ReturnType<(typeof TASKS)[Name]>>;
