// What the config.json of all architectures have in common.
import * as z from 'zod';

/** What a message about config.json ends in. */
export const ADVICE = 'give a folder whose model is computed in that way, or correct it';

export const count = z.int().positive();
export const positive = z.number().positive();

/** A setting of which only these values are computed here; where it is left out, it is one of them. */
export const only = <const Values extends readonly (string | number | boolean | null)[]>(...values: Values) =>
  z.literal(values).optional();

/** What the config.json of any architecture has, under its own names. */
export const SIZES = {
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  max_position_embeddings: count,
};
export type ModelSizes = Readonly<Record<keyof typeof SIZES, number>>;

/** Settings of any folder that make its model another one. */
export const PLAIN = {
  quantization_config: only(null), // weights that are not the numbers they stand for
  auto_map: only(null), // code of the folder's own
};
