// What a layout is: a form that people's folders have, known by what lies in them.
import type { Catalogue } from '../interactions/catalogue.ts';
import type { BadRows } from '../tables/bad-rows.ts';
import type { Folder } from './folder.ts';
import type { FilterChoices } from './interaction-filter.ts';
import type { ReadInteractions } from './interaction-rows.ts';

export interface Layout {
  /** As people call it. */
  readonly name: string;
  /** Which files it has, for messages. */
  readonly files: string;
  /** Plain names (folder.ts) of files that belong to this layout: another one does not pass them over. */
  readonly owns: readonly RegExp[];
  /** Undefined where the folder has another layout. Throws 'bad-data' where a file may be one of two. */
  find(folder: Folder): Promise<Found | undefined>;
}

/** The files of a folder whose layout is known. */
export interface Found {
  /** The names of the files that are read, those of the interactions first. */
  readonly read: readonly string[];
  /** Sentences, for people, that are known before anything is read. */
  readonly notes?: readonly string[];
  /** Throws 'bad-data' on the first bad row, where such are not skipped. */
  contents(filters: FilterChoices, badRows: BadRows): Promise<Contents>;
}

/** All that is in a folder of data. */
export interface Contents extends ReadInteractions {
  readonly catalogue: Catalogue;
}
