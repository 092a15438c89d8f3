// How much memory a step of tuning needs beside the weights: mostly the hidden states of every layer, kept
// for the way back.
import type { Architecture } from '../architecture.ts';

/**
 * Bytes a token of a text of L tokens, about: of each layer some 16 rows of the hidden size, 6 of the
 * intermediate size and 2 of attention weights a head. Measured on a Llama of 4 blocks and d 256
 * (docs/LOG.md, "A step of LoRA fine-tuning").
 */
function bytesOfToken({ config }: Architecture, L: number): number {
  const {
    num_hidden_layers: layers,
    hidden_size: H,
    intermediate_size: M,
    num_attention_heads: heads,
  } = config;
  return 4 * layers * (16 * H + 6 * M + 2 * heads * L);
}

/**
 * How many tokens of texts of L tokens a step may read at once to stay below so many bytes; one text at
 * least.
 */
export const tokensWithin = (bytes: number, architecture: Architecture, L: number): number =>
  Math.max(L, Math.floor(bytes / bytesOfToken(architecture, L)));
