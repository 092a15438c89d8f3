// Stage: what people do. A SASRec trained from noise, or from where an earlier one ended; its item vectors
// are where the latent categories come from.
import { orthogonalProcrustes, rotateRows } from '../../src/embeddings/procrustes.ts';
import type { NamedTensor } from '../../src/formats/safetensors.ts';
import type { Values } from '../../src/network/scope.ts';
import type { RecommenderBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, prefixed, runStage, type Stage, withPrefix } from '../stage.ts';
import { type Reached, trainAndRank } from '../train-and-rank.ts';

export interface PretrainedRecommender {
  readonly stage: Stage;
  /** [N, d]. */
  readonly itemVectors: NamedTensor;
  /** Absent where somebody's own recommender was trained elsewhere, and where nothing was held out. */
  readonly reached?: Reached;
  /** What a later training goes on from, where nothing was held out. */
  readonly values?: Values;
}

/** What a SASRec of the preset is trained on, and how. */
export const backboneInputs = ({ lesson, backbone, preset }: Learning) => ({
  lesson: lesson.key,
  backbone: { length: backbone.length, width: backbone.width },
  recommender: preset.recommender,
});

export const pretraining = (learning: Learning, before?: RecommenderBefore): Stage =>
  defineStage(`pretrain${learning.lesson.suffix}`, 1, {
    ...backboneInputs(learning),
    before: before && { key: before.key, epochs: before.epochs },
    seed: learning.seed,
  });

export async function pretrainRecommender(
  learning: Learning,
  before?: RecommenderBefore,
): Promise<PretrainedRecommender> {
  const stage = pretraining(learning, before);
  const { tensors, facts } = await runStage<Reached | Pick<Reached, 'epochs'>>(
    learning,
    stage,
    ({ checkpoint }) =>
      before ? trainOn(learning, before, checkpoint) : trainMeasured(learning, checkpoint),
  );
  const values = withPrefix(tensors, 'values/');
  return {
    stage,
    itemVectors: tensors.get('itemVectors')!,
    reached: 'test' in facts ? facts : undefined,
    values: values.size > 0 ? values : undefined,
  };
}

const trainingOf = ({ preset, seed, progress }: Learning, checkpoint: string) => ({
  ...preset.recommender,
  table: { kind: 'random' } as const,
  seed: `${seed}/pretrain`,
  checkpoint,
  progress,
  name: 'recommender: pre-train',
});

async function trainMeasured(learning: Learning, checkpoint: string) {
  const { backbone, split } = learning;
  const { reached, itemVectors } = await trainAndRank(backbone, split, trainingOf(learning, checkpoint));
  return { tensors: new Map([['itemVectors', matrix(itemVectors, backbone.width)]]), facts: reached };
}

async function trainOn(
  learning: Learning,
  { epochs, start, itemVectors: reference }: RecommenderBefore,
  checkpoint: string,
) {
  const { backbone, lesson } = learning;
  const { recommender, values, itemVectors } = await backbone.train(lesson.practised, {
    ...trainingOf(learning, checkpoint),
    name: 'recommender: all interactions',
    stopping: { kind: 'epochs', epochs },
    start,
  });
  await recommender.release();
  const turned = turnedOnto(itemVectors, reference.values, backbone.width);
  const tensors = new Map([['itemVectors', matrix(turned, backbone.width)], ...prefixed(values, 'values/')]);
  return { tensors, facts: { epochs } };
}

/** Rows [N, d] as near to the others as a rotation brings them, by the items that have one in both. */
export function turnedOnto(rows: Float32Array, reference: Float32Array, d: number): Float32Array {
  return rotateRows(rows, rotationOnto(rows, reference, d));
}

export function rotationOnto(rows: Float32Array, reference: Float32Array, d: number): Float64Array {
  const isKnown = (row: number) => reference.subarray(row * d, (row + 1) * d).some((x) => x !== 0);
  const known = [...Array(rows.length / d).keys()].filter(isKnown);
  const ofKnown = (matrix: Float32Array) => {
    const taken = new Float32Array(known.length * d);
    known.forEach((row, i) => {
      taken.set(matrix.subarray(row * d, (row + 1) * d), i * d);
    });
    return taken;
  };
  return orthogonalProcrustes(ofKnown(rows), ofKnown(reference), d);
}
