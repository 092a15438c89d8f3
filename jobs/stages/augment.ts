// Stage: item features -> adapters, learnt through SASRec's own loss from several seeds and views of the
// features, each a stage of its own -> one merged adaptation -> enhanced embeddings.
import path from 'node:path';
import { type Adaptation, applyAdaptation, saveAdaptation } from '../../src/embeddings/adaptation.ts';
import type { LearntAdapter } from '../../src/embeddings/fit-adaptation.ts';
import { blockScalings, type FeatureBlock } from '../../src/embeddings/item-features.ts';
import { mergeAdapters, widenAdapter } from '../../src/embeddings/merge-adapters.ts';
import { rotateRows } from '../../src/embeddings/procrustes.ts';
import { type VectorQuality, vectorQuality } from '../../src/embeddings/quality.ts';
import type { AdaptationBefore } from '../before.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, matrix, prefixed, runStage, type Stage, stageFolder, withPrefix } from '../stage.ts';
import { sideBySide, type Train } from '../trainings/side-by-side.ts';
import { backboneOf } from '../trainings/tasks.ts';
import { backboneInputs, rotationOnto } from './pretrain-recommender.ts';

/** Features, and the stage that they are of. */
export interface KeyedBlock extends FeatureBlock {
  readonly key: string;
}

export interface Augmented {
  readonly stage: Stage;
  /** Enhanced embeddings [N, d]. */
  readonly embeddings: Float32Array;
  /** What of them is each item's own, beside what the adaptation makes of its features [N, d]. */
  readonly residual: Float32Array;
  /** What turns features of any item, a cold one too, into an embedding. */
  readonly adaptationFile: string;
  readonly quality: VectorQuality;
  /**
   * NDCG@10 on validation of the recommenders that the adapters were learnt through, their mean; absent where
   * nothing was held out.
   */
  readonly validationNdcg?: number;
  readonly members: readonly AdapterMember[];
}

export interface AdapterMember extends LearntAdapter {
  readonly stage: Stage;
}

/** `name` names the stages: the evaluation adapts its text arm in the very same way. */
export async function augment(
  learning: Learning,
  name: string,
  blocks: readonly KeyedBlock[],
  before?: AdaptationBefore,
): Promise<Augmented> {
  const { preset, backbone, lesson } = learning;
  const { width } = backbone;
  const scalings = before?.scalings ?? blockScalings(blocks);
  const numbers = Array.from({ length: preset.adaptation.members }, (_, i) => i + 1);
  const members = await sideBySide(learning, numbers, (m, train) =>
    adapterMember(learning, name, blocks, m, train, before),
  );
  const published = before?.published;
  const stage = defineStage(`${name}${lesson.suffix}`, 2, {
    members: members.map(({ stage }) => stage.key),
    turnedOnto: published?.key,
  });
  const { tensors, facts } = await runStage(learning, stage, async ({ folder }) => {
    const merged = mergeAdapters(members, width);
    const raw = { scalings, weights: merged.weights };
    const adapted = await applyAdaptation(raw, blocks);
    const table = adapted.map((x, i) => x + merged.residual[i]);
    const rotation = published && rotationOnto(table, published.embeddings, width);
    const turn = (rows: Float32Array) => (rotation ? rotateRows(rows, rotation) : rows);
    saveAdaptation(adaptationIn(folder), turnedAdaptation(raw, turn));
    const embeddings = turn(table);
    const measured = members.flatMap(({ validationNdcg }) => validationNdcg ?? []);
    return {
      tensors: new Map([
        ['embeddings', matrix(embeddings, width)],
        ['residual', matrix(turn(merged.residual), width)],
      ]),
      facts: {
        quality: vectorQuality(embeddings, width),
        validationNdcg:
          measured.length > 0 ? measured.reduce((sum, ndcg) => sum + ndcg, 0) / measured.length : undefined,
      },
    };
  });
  return {
    stage,
    embeddings: tensors.get('embeddings')!.values,
    residual: tensors.get('residual')!.values,
    adaptationFile: adaptationIn(stageFolder(learning, stage)),
    members,
    ...facts,
  };
}

/** Its last layer is linear: turned, it gives the same embeddings turned. */
function turnedAdaptation(
  { scalings, weights }: Adaptation,
  turn: (rows: Float32Array) => Float32Array,
): Adaptation {
  const turned = ['adapter.outer.weight', 'adapter.outer.bias'].map((name) => {
    const { shape, values } = weights.get(name)!;
    return [name, { shape, values: turn(values) }] as const;
  });
  return { scalings, weights: new Map([...weights, ...turned]) };
}

const adaptationIn = (folder: string): string => path.join(folder, 'adaptation.safetensors');

async function adapterMember(
  learning: Learning,
  augmentation: string,
  blocks: readonly KeyedBlock[],
  m: number,
  train: Train,
  before?: AdaptationBefore,
): Promise<AdapterMember> {
  const { split, preset, backbone, lesson, seed } = learning;
  const { members, leadingRows, companionRows, ...options } = preset.adaptation;
  const { steps, patience, ...recommender } = preset.recommender;
  const { width } = backbone;
  const view = viewOfMember(blocks, m, leadingRows);
  const chosen = before?.members[m - 1];
  const stage = defineStage(`${augmentation}${lesson.suffix}-${m}`, 1, {
    blocks: view.map(({ key, rowLength }) => ({ key, rowLength })),
    ...backboneInputs(learning),
    adaptation: options,
    before: before && { key: before.key, epochs: chosen!.epochs },
    seed,
  });
  type Facts = Pick<LearntAdapter, 'epochs' | 'validationNdcg'>;
  const { tensors, facts } = await runStage<Facts>(learning, stage, async ({ checkpoint }) => {
    const { weights, residual, table, values, epochs, validationNdcg } = await train('adapter', {
      backbone: backboneOf(backbone),
      blocks: view,
      lesson,
      options: {
        ...recommender,
        ...options,
        scalings: before?.scalings?.filter(({ name }) => view.some((block) => block.name === name)),
        stopping: chosen
          ? { kind: 'epochs', epochs: chosen.epochs }
          : { kind: 'early', validation: split.validation, steps, patience },
        start: chosen?.start,
        seed: `${seed}/${augmentation}-${m}`,
        checkpoint,
        name: `adaptation ${m}/${members}: ${view.map((block) => block.name).join(' + ')}`,
      },
    });
    const tensors = new Map([
      ...prefixed(weights, 'weights/'),
      ['residual', matrix(residual, width)],
      ['table', matrix(table, width)],
      ...prefixed(values, 'values/'),
    ]);
    return { tensors, facts: { epochs, validationNdcg } };
  });
  return {
    stage,
    weights: widenAdapter(withPrefix(tensors, 'weights/'), view, blocks),
    residual: tensors.get('residual')!.values,
    table: tensors.get('table')!.values,
    values: withPrefix(tensors, 'values/'),
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
