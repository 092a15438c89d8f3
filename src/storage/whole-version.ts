// A version as it leaves a store: its rows, held against its manifest as for serving, the run that made it,
// and its encoder.
import { TslrecError } from '../errors.ts';
import type { Query } from './database.ts';
import { encoderFolderOf } from './encoder-folder.ts';
import { selectRunRecord } from './runs.ts';
import type { WholeVersion } from './version-folder.ts';
import { readVersionDraft } from './version-rows.ts';
import type { Version } from './versions.ts';

export async function readWholeVersion(
  query: Query,
  folder: string,
  version: Version,
): Promise<WholeVersion> {
  const { id, manifest } = version;
  const encoder = manifest.encoder && (await encoderFolderOf(folder, version));
  const draft = await readVersionDraft(query, version).catch((error) => {
    if (!(error instanceof TslrecError) || error.code === 'unavailable') throw error;
    const found = error.message.replace(/\.$/, '');
    throw new TslrecError(
      'unavailable',
      `Version ${id} is refused: ${found}; restore its rows in the database, or export another version.`,
    );
  });
  const run = await selectRunRecord(query, id);
  return { draft: { ...draft, encoder }, run, createdAt: manifest.createdAt };
}
