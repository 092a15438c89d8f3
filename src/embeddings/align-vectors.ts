// The rows of somebody's vector file, by their ids -> the rows of the catalogue. Either may know items that
// the other does not; what cannot be meant is refused: a list of another length than the table (what a
// padding row leads to), a number that is none, ids of another catalogue.
//   N items of the catalogue; R rows of the file, as many ids; width numbers a row, any number.
import { TslrecError } from '../errors.ts';
import type { IdList } from '../formats/id-list.ts';
import type { NamedTensor } from '../formats/safetensors.ts';
import type { VectorFile } from '../formats/vector-file.ts';
import type { Item } from '../interactions/dataset.ts';
import { createTextsApart } from '../language-model/pooled/texts-apart.ts';
import { shown } from '../tables/bad-rows.ts';

export interface AlignedVectors {
  /** [N, width]; zeros where an item has no vector. */
  readonly vectors: NamedTensor;
  /** Items whose row is zeros, whether the file has none for them or that one. */
  readonly itemsWithoutVector: number;
  /** Ids that the catalogue does not have. */
  readonly unknownIds: number;
}

export function alignVectors(
  { file, vectors: { shape, values } }: Pick<VectorFile, 'file' | 'vectors'>,
  { source, ids }: IdList,
  items: readonly Item[],
): AlignedVectors {
  const [, width] = shape;
  const rowAt = (row: number) => values.subarray(row * width, (row + 1) * width);
  checkRowCount(file, shape[0], source, ids.length, rowAt);
  checkNumbers(file, values, width, ids);

  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const known = items.filter(({ itemId }) => rowOf.has(itemId)).length;
  if (known === 0) {
    throw new TslrecError(
      'bad-data',
      `${source}: got ${ids.length} ids (the first is ${shown(ids[0])}), none of them in the catalogue ` +
        `(its first is ${shown(items[0].itemId)}); write the catalogue's own ids, not the row numbers of ` +
        'the recommender',
    );
  }
  const aligned = new Float32Array(items.length * width);
  let itemsWithoutVector = 0;
  items.forEach(({ itemId }, item) => {
    const row = rowOf.get(itemId);
    if (row === undefined || isZero(rowAt(row))) itemsWithoutVector++;
    else aligned.set(rowAt(row), item * width);
  });
  if (itemsWithoutVector === items.length) {
    throw new TslrecError(
      'bad-data',
      `${file}: got nothing but zeros in the rows of the ${known} items that the catalogue has, expected ` +
        'vectors with a direction; save the table after the training, and check that the ids are in the ' +
        'order of its rows',
    );
  }
  checkItemsApart(file, aligned, width);
  return {
    vectors: { shape: [items.length, width], values: aligned },
    itemsWithoutVector,
    unknownIds: ids.length - known,
  };
}

function checkRowCount(
  file: string,
  rows: number,
  source: string,
  idCount: number,
  rowAt: (row: number) => Float32Array,
): void {
  if (rows === idCount) return;
  let advice =
    'a recommender has rows for padding or masks beside those of items: save the table without them';
  if (isZero(rowAt(rows - 1))) advice = 'its last row is all zeros, as a padding row is: save table[:-1]';
  if (isZero(rowAt(0))) advice = 'its first row is all zeros, as a padding row is: save table[1:]';
  if (rows < idCount) advice = 'write both from the same table';
  throw new TslrecError(
    'bad-data',
    `${file}: got ${rows} rows, expected ${idCount}, one for each id in ${source}; ${advice}`,
  );
}

function checkNumbers(file: string, values: Float32Array, width: number, ids: readonly string[]): void {
  const place = values.findIndex((value) => !Number.isFinite(value));
  if (place === -1) return;
  const row = Math.floor(place / width);
  throw new TslrecError(
    'bad-data',
    `${file}: got ${values[place]} in row ${row}, column ${place % width} (both from 0), the vector of ` +
      `${shown(ids[row])}, expected numbers that float32 can hold; repair it, or leave the item out of ` +
      'both files',
  );
}

/** The categories are directions: where all items have one there is nothing to find. */
function checkItemsApart(file: string, aligned: Float32Array, width: number): void {
  const apart = createTextsApart();
  for (let start = 0; start < aligned.length; start += width) {
    const row = aligned.subarray(start, start + width);
    if (!isZero(row)) apart.add(String(start), row);
  }
  if (apart.texts < 2 || apart.areApart) return;
  throw new TslrecError(
    'bad-data',
    `${file}: got the same vector, or nearly, or multiples of it, for all of ${apart.texts} items of the ` +
      'catalogue, expected vectors that tell items apart; save the table after the training, without what ' +
      'all items share.',
  );
}

const isZero = (row: Float32Array): boolean => row.every((value) => value === 0);
