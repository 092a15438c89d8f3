// Item vectors as another recommender's training left them: a .npy or .safetensors file -> the table in it,
// row by row as it stands there. Whose vectors the rows are is the id list's to say (id-list.ts).
import path from 'node:path';
import { TslrecError } from '../errors.ts';
import { sha256OfFiles } from '../file-hash.ts';
import { readNpy } from './npy.ts';
import { type NamedTensor, type OpenSafetensors, openSafetensors } from './safetensors.ts';

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
  const read = READERS[path.extname(file)];
  if (read === undefined) {
    throw new TslrecError(
      'bad-data',
      `${file}: got a file of another kind, expected .npy or .safetensors; save the item vectors with ` +
        'np.save or safetensors.numpy.save_file',
    );
  }
  const { vectors, ids } = await read(file);
  const [rows, width] = vectors.shape;
  if (rows === 0 || width === 0) {
    throw new TslrecError(
      'bad-data',
      `${file}: got ${rows} rows of ${width} numbers, expected at least one of each; save the item vectors ` +
        'again',
    );
  }
  return { file, sha256: await sha256OfFiles([file]), vectors, ids };
}

type Reader = (file: string) => Promise<Pick<VectorFile, 'vectors' | 'ids'>>;

const SHOWN_TENSORS = 5;

/** They look at the header before they read what it tells of. */
const READERS: Readonly<Record<string, Reader>> = {
  '.npy': async (file) => ({ vectors: await readNpy(file) }),
  '.safetensors': async (file) => {
    const opened = await openSafetensors(file);
    try {
      return { vectors: await opened.tensor(tableOf(opened, file)), ids: opened.metadata.ids };
    } finally {
      await opened.close();
    }
  },
};

function tableOf({ shapes }: OpenSafetensors, file: string): string {
  const tables = [...shapes.keys()].filter((name) => shapes.get(name)!.length === 2);
  const name = tables.length === 1 ? tables[0] : TABLE_NAMES.find((known) => tables.includes(known));
  if (name === undefined) {
    const got = Array.from(shapes, ([key, shape]) => `${key} [${shape.join(', ')}]`).slice(0, SHOWN_TENSORS);
    const others = shapes.size > SHOWN_TENSORS ? ` and ${shapes.size - SHOWN_TENSORS} more` : '';
    throw new TslrecError(
      'bad-data',
      `${file}: got ${got.length === 0 ? 'no tensors' : `the tensors ${got.join(', ')}${others}`}, ` +
        `expected one that is 2-d, or one of several called ${TABLE_NAMES.join(', ')}; save the table of ` +
        'item vectors alone',
    );
  }
  return name;
}
