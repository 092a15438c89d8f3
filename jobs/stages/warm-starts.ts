// Stages, one a mode: a fresh recommender that starts from the enhanced embeddings, so that a version can
// tell a training pipeline how to use them. Validation decides; the test is told beside it.
import { type WarmStartMode, warmStartTable } from '../../src/evaluation/warm-start.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import { type CertainHits, certainHits } from '../../src/recommenders/certain-hits.ts';
import { type OwnTargets, ownTargets } from '../../src/recommenders/own-targets.ts';
import type { SequenceModel } from '../../src/recommenders/sequence-model.ts';
import type { Preset } from '../presets.ts';
import { type StageContext, stage } from '../stage.ts';
import { type Reached, trainAndRank } from '../train-and-rank.ts';

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
  context: StageContext,
  vectors: Float32Array,
  model: SequenceModel,
  split: Split,
  preset: Preset,
  random: Reached | undefined,
): Promise<WarmStarts> {
  const modes: WarmStarts['modes'][number][] = [];
  for (const mode of preset.warmStartModes) {
    const { facts } = await stage(context, `warm-start-${mode}`, async (checkpoint) => {
      const { reached } = await trainAndRank(model, split, {
        ...preset.recommender,
        table: warmStartTable(mode, vectors, {
          itemCount: model.itemCount,
          train: split.train,
          adapterWidth: preset.adaptation.hidden,
        }),
        seed: `${context.seed}/pretrain`, // as the random start's
        checkpoint,
        progress: context.progress,
        name: `recommender: ${mode}`,
      });
      return { tensors: new Map(), facts: reached };
    });
    modes.push({ mode, ...facts });
  }
  const best = modes.reduce((best, other) => (other.validationNdcg > best.validationNdcg ? other : best));
  const gain =
    random && random.validationNdcg > 0 ? best.validationNdcg / random.validationNdcg - 1 : undefined;
  return {
    random,
    modes,
    best: best.mode,
    gain,
    ownTargets: ownTargets(split, model.itemCount),
    certainHits: certainHits(split, model, [10]),
  };
}
