// What a server may give as embeddings, and what is refused. One wrong number refuses its whole batch.
// Legend: n texts, H width.
import type { Refuse } from './client.ts';

export interface EmbeddingRows {
  /** [n, H] */
  readonly vectors: Float32Array;
  readonly width: number;
}

const SEE_TO_IT = 'see to its server, or use another';

/**
 * A list of rows, as TEI and Hugging Face's pipelines answer, or OpenAI's `{ data: [{ index, embedding }] }`,
 * whose rows are put in the order of their indices.
 */
export function embeddingRows(answer: unknown, n: number, refuse: Refuse): EmbeddingRows {
  const data = (answer as { data?: unknown } | null)?.data;
  const rows = Array.isArray(data) ? inOrder(data, refuse) : answer;
  if (!Array.isArray(rows) || typeof rows[0] === 'number') {
    throw refuse(
      'gave no list of vectors',
      'use the URL of a feature-extraction endpoint, such as that of TEI',
    );
  }
  if (rows.length !== n) throw refuse(`gave ${rows.length} vectors for ${n} texts`, SEE_TO_IT);
  const width = Array.isArray(rows[0]) ? rows[0].length : 0;
  const vectors = new Float32Array(n * width);
  rows.forEach((row, i) => {
    vectors.set(checkedRow(row, width, refuse), i * width);
  });
  return { vectors, width };
}

function checkedRow(row: unknown, width: number, refuse: Refuse): Float32Array {
  if (!Array.isArray(row) || row.length === 0)
    throw refuse('gave something else than a list of numbers a text', SEE_TO_IT);
  if (row.some(Array.isArray)) {
    throw refuse(
      'gave a vector a token instead of one a text',
      'serve it with pooling, in TEI --pooling mean',
    );
  }
  if (row.length !== width)
    throw refuse(`gave vectors of ${width} and of ${row.length} numbers in one answer`, SEE_TO_IT);
  if (!row.every((value) => typeof value === 'number'))
    throw refuse('gave null or text where a number belongs', SEE_TO_IT);
  const vector = Float32Array.from(row);
  if (!vector.every(Number.isFinite))
    throw refuse('gave a number that is too large for a 32-bit float', SEE_TO_IT);
  if (vector.every((value) => value === 0))
    throw refuse('gave a vector of zeros for a text that is not empty', SEE_TO_IT);
  return vector;
}

function inOrder(data: readonly unknown[], refuse: Refuse): unknown[] {
  const rows = new Array<unknown>(data.length);
  for (const entry of data as ({ index?: unknown; embedding?: unknown } | null)[]) {
    const index = entry?.index;
    if (typeof index !== 'number' || !(index in data) || rows[index] !== undefined) {
      throw refuse(`gave rows whose indices are not 0 to ${data.length - 1}, each once`, SEE_TO_IT);
    }
    rows[index] = entry?.embedding ?? null;
  }
  return rows;
}

/** Of a vector's length, since servers compute a batch a little differently than a single text. */
const SURELY_EQUAL = 0.01;
const SURELY_ANOTHER = 0.1;

/**
 * Whether the row in a text's place is the vector of that text when it is asked for alone: near to it, and
 * nearer than any other row of the batch. Rows may come in an order of their own, whatever numbers they have,
 * or be those of another batch.
 */
export function standsAt(place: number, alone: Float32Array, rows: Float32Array): boolean {
  const H = alone.length;
  const length = distance(alone, new Float32Array(H));
  const distances = Array.from({ length: rows.length / H }, (_, i) =>
    distance(alone, rows.subarray(i * H, (i + 1) * H)),
  );
  const here = distances[place];
  return here <= Math.max(SURELY_EQUAL * length, Math.min(...distances)) && here <= SURELY_ANOTHER * length;
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, h) => sum + (value - b[h]) ** 2, 0));
}
