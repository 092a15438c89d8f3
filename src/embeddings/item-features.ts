// What is known of an item, as one row: blocks of features side by side (text features, hidden vectors of the
// language model), each centred and with rows of one length, so that no block drowns another and the common
// direction of language-model vectors is gone (WhitenRec, arXiv 2402.10602).
// Legend: N items, F features of a block.

export interface FeatureBlock {
  readonly name: string;
  /** Features an item. */
  readonly width: number;
  /** [N, F]. */
  readonly values: Float32Array;
}

/** Column means over the items that the adaptation was fitted on, by block: cold items use the same ones. */
export interface BlockMean {
  readonly name: string;
  readonly mean: Float32Array;
}

export function blockMeans(blocks: readonly FeatureBlock[]): BlockMean[] {
  return blocks.map(({ name, width, values }) => {
    const rows = values.length / width;
    const mean = new Float64Array(width);
    for (let i = 0; i < values.length; i++) mean[i % width] += values[i] / rows;
    return { name, mean: Float32Array.from(mean) };
  });
}

/**
 * The length of a block's rows: long enough for the adapter's GELU to bend. On amazon-industrial validation
 * NDCG@10 was .1133 with 1, .1163 with 8 and .1129 with 20 (docs/LOG.md).
 */
const ROW_LENGTH = 8;

/** Blocks -> [N, sum of F]: centred, rows scaled to one length, side by side. A row that equals the mean stays zero. */
export function joinBlocks(blocks: readonly FeatureBlock[], means: readonly BlockMean[]): Float32Array {
  const N = blocks[0].values.length / blocks[0].width;
  const total = blocks.reduce((sum, { width }) => sum + width, 0);
  const joined = new Float32Array(N * total);
  let offset = 0;
  blocks.forEach(({ name, width, values }, b) => {
    const { mean } = means[b];
    if (means[b].name !== name || mean.length !== width) {
      throw new Error(
        `internal: the adaptation was fitted on ${means[b].name} [${mean.length}], got ${name} [${width}]`,
      );
    }
    for (let i = 0; i < N; i++) {
      let squares = 0;
      for (let j = 0; j < width; j++) squares += (values[i * width + j] - mean[j]) ** 2;
      const scale = squares > 1e-12 ? ROW_LENGTH / Math.sqrt(squares) : 0;
      for (let j = 0; j < width; j++) joined[i * total + offset + j] = (values[i * width + j] - mean[j]) * scale;
    }
    offset += width;
  });
  return joined;
}
