// A version folder into a store, where it is then what readers get.
import { type FolderPublication, openStore, type StoreOptions } from '../src/storage/store.ts';
import { checkVersionFolder } from '../src/storage/version-folder.ts';

export interface ImportVersionOptions extends Pick<StoreOptions, 'folder' | 'schema' | 'log'> {
  /** The folder that `export-version` has written. */
  readonly input: string;
  /** A folder or a `postgres://` URL; made if it is not there. */
  readonly store: string;
}

export async function importVersion({
  input,
  store: location,
  ...options
}: ImportVersionOptions): Promise<FolderPublication> {
  await checkVersionFolder(input); // a mistake leaves no store behind
  const store = await openStore(location, { ...options, migrate: true });
  try {
    return await store.publishFolder(input);
  } finally {
    await store.close();
  }
}
