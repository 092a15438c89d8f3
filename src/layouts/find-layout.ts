// A folder -> which layout it has and which of its files are read. Nothing that looks like items or
// interactions is passed over: what is not read, or might be meant as well, ends the reading by name.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { amazon2018 } from './amazon-2018.ts';
import { amazon2023 } from './amazon-2023.ts';
import { Folder, listed, plainName } from './folder.ts';
import type { Found, Layout } from './layout.ts';
import { findMapped, readableColumns } from './mapped.ts';
import { MAPPING_FILE, type Mapping } from './mapping.ts';
import { mind } from './mind.ts';
import { movieLens1M, movieLens100K } from './movielens.ts';
import { movieLensCsv } from './movielens-csv.ts';
import { recBole } from './recbole.ts';
import { retailRocket } from './retailrocket.ts';
import { sasRecText } from './sasrec-text.ts';
import { steam } from './steam.ts';
import { described, suggestion } from './suggestion.ts';
import { tslrec } from './tslrec.ts';

/** In the order in which they are looked for. */
const LAYOUTS: readonly Layout[] = [
  tslrec,
  movieLens100K,
  movieLens1M,
  movieLensCsv,
  recBole,
  retailRocket,
  mind,
  steam,
  amazon2018,
  amazon2023,
  sasRecText,
];

/** For messages. */
export const ACCEPTED = `${tslrec.files}, or the files of ${LAYOUTS.filter((layout) => layout !== tslrec)
  .map(({ name }) => name)
  .join('; ')}`;

/**
 * `mapping`: which columns say what, where somebody has said it; else the folder has to be of a layout that
 * is known. Throws 'bad-data' where it is not clear what is to be read.
 */
export async function findLayout(
  folder: Folder,
  mapping: Mapping | undefined,
): Promise<{ layout: string } & Required<Found>> {
  if (mapping !== undefined) {
    const found = await findMapped(folder, tablesIn(folder), mapping);
    return { layout: 'columns that are named', ...found, notes: notesOnOthers(folder, found.read) };
  }
  for (const layout of LAYOUTS) {
    const found = await layout.find(folder);
    if (found === undefined) continue;
    refusePassedOver(folder, found.read);
    const notes = [
      ...(layout === tslrec ? [] : [`Recognised: ${layout.name} (${listed(found.read)}).`]),
      ...(found.notes ?? []),
      ...notesOnOthers(folder, found.read),
    ];
    return { layout: layout.name, ...found, notes };
  }
  const { names } = folder;
  const tables = await readableColumns(folder, tablesIn(folder));
  if (tables.length > 0) return folder.refuse(described(tables), `${ACCEPTED}; or ${suggestion(tables)}`);
  const below = await layoutBelow(folder);
  if (below !== undefined) return folder.refuse(listed(names), below);
  const begun = LAYOUTS.filter((layout) => names.some((name) => owns(layout, name))).map(
    ({ name, files }) => `${files} (${name})`,
  );
  return folder.refuse(
    names.length === 0 ? 'nothing' : listed(names),
    begun.length === 0 ? ACCEPTED : begun.join(', or '),
  );
}

const owns = (layout: Layout, name: string): boolean =>
  layout.owns.some((form) => form.test(plainName(name)));

/** Which of the folders in it is meant, where one has a layout. */
async function layoutBelow({ path, names }: Folder): Promise<string | undefined> {
  for (const name of names) {
    const below = join(path, name);
    if (!statSync(below, { throwIfNoEntry: false })?.isDirectory()) continue;
    const folder = new Folder(below, ACCEPTED);
    for (const layout of LAYOUTS)
      if ((await layout.find(folder).catch(() => undefined)) !== undefined)
        return `the files themselves; ${name} has those of ${layout.name}: give that folder`;
  }
  return undefined;
}

/** What may be a table of data, by its name. */
const tablesIn = ({ names }: Folder): string[] =>
  names.filter((name) => TABLE.test(plainName(name)) && !isBeside(name, names));

const TABLE = /^[^.].*\.(csv|tsv|txt|dat|data|json|jsonl|ndjson|parquet|inter|item)$/i;

function refusePassedOver(folder: Folder, read: readonly string[]): void {
  const { names } = folder;
  const passedOver = names.filter(
    (name) =>
      !read.includes(name) && (LAYOUTS.some((layout) => owns(layout, name)) || isNamedAsData(name, names)),
  );
  if (passedOver.length > 0)
    folder.refuse(
      `${listed(passedOver)} beside ${read.join(' and ')}`,
      `${ACCEPTED}; write what is in it into a file of that name and form, or take it out of the folder`,
    );
}

function notesOnOthers({ names }: Folder, read: readonly string[]): string[] {
  const others = names.filter((name) => !read.includes(name) && isData(name, names));
  return others.length > 0 ? [`Files that are not read: ${listed(others)}.`] : [];
}

/** items.csv, Items.json.zst, interactions.parquet, a folder of parts. */
const isNamedAsData = (name: string, names: readonly string[]) =>
  /^(items?|interactions?)(\.|$)/i.test(name) && !isBeside(name, names);

const TABLE_OR_LIST =
  /^[^.].*\.(csv|tsv|json|jsonl|ndjson|parquet|feather|arrow|avro|xlsx?|ods|pkl)(\.(gz|bz2|xz|zst|zip))?$/i;
/** RecBole's tables of users, knowledge and friends, and MIND's vectors. */
const OTHER_KNOWN = /^[^.].*\.(user|kg|link|net|vec)(\.(gz|bz2|xz|zst|zip))?$/i;

/** A table or list of any name. */
const isData = (name: string, names: readonly string[]) =>
  (TABLE_OR_LIST.test(name) || OTHER_KNOWN.test(name)) && !isBeside(name, names);

/** What has its place beside data: vectors and their ids, copies, and what tslrec says about a data set. */
function isBeside(name: string, names: readonly string[]): boolean {
  if (/\.(npy|safetensors|ids\.txt|ids\.json|tmp|bak|orig|md)$|~$/i.test(name)) return true;
  const [, stem] = /^(.*)\.(txt|json)$/i.exec(name) ?? [];
  const isIdList = names.some((other) => other === `${stem}.npy` || other === `${stem}.safetensors`);
  return isIdList || ['dataset.json', 'planted.json', MAPPING_FILE].includes(name);
}
