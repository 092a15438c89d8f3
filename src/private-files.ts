// What only the user who runs tslrec may read: data of people, and files that another user could make
// unreadable by writing into them. A path is named once; what is there already is tightened, and files.ts
// makes everything under it with these modes, whatever the umask is.
import { chmodSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
const OPEN_TO_OTHERS = 0o077;

const privatePaths = new Set<string>();

/** Keeps a folder with all that is in it, or a file, to its owner; it need not exist yet. */
export function keepPrivate(place: string): void {
  privatePaths.add(path.resolve(place));
  tighten(place);
}

/** For a folder that is to be made; the umask applies to others than private ones. */
export const folderMode = (folder: string): number => (isPrivate(folder) ? PRIVATE_FOLDER : 0o777);

/** For a file that is to be made. */
export const fileMode = (file: string): number => (isPrivate(file) ? PRIVATE_FILE : 0o666);

function isPrivate(place: string): boolean {
  for (let above = path.resolve(place); above !== path.dirname(above); above = path.dirname(above))
    if (privatePaths.has(above)) return true;
  return false;
}

/** Links are left alone: what they lead to may be anybody's. */
function tighten(place: string): void {
  if (!existsSync(place)) return;
  const found = lstatSync(place);
  if (found.isSymbolicLink()) return;
  if ((found.mode & OPEN_TO_OTHERS) !== 0)
    chmodSync(place, found.isDirectory() ? PRIVATE_FOLDER : PRIVATE_FILE);
  if (found.isDirectory()) for (const name of readdirSync(place)) tighten(path.join(place, name));
}
