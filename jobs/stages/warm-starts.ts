// Stages, one a mode: a fresh recommender that starts from the enhanced embeddings, so that a version can
// tell a training pipeline how to use them. Validation decides; the test is told beside it.
import { type WarmStartMode, warmStartTable } from '../../src/evaluation/warm-start.ts';
import { type CertainHits, certainHits } from '../../src/recommenders/certain-hits.ts';
import { type OwnTargets, ownTargets } from '../../src/recommenders/own-targets.ts';
import type { Learning } from '../experiment.ts';
import { warmStartAdapter } from '../presets.ts';
import { defineStage, runStage } from '../stage.ts';
import type { Reached } from '../train-and-rank.ts';
import { sideBySide } from '../trainings/side-by-side.ts';
import { backboneOf } from '../trainings/tasks.ts';
import type { Augmented } from './augment.ts';
import { backboneInputs } from './pretrain-recommender.ts';

export interface WarmStarts {
  /** Of the same recommender from noise, with the same budget; absent where nothing was pre-trained. */
  readonly random?: Reached;
  readonly modes: readonly (Reached & { readonly mode: WarmStartMode })[];
  /**
   * The mode whose validation NDCG@10 is best, and by how much it is above the random start's: 0.12 is 12 %.
   */
  readonly best: WarmStartMode;
  readonly gain?: number;
  /** Of those that are ranked above, who is asked for an item that they have. */
  readonly ownTargets: OwnTargets;
  /** And for whom no more items are ranked than a cut-off has. */
  readonly certainHits: readonly CertainHits[];
}

export async function warmStarts(
  learning: Learning,
  { stage: { key }, embeddings }: Pick<Augmented, 'stage' | 'embeddings'>,
  random: Reached | undefined,
): Promise<WarmStarts> {
  const { backbone, split, preset, seed } = learning;
  const adapter = warmStartAdapter(preset);
  const modes = await sideBySide(learning, preset.warmStartModes, async (mode, train) => {
    const stage = defineStage(`warm-start-${mode}`, 1, {
      embeddings: key,
      ...backboneInputs(learning),
      adapter,
      seed,
    });
    const { facts } = await runStage(learning, stage, async ({ checkpoint }) => {
      const table = warmStartTable(mode, embeddings, {
        itemCount: backbone.itemCount,
        train: split.train,
        adapter,
      });
      const facts = await train('recommender', {
        backbone: backboneOf(backbone),
        split,
        options: {
          ...preset.recommender,
          table,
          seed: `${seed}/pretrain`, // as the random start's
          checkpoint,
          name: `recommender: ${mode}`,
        },
      });
      return { tensors: new Map(), facts };
    });
    return { mode, ...facts };
  });
  return compareStarts(learning, modes, random);
}

/** Which mode is best, and what a reader has to know about the figures. */
export function compareStarts(
  { split, backbone }: Pick<Learning, 'split' | 'backbone'>,
  modes: WarmStarts['modes'],
  random: Reached | undefined,
): WarmStarts {
  const best = modes.reduce((best, other) => (other.validationNdcg > best.validationNdcg ? other : best));
  const gain =
    random && random.validationNdcg > 0 ? best.validationNdcg / random.validationNdcg - 1 : undefined;
  return {
    random,
    modes,
    best: best.mode,
    gain,
    ownTargets: ownTargets(split, backbone.itemCount),
    certainHits: certainHits(split, backbone, [10]),
  };
}
