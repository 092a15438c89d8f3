// What a store keeps in its folder is its owner's alone: PGlite's data, index files, encoders, what the
// stages leave, rows that were skipped, and the lock. So is the folder itself where tslrec makes it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { keepPrivate } from '../private-files.ts';

/** Rows that `--on-bad-row=skip` left out. */
export const SKIPPED_ROWS = 'skipped-rows.jsonl';

const PRIVATE = [
  ...[
    'database',
    'database.unfinished',
    'indexes',
    'encoders',
    'work',
    'runs',
    'drafts',
    SKIPPED_ROWS,
    'lock',
    'lock-owner',
  ],
];

/**
 * Before anything is made in it; what an earlier version left open to others is closed. A folder that is not
 * there will be the store's alone; one that is there may hold what others read.
 */
export function keepStoreFolderPrivate(folder: string): void {
  if (!existsSync(folder)) keepPrivate(folder);
  for (const name of PRIVATE) keepPrivate(path.join(folder, name));
}
