// The encoders that versions were published with: `encoders/<version>/`, opaque here, a folder of files that
// the version's manifest lists.
import path from 'node:path';
import { TslrecError } from '../errors.ts';
import { writeFolderAtomically } from '../files.ts';
import { nameOfFiles } from './ids.ts';
import { copyFiles, type ListedFiles, wrongFile } from './listed-files.ts';
import type { Version } from './versions.ts';

export const encodersFolder = (folder: string): string => path.join(folder, 'encoders');

const folderOf = (folder: string, versionId: string): string =>
  path.join(encodersFolder(folder), nameOfFiles(versionId, 'an encoder'));

/** Whole or not at all, in place of what a publication that was killed has left. */
export async function writeEncoderFolder(
  folder: string,
  versionId: string,
  source: string,
): Promise<ListedFiles> {
  let files: ListedFiles = {};
  await writeFolderAtomically(folderOf(folder, versionId), async (temporary) => {
    files = await copyFiles(source, temporary);
    return {};
  });
  return files;
}

/** What is wrong with the encoder of a version that has one; undefined where nothing is. */
export async function wrongEncoder(folder: string, { id, manifest }: Version): Promise<string | undefined> {
  const place = folderOf(folder, id);
  return manifest.encoder && (await wrongFile(place, manifest.encoder.files));
}

/** The folder with a version's encoder in it, its files found to be those that were published. */
export async function encoderFolderOf(folder: string, version: Version): Promise<string> {
  if (!version.manifest.encoder) {
    throw new TslrecError(
      'not-found',
      `Version ${version.id} has no encoder: it was published without one; run \`npx tslrec refresh\`.`,
    );
  }
  const wrong = await wrongEncoder(folder, version);
  if (wrong === undefined) return folderOf(folder, version.id);
  throw new TslrecError(
    'unavailable',
    `The encoder of version ${version.id} cannot be used: ${wrong}; run \`npx tslrec export-version ` +
      `--version ${version.id}\` on a machine that has it, such as the one that published it, and ` +
      '`npx tslrec import-version` here.',
  );
}
