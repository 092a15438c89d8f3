// Stage: item features -> the adaptation, learnt through SASRec's own loss -> enhanced embeddings.
import path from 'node:path';
import { applyAdaptation, saveAdaptation } from '../../src/embeddings/adaptation.ts';
import { learnAdaptation } from '../../src/embeddings/fit-adaptation.ts';
import type { FeatureBlock } from '../../src/embeddings/item-features.ts';
import { type VectorQuality, vectorQuality } from '../../src/embeddings/quality.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import { validationItems } from '../../src/recommenders/next-items.ts';
import type { RecommenderOptions } from '../../src/recommenders/recommender.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

export interface Augmented {
  /** Enhanced embeddings [N, d]. */
  readonly embeddings: Float32Array;
  readonly adaptationFile: string;
  readonly quality: VectorQuality;
  /** NDCG@10 on validation of the recommender that the adaptation was learnt through. */
  readonly validationNdcg: number;
}

/** `name` names the stage: the evaluation adapts its text arm in the very same way. */
export async function augment(
  context: StageContext,
  name: string,
  blocks: readonly FeatureBlock[],
  recommender: RecommenderOptions,
  split: Split,
  preset: Preset,
): Promise<Augmented> {
  const adaptationFile = path.join(context.folder, `${name}.adaptation.safetensors`);
  const { tensors, facts } = await stage(context, name, async () => {
    const { adaptation, epochs, validationNdcg } = await learnAdaptation(
      blocks,
      recommender,
      split.train,
      validationItems(split),
      {
        ...preset.recommender,
        ...preset.adaptation,
        seed: `${context.seed}/${name}`,
        checkpoint: path.join(context.folder, `${name}.checkpoint`),
        progress: context.progress,
        name: `adaptation: ${blocks.map((block) => block.name).join(' + ')}`,
      },
    );
    saveAdaptation(adaptationFile, adaptation);
    const embeddings = await applyAdaptation(adaptation, blocks);
    return {
      tensors: new Map([['embeddings', matrix(embeddings, recommender.width)]]),
      facts: { epochs, validationNdcg, quality: vectorQuality(embeddings, recommender.width) },
    };
  });
  const { quality, validationNdcg } = facts;
  return { embeddings: tensors.get('embeddings')!.values, adaptationFile, quality, validationNdcg };
}
