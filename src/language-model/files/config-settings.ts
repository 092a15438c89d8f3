// What the config.json of all architectures have in common.
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import type { ModelSizes } from '../../network/transformer/model-sizes.ts';

/** What a message about config.json ends in. */
export const ADVICE = 'give a folder whose model is computed in that way, or correct it';

export const count = z.int().positive();
export const positive = z.number().positive();
/**
 * The largest open models (2026) have an eighth of these at most, but of layers: they have up to 126, and the
 * time that ONNX Runtime takes to open a graph grows with their square, from 2 s for 128.
 */
export const upTo = (most: number) => count.max(most);

/** A setting of which only these values are computed here; where it is left out, it is one of them. */
export const only = <const Values extends readonly (string | number | boolean | null)[]>(...values: Values) =>
  z.literal(values).optional();

/** What the config.json of any architecture has, under its own names. */
export const SIZES = {
  vocab_size: upTo(2 ** 22),
  hidden_size: upTo(2 ** 17),
  intermediate_size: upTo(2 ** 20),
  num_hidden_layers: upTo(128),
  num_attention_heads: upTo(512),
  max_position_embeddings: upTo(1e8),
} satisfies Record<keyof ModelSizes, z.ZodType<number>>;

/** Settings of any folder that make its model another one. */
export const PLAIN = {
  quantization_config: only(null), // weights that are not the numbers they stand for
  auto_map: only(null), // code of the folder's own
};

/** Of any width inside a layer to the hidden size; models have up to 8. */
const WIDEST_RATIO = 32;

/** Narrow weights of very wide layers would make small files that take gigabytes to compute. */
export function checkWidths(
  file: string,
  { hidden_size, intermediate_size }: ModelSizes,
  attentionWidth = hidden_size,
): void {
  const widest = Math.max(intermediate_size, attentionWidth);
  if (widest <= WIDEST_RATIO * hidden_size) return;
  throw new TslrecError(
    'bad-data',
    `${file}: got layers of ${widest} numbers inside for a hidden_size of ${hidden_size}, expected at most ` +
      `${WIDEST_RATIO} times as many; ${ADVICE}.`,
  );
}
