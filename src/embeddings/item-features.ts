// What is known of an item, as one row: blocks of features side by side (text features, hidden vectors of the
// language model), each centred and with rows of a length of its own, so that no block drowns another and the
// common direction of language-model vectors is gone (WhitenRec, arXiv 2402.10602).
// Legend: N items, F features of a block.

export interface FeatureBlock {
  readonly name: string;
  /** Features an item. */
  readonly width: number;
  /** [N, F]. */
  readonly values: Float32Array;
  /** What its rows are scaled to: how loud it is beside the others. */
  readonly rowLength: number;
}

/** What the adaptation was fitted with, by block: cold items get the same. */
export interface BlockScaling {
  readonly name: string;
  /** Column means over the items of the fit [F]. */
  readonly mean: Float32Array;
  readonly rowLength: number;
}

export function blockScalings(blocks: readonly FeatureBlock[]): BlockScaling[] {
  return blocks.map(({ name, width, values, rowLength }) => {
    const rows = values.length / width;
    const mean = new Float64Array(width);
    for (let i = 0; i < values.length; i++) mean[i % width] += values[i] / rows;
    return { name, mean: Float32Array.from(mean), rowLength };
  });
}

/**
 * Blocks -> [N, sum of F]: centred, rows scaled to the block's length, side by side. A row that equals the
 * mean stays zero.
 */
export function joinBlocks(blocks: readonly FeatureBlock[], scalings: readonly BlockScaling[]): Float32Array {
  const N = blocks[0].values.length / blocks[0].width;
  const total = blocks.reduce((sum, { width }) => sum + width, 0);
  const joined = new Float32Array(N * total);
  let offset = 0;
  blocks.forEach(({ name, width, values }, b) => {
    const { mean, rowLength } = scalings[b];
    if (scalings[b].name !== name || mean.length !== width) {
      throw new Error(
        `internal: the adaptation was fitted on ${scalings[b].name} [${mean.length}], got ${name} [${width}]`,
      );
    }
    for (let i = 0; i < N; i++) {
      let squares = 0;
      for (let j = 0; j < width; j++) squares += (values[i * width + j] - mean[j]) ** 2;
      const scale = squares > 1e-12 ? rowLength / Math.sqrt(squares) : 0;
      for (let j = 0; j < width; j++)
        joined[i * total + offset + j] = (values[i * width + j] - mean[j]) * scale;
    }
    offset += width;
  });
  return joined;
}
