// Stage: what people do, as a recommender that somebody already runs has learnt it. Its item vectors take the
// place of the built-in pre-training. They are read before anything else is done, and kept here as the
// catalogue orders them.
import { createHash } from 'node:crypto';
import path from 'node:path';
import { type AlignedVectors, alignVectors } from '../../src/embeddings/align-vectors.ts';
import { readIdList } from '../../src/formats/id-list.ts';
import { readVectorFile } from '../../src/formats/vector-file.ts';
import type { Item } from '../../src/interactions/dataset.ts';
import type { Learning } from '../experiment.ts';
import { defineStage, runStage, type Stage } from '../stage.ts';
import type { PretrainedRecommender } from './pretrain-recommender.ts';

export interface SrsFiles {
  /** .npy or .safetensors. */
  readonly embeddings: string;
  /** Found beside the embeddings, or in them, where it is not given. */
  readonly ids?: string;
}

export interface SrsEmbeddings extends AlignedVectors {
  /** sha256 over the aligned vectors: what the stages after this one depend on. */
  readonly hash: string;
  /** The file they are from, for lineage. */
  readonly source: { readonly file: string; readonly sha256: string };
}

export async function readSrsEmbeddings(files: SrsFiles, items: readonly Item[]): Promise<SrsEmbeddings> {
  const file = await readVectorFile(files.embeddings);
  const aligned = alignVectors(file, await readIdList(file, files.ids), items);
  const { shape, values } = aligned.vectors;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const hash = createHash('sha256').update(JSON.stringify(shape)).update(bytes).digest('hex');
  return { ...aligned, hash, source: { file: path.basename(file.file), sha256: file.sha256 } };
}

export const givenVectors = ({ hash }: SrsEmbeddings): Stage =>
  defineStage('srs-embeddings', 1, { vectors: hash });

export async function srsEmbeddings(learning: Learning, srs: SrsEmbeddings): Promise<PretrainedRecommender> {
  const { vectors, itemsWithoutVector, unknownIds } = srs;
  const stage = givenVectors(srs);
  const { tensors } = await runStage(learning, stage, async () => ({
    tensors: new Map([['itemVectors', vectors]]),
    facts: { itemsWithoutVector, unknownIds },
  }));
  return { stage, itemVectors: tensors.get('itemVectors')! };
}
