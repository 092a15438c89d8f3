// The options that name item vectors of a recommender that somebody runs, and what they name together.
import { Option } from 'commander';
import type { SrsFiles } from '../../jobs/stages/srs-embeddings.ts';
import { TslrecError } from '../errors.ts';

export interface SrsOptions {
  readonly srsEmbeddings?: string;
  readonly srsIds?: string;
}

export const srsEmbeddingsOption = () =>
  new Option(
    '--srs-embeddings <file>',
    'item vectors of a recommender that you run (.npy, .safetensors), in place of the built-in pre-training',
  );
export const srsIdsOption = () =>
  new Option(
    '--srs-ids <file>',
    'the item ids of their rows, one a line or a .json array; by default the file beside them, as ' +
      'NAME.ids.txt',
  );

/** Ids alone say nothing. */
export function srsFiles({ srsEmbeddings: embeddings, srsIds: ids }: SrsOptions): SrsFiles | undefined {
  if (embeddings !== undefined) return { embeddings, ids };
  if (ids === undefined) return undefined;
  throw new TslrecError(
    'bad-request',
    '--srs-ids is given without --srs-embeddings, whose rows it names; give both, or neither',
  );
}
