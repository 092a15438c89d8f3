// Item vectors as another recommender's training left them: a .npy or .safetensors file -> the table in it,
// row by row as it stands there. Whose vectors the rows are is the id list's to say (id-list.ts).
import { createHash } from 'node:crypto';
import path from 'node:path';
import { TslrecError } from '../errors.ts';
import { readNamedFile } from '../named-file.ts';
import { type NamedTensor, parseSafetensors } from '../network/safetensors.ts';
import { parseNpy } from './npy.ts';

export interface VectorFile {
  /** As the caller named it. */
  readonly file: string;
  readonly sha256: string;
  /** [rows, width]. */
  readonly vectors: NamedTensor;
  /** JSON that a safetensors file carries under `ids` in its metadata. */
  readonly ids?: string;
}

/** Which table is meant where a safetensors file holds several; the first of these that it has. */
const TABLE_NAMES = ['item_embeddings', 'embeddings', 'weight', 'items.weight'];

export async function readVectorFile(file: string): Promise<VectorFile> {
  const parse = PARSERS[path.extname(file)];
  if (parse === undefined) {
    throw new TslrecError(
      'bad-data',
      `${file}: got a file of another kind, expected .npy or .safetensors; save the item vectors with ` +
        'np.save or ' +
        'safetensors.numpy.save_file',
    );
  }
  const bytes = await readNamedFile(file);
  const { vectors, ids } = parse(bytes, file);
  const [rows, width] = vectors.shape;
  if (rows === 0 || width === 0) {
    throw new TslrecError(
      'bad-data',
      `${file}: got ${rows} rows of ${width} numbers, expected at least one of each; save the item vectors ` +
        'again',
    );
  }
  return { file, sha256: createHash('sha256').update(bytes).digest('hex'), vectors, ids };
}

type Parser = (bytes: Buffer, file: string) => Pick<VectorFile, 'vectors' | 'ids'>;

const PARSERS: Readonly<Record<string, Parser>> = {
  '.npy': (bytes, file) => ({ vectors: parseNpy(bytes, file) }),
  '.safetensors': (bytes, file) => {
    const { shapes, tensor, metadata } = parseSafetensors(bytes, file);
    const tables = [...shapes.keys()].filter((name) => shapes.get(name)!.length === 2);
    const name = tables.length === 1 ? tables[0] : TABLE_NAMES.find((known) => tables.includes(known));
    if (name === undefined) {
      const got = Array.from(shapes, ([key, shape]) => `${key} [${shape.join(', ')}]`).slice(
        0,
        SHOWN_TENSORS,
      );
      const others = shapes.size > SHOWN_TENSORS ? ` and ${shapes.size - SHOWN_TENSORS} more` : '';
      throw new TslrecError(
        'bad-data',
        `${file}: got ${got.length === 0 ? 'no tensors' : `the tensors ${got.join(', ')}${others}`}, expected one ` +
          `that is 2-d, or one of several called ${TABLE_NAMES.join(', ')}; save the table of item vectors alone`,
      );
    }
    return { vectors: tensor(name), ids: metadata.ids };
  },
};
const SHOWN_TENSORS = 5;
