// Stage: item features -> adapters, learnt through SASRec's own loss from several seeds and views of the
// features, each a stage of its own -> one merged adaptation -> enhanced embeddings.
import path from 'node:path';
import { applyAdaptation, saveAdaptation } from '../../src/embeddings/adaptation.ts';
import { type LearntAdapter, learnAdapter } from '../../src/embeddings/fit-adaptation.ts';
import { blockScalings, type FeatureBlock, LEADING_ROWS } from '../../src/embeddings/item-features.ts';
import { mergeAdapters, widenAdapter } from '../../src/embeddings/merge-adapters.ts';
import { type VectorQuality, vectorQuality } from '../../src/embeddings/quality.ts';
import type { Split } from '../../src/interactions/dataset.ts';
import type { SequenceModel } from '../../src/recommenders/sequence-model.ts';
import type { Preset } from '../presets.ts';
import { matrix, type StageContext, stage } from '../stage.ts';

export interface Augmented {
  /** Enhanced embeddings [N, d]. */
  readonly embeddings: Float32Array;
  /** What turns features of any item, a cold one too, into an embedding. */
  readonly adaptationFile: string;
  readonly quality: VectorQuality;
  /** NDCG@10 on validation of the recommenders that the adapters were learnt through, their mean. */
  readonly validationNdcg: number;
}

/** `name` names the stages: the evaluation adapts its text arm in the very same way. */
export async function augment(
  context: StageContext,
  name: string,
  blocks: readonly FeatureBlock[],
  backbone: SequenceModel,
  split: Split,
  preset: Preset,
): Promise<Augmented> {
  const adaptationFile = path.join(context.folder, `${name}.adaptation.safetensors`);
  const members: LearntAdapter[] = [];
  for (let m = 1; m <= preset.adaptation.members; m++) {
    members.push(await adapterMember(context, name, m, blocks, backbone, split, preset));
  }
  const { tensors, facts } = await stage(context, name, async () => {
    const { weights, residual } = mergeAdapters(members, backbone.width);
    const adaptation = { scalings: blockScalings(blocks), weights };
    saveAdaptation(adaptationFile, adaptation);
    const adapted = await applyAdaptation(adaptation, blocks);
    const embeddings = adapted.map((x, i) => x + residual[i]);
    const validationNdcg = members.reduce((sum, member) => sum + member.validationNdcg, 0) / members.length;
    return {
      tensors: new Map([['embeddings', matrix(embeddings, backbone.width)]]),
      facts: { validationNdcg, quality: vectorQuality(embeddings, backbone.width) },
    };
  });
  const { quality, validationNdcg } = facts;
  return { embeddings: tensors.get('embeddings')!.values, adaptationFile, quality, validationNdcg };
}

async function adapterMember(
  context: StageContext,
  augmentation: string,
  m: number,
  blocks: readonly FeatureBlock[],
  backbone: SequenceModel,
  split: Split,
  preset: Preset,
): Promise<LearntAdapter> {
  const name = `${augmentation}-${m}`;
  const view = viewOfMember(blocks, m);
  const { tensors, facts } = await stage(context, name, async (checkpoint) => {
    const { members, ...options } = preset.adaptation;
    const { weights, residual, table, ...facts } = await learnAdapter(
      view,
      backbone,
      split.train,
      split.validation,
      {
        ...preset.recommender,
        ...options,
        seed: `${context.seed}/${name}`,
        checkpoint,
        progress: context.progress,
        name: `adaptation ${m}/${members}: ${view.map((block) => block.name).join(' + ')}`,
      },
    );
    const { width } = backbone;
    const tensors = [
      ...weights,
      ['residual', matrix(residual, width)],
      ['table', matrix(table, width)],
    ] as const;
    return { tensors: new Map(tensors), facts };
  });
  const weights = new Map([...tensors].filter(([key]) => key.startsWith('adapter.')));
  return {
    weights: widenAdapter(weights, view, blocks),
    residual: tensors.get('residual')!.values,
    table: tensors.get('table')!.values,
    ...facts,
  };
}

/**
 * What member m reads: all blocks, then each that leads alone, then all again. Adapters that saw different
 * things err differently, on items that nobody has touched above all (random subspaces, Ho 1998;
 * docs/LOG.md). A block that only stands beside another is too little to learn from alone.
 */
function viewOfMember(blocks: readonly FeatureBlock[], m: number): readonly FeatureBlock[] {
  const alone = blocks.filter(({ rowLength }) => rowLength === LEADING_ROWS).map((block) => [block]);
  const views = blocks.length > 1 ? [blocks, ...alone] : [blocks];
  return views[(m - 1) % views.length];
}
