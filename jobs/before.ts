// What a fit knows from an earlier one, by the rows of its own catalogue. The fit on all interactions has the
// number of epochs and the meaning of the categories from the one that was measured; a night goes on from the
// last version's values.
import type { BlockScaling } from '../src/embeddings/item-features.ts';
import type { NamedTensor } from '../src/formats/safetensors.ts';
import type { RememberedRows } from '../src/language-model/reading/remembered.ts';
import type { Values } from '../src/network/scope.ts';

export interface Before {
  readonly recommender: RecommenderBefore;
  readonly categories: CategoriesBefore;
  /** Absent where the language model was tuned elsewhere. */
  readonly tuning?: TuningBefore;
  readonly adaptation: AdaptationBefore;
  /** In a night what was fitted on items' words stays as it is. */
  readonly words?: WordsBefore;
  /** What a model has read before it reads the same again. */
  readonly read?: ReadBefore;
}

export interface RecommenderBefore {
  readonly key: string;
  readonly epochs: number;
  /** [N, d]; zeros where an item had none that means anything. The new vectors are turned onto these. */
  readonly itemVectors: NamedTensor;
  /** What the training goes on from. */
  readonly start?: Values;
}

export interface CategoriesBefore {
  readonly key: string;
  /** [K, d] */
  readonly centroids: NamedTensor;
  /** [N]; items that have one keep it. */
  readonly categories: Int32Array;
}

export interface TuningBefore {
  readonly epochs: number;
  /** In a night: what stays as it is. */
  readonly tuned?: { readonly key: string; readonly adapterFolder: string; readonly modelFolder: string };
}

export interface AdaptationBefore {
  readonly key: string;
  /** Of each member. */
  readonly members: readonly { readonly epochs: number; readonly start?: Values }[];
  /** Of a night: what features are centred by. */
  readonly scalings?: readonly BlockScaling[];
  /** The vectors of the last version [N, d], zeros where it had none: the new ones are turned onto these. */
  readonly published?: { readonly key: string; readonly embeddings: Float32Array };
}

export interface WordsBefore {
  /** The stage of each block, and where its model lies. */
  readonly text: readonly { readonly key: string; readonly folder: string }[];
}

/** What a model of this key has read. */
export interface ReadBefore extends RememberedRows {
  readonly model: string;
}
