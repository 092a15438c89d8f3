// Stage: item features -> adapters, learnt through SASRec's own loss from several seeds and views of the
// features, each a stage of its own -> one merged adaptation -> enhanced embeddings.
import path from 'node:path';
import { applyAdaptation, saveAdaptation } from '../../src/embeddings/adaptation.ts';
import { type LearntAdapter, learnAdapter } from '../../src/embeddings/fit-adaptation.ts';
import { blockScalings, type FeatureBlock } from '../../src/embeddings/item-features.ts';
import { mergeAdapters, widenAdapter } from '../../src/embeddings/merge-adapters.ts';
import { type VectorQuality, vectorQuality } from '../../src/embeddings/quality.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, runStage, stageFolder } from '../stage.ts';
import { backboneInputs } from './pretrain-recommender.ts';

/** Features, and the stage that they are of. */
export interface KeyedBlock extends FeatureBlock {
  readonly key: string;
}

export interface Augmented {
  /** Of the stage. */
  readonly key: string;
  /** Enhanced embeddings [N, d]. */
  readonly embeddings: Float32Array;
  /** What of them is each item's own, beside what the adaptation makes of its features [N, d]. */
  readonly residual: Float32Array;
  /** What turns features of any item, a cold one too, into an embedding. */
  readonly adaptationFile: string;
  readonly quality: VectorQuality;
  /** NDCG@10 on validation of the recommenders that the adapters were learnt through, their mean. */
  readonly validationNdcg: number;
}

/** `name` names the stages: the evaluation adapts its text arm in the very same way. */
export async function augment(
  learning: Learning,
  name: string,
  blocks: readonly KeyedBlock[],
): Promise<Augmented> {
  const { preset, backbone } = learning;
  const members: AdapterMember[] = [];
  for (let m = 1; m <= preset.adaptation.members; m++)
    members.push(await adapterMember(learning, name, blocks, m));
  const stage = defineStage(name, 2, { members: members.map(({ key }) => key) });
  const { tensors, facts } = await runStage(learning, stage, async ({ folder }) => {
    const { weights, residual } = mergeAdapters(members, backbone.width);
    const adaptation = { scalings: blockScalings(blocks), weights };
    saveAdaptation(adaptationIn(folder), adaptation);
    const adapted = await applyAdaptation(adaptation, blocks);
    const embeddings = adapted.map((x, i) => x + residual[i]);
    const validationNdcg = members.reduce((sum, member) => sum + member.validationNdcg, 0) / members.length;
    return {
      tensors: new Map([
        ['embeddings', matrix(embeddings, backbone.width)],
        ['residual', matrix(residual, backbone.width)],
      ]),
      facts: { validationNdcg, quality: vectorQuality(embeddings, backbone.width) },
    };
  });
  return {
    key: stage.key,
    embeddings: tensors.get('embeddings')!.values,
    residual: tensors.get('residual')!.values,
    adaptationFile: adaptationIn(stageFolder(learning, stage)),
    ...facts,
  };
}

const adaptationIn = (folder: string): string => path.join(folder, 'adaptation.safetensors');

interface AdapterMember extends Omit<LearntAdapter, 'values'> {
  readonly key: string;
  readonly validationNdcg: number;
}

async function adapterMember(
  learning: Learning,
  augmentation: string,
  blocks: readonly KeyedBlock[],
  m: number,
): Promise<AdapterMember> {
  const { split, preset, backbone, seed, progress } = learning;
  const { members, leadingRows, companionRows, ...options } = preset.adaptation;
  const { steps, patience, ...recommender } = preset.recommender;
  const { width } = backbone;
  const name = `${augmentation}-${m}`;
  const view = viewOfMember(blocks, m, leadingRows);
  const stage = defineStage(name, 1, {
    blocks: view.map(({ key, rowLength }) => ({ key, rowLength })),
    ...backboneInputs(learning),
    adaptation: options,
    seed,
  });
  const { tensors, facts } = await runStage(learning, stage, async ({ checkpoint }) => {
    const {
      weights,
      residual,
      table,
      epochs,
      validationNdcg = 0,
    } = await learnAdapter(view, backbone, split.train, {
      ...recommender,
      ...options,
      stopping: { kind: 'early', validation: split.validation, steps, patience },
      seed: `${seed}/${name}`,
      checkpoint,
      progress,
      name: `adaptation ${m}/${members}: ${view.map((block) => block.name).join(' + ')}`,
    });
    const tensors = [
      ...weights,
      ['residual', matrix(residual, width)],
      ['table', matrix(table, width)],
    ] as const;
    return { tensors: new Map(tensors), facts: { epochs, validationNdcg } };
  });
  const weights = new Map([...tensors].filter(([key]) => key.startsWith('adapter.')));
  return {
    key: stage.key,
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
function viewOfMember(blocks: readonly KeyedBlock[], m: number, leadingRows: number): readonly KeyedBlock[] {
  const alone = blocks.filter(({ rowLength }) => rowLength === leadingRows).map((block) => [block]);
  const views = blocks.length > 1 ? [blocks, ...alone] : [blocks];
  return views[(m - 1) % views.length];
}
