// A version as a folder: for a machine or a store that does not share this one's.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { TslrecError } from '../src/errors.ts';
import { openStore, type StoreOptions, type Version } from '../src/storage/store.ts';
import { checkVersionFolder, VERSION_FOLDER_NAMES } from '../src/storage/version-folder.ts';
import { checkReplaceable, prepareOutputFolder } from './outputs/output-file.ts';
import { isNeverOwn } from './outputs/own-outputs.ts';

export interface ExportVersionOptions extends Pick<StoreOptions, 'folder' | 'schema' | 'log'> {
  /** A folder or a `postgres://` URL. */
  readonly store: string;
  /** Its id; the active one if left out. */
  readonly version?: string;
  /** The folder that the version becomes. */
  readonly output: string;
  /** Whether a version folder that somebody has changed is replaced. */
  readonly force: boolean;
}

export async function exportVersion({
  store: location,
  version,
  output,
  force,
  ...options
}: ExportVersionOptions): Promise<Version> {
  const folder = path.resolve(output);
  prepareOutputFolder(output);
  await checkReplaceableFolder(folder, force);
  const store = await openStore(location, options);
  try {
    return await store.exportVersion(folder, version);
  } finally {
    await store.close();
  }
}

/** The folder is replaced as a whole: what is no part of a version would be lost, with --force too. */
async function checkReplaceableFolder(folder: string, force: boolean): Promise<void> {
  const names = readdirSync(folder).sort();
  const other = names.find((name) => !VERSION_FOLDER_NAMES.includes(name));
  if (other !== undefined) {
    throw new TslrecError(
      'bad-request',
      `--output: got ${folder}, in which ${other} is no part of a version, expected an empty folder or a ` +
        'new name; give another one.',
    );
  }
  if (await isWholeVersion(folder)) return;
  const files = names.map((name) => ({ file: path.join(folder, name), isOwn: isNeverOwn }));
  await checkReplaceable(files, force);
}

async function isWholeVersion(folder: string): Promise<boolean> {
  try {
    await checkVersionFolder(folder);
    return true;
  } catch {
    return false; // somebody has changed it, or it is none
  }
}
