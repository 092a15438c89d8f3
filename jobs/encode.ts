// Items in, embeddings out: what a version's encoder makes of any items, seen or not.
import path from 'node:path';
import { loadItemEncoder } from '../src/embeddings/item-encoder.ts';
import { writeFileAtomically } from '../src/files.ts';
import { encodeNpy } from '../src/formats/npy.ts';
import { readItemFile } from '../src/layouts/tslrec.ts';
import type { Progress } from '../src/progress.ts';
import { encoderFolderOf } from '../src/storage/encoder-folder.ts';
import { openStore, type StoreOptions, type Version } from '../src/storage/store.ts';
import { checkReplaceable, prepareOutput } from './outputs/output-file.ts';
import { isNeverOwn } from './outputs/own-outputs.ts';

export interface EncodeOptions extends Pick<StoreOptions, 'schema' | 'log'> {
  /** One item a line, as in items.jsonl. */
  readonly items: string;
  /** The .npy file; beside it the ids of its rows, and what the items' categories are. */
  readonly output: string;
  /** The active one where it is left out. */
  readonly version?: string;
  /** A folder or a `postgres://` URL. */
  readonly store: string;
  /** Where the files of the store are. */
  readonly folder: string;
  /** Where the language model lies on this machine, if the encoder only names it. */
  readonly base?: string;
  readonly accessToken?: string;
  /** Whether files of these names are replaced. */
  readonly force?: boolean;
  readonly progress: Progress;
}

export interface EncodeResult {
  readonly version: string;
  readonly output: string;
  readonly ids: string;
  /** [n, K], the language model's distributions over the version's categories. */
  readonly categories: string;
  readonly items: number;
  readonly width: number;
}

export async function encode(options: EncodeOptions): Promise<EncodeResult> {
  const { output, folder, base, accessToken, progress, force = false } = options;
  prepareOutput(output, '.npy');
  const { dir, name } = path.parse(output);
  const ids = path.join(dir, `${name}.ids.txt`);
  const categories = path.join(dir, `${name}.categories.npy`);
  const files = [output, ids, categories].map((file) => ({ file, isOwn: isNeverOwn }));
  await checkReplaceable(files, force);
  const items = await readItemFile(options.items);
  const version = await versionOf(options);
  const encoder = await loadItemEncoder(await encoderFolderOf(folder, version), {
    base,
    hubFolder: folder,
    accessToken,
    progress,
  });
  const encoded = await encoder.encode(items).finally(() => encoder.release());
  await checkReplaceable(files, force);
  const { width, categoryCount } = encoder;
  const rows = items.length;
  writeFileAtomically(
    ids,
    items.map(({ itemId }) => `${itemId}\n`),
  );
  writeFileAtomically(categories, encodeNpy({ shape: [rows, categoryCount], values: encoded.categories }));
  writeFileAtomically(output, encodeNpy({ shape: [rows, width], values: encoded.embeddings }));
  return { version: version.id, output, ids, categories, items: rows, width };
}

async function versionOf({ store: location, version, folder, schema, log }: EncodeOptions): Promise<Version> {
  const store = await openStore(location, { folder, schema, log });
  try {
    return await store.version(version);
  } finally {
    await store.close();
  }
}
