// A folder -> which layout it has and which of its files are read. Nothing that looks like items or
// interactions is passed over: what is not read, or might be meant as well, ends the reading by name.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TslrecError } from '../errors.ts';

export type MovieLensName = 'MovieLens 100K' | 'MovieLens 1M or 10M';

/** Paths; without `items` the interactions tell which items there are. */
export type DataFiles = {
  readonly interactions: string;
  /** Sentences, for people. */
  readonly notes: readonly string[];
} & (
  | { readonly layout: 'tslrec'; readonly items?: string }
  | { readonly layout: MovieLensName; readonly items: string }
);

interface Layout {
  readonly name: DataFiles['layout'];
  /** The names that are read, in any case and with or without .gz: one of each. */
  readonly interactions: readonly string[];
  readonly items: readonly string[];
  readonly itemsMayBeMissing: boolean;
}

const LAYOUTS: readonly Layout[] = [
  {
    name: 'tslrec',
    interactions: ['interactions.csv', 'interactions.tsv'],
    items: ['items.jsonl', 'items.ndjson'],
    itemsMayBeMissing: true,
  },
  { name: 'MovieLens 100K', interactions: ['u.data'], items: ['u.item'], itemsMayBeMissing: false },
  {
    name: 'MovieLens 1M or 10M',
    interactions: ['ratings.dat'],
    items: ['movies.dat'],
    itemsMayBeMissing: false,
  },
];

const ACCEPTED =
  'items.jsonl and interactions.csv (or interactions.csv alone), MovieLens 100K (u.data, u.item) or ' +
  'MovieLens 1M or 10M (ratings.dat, movies.dat), each file plain or gzip';
const SHOWN_FILES = 5;

/** Throws 'not-found' where there is no folder, 'bad-data' where it is not clear what is to be read. */
export function findDataFiles(folder: string): DataFiles {
  const names = listFiles(folder);
  const refuse = (got: string, expected: string): never => {
    throw new TslrecError('bad-data', `${folder}: got ${got}, expected ${expected}.`);
  };
  const called = (accepted: readonly string[]) => names.filter((name) => accepted.includes(plainName(name)));
  const present = LAYOUTS.map((layout) => ({
    ...layout,
    interactions: called(layout.interactions),
    items: called(layout.items),
  }));
  const whole = present.find(
    ({ interactions, items, itemsMayBeMissing }) =>
      interactions.length > 0 && (items.length > 0 || itemsMayBeMissing),
  );
  if (whole === undefined) return refuse(names.length === 0 ? 'nothing' : listed(names), ACCEPTED);

  for (const found of [whole.interactions, whole.items])
    if (found.length > 1) return refuse(`both ${found.join(' and ')}`, 'one; keep the one that is meant');
  const read = [...whole.interactions, ...whole.items];
  const ofOthers = present.flatMap(({ interactions, items }) => [...interactions, ...items]);
  const passedOver = names.filter(
    (name) => !read.includes(name) && (ofOthers.includes(name) || isNamedAsData(name, names)),
  );
  if (passedOver.length > 0)
    return refuse(
      `${listed(passedOver)} beside ${read.join(' and ')}`,
      `${ACCEPTED}; write what is in it into a file of that name and form, or take it out of the folder`,
    );
  const haveItems = whole.items.length > 0;
  const files = { interactions: join(folder, whole.interactions[0]), notes: notesOn(names, read, haveItems) };
  if (whole.name === 'tslrec' && !haveItems) return { layout: whole.name, ...files };
  return { layout: whole.name, items: join(folder, whole.items[0]), ...files };
}

function notesOn(names: readonly string[], read: readonly string[], haveItems: boolean): string[] {
  const others = names.filter((name) => !read.includes(name) && isData(name, names));
  return [
    ...(haveItems
      ? []
      : [`There is no items.jsonl: items are known by the ids in ${read[0]}, without text.`]),
    ...(others.length > 0 ? [`Files that are not read: ${listed(others)}.`] : []),
  ];
}

const plainName = (name: string) => name.toLowerCase().replace(/\.gz$/, '');

/** items.csv, Items.json.zst, interactions.parquet, a folder of parts. */
const isNamedAsData = (name: string, names: readonly string[]) =>
  /^(items?|interactions?)(\.|$)/i.test(name) && !isBeside(name, names);

const TABLE_OR_LIST =
  /^[^.].*\.(csv|tsv|json|jsonl|ndjson|parquet|feather|arrow|avro|xlsx?|ods|pkl)(\.(gz|bz2|xz|zst|zip))?$/i;

/** A table or list of any name. */
const isData = (name: string, names: readonly string[]) => TABLE_OR_LIST.test(name) && !isBeside(name, names);

/** What has its place beside data: vectors and their ids, copies, and what tslrec says about a data set. */
function isBeside(name: string, names: readonly string[]): boolean {
  if (/\.(npy|safetensors|ids\.txt|ids\.json|tmp|bak|orig|md)$|~$/i.test(name)) return true;
  const [, stem] = /^(.*)\.(txt|json)$/i.exec(name) ?? [];
  const isIdList = names.some((other) => other === `${stem}.npy` || other === `${stem}.safetensors`);
  return isIdList || ['dataset.json', 'planted.json'].includes(name);
}

function listed(names: readonly string[]): string {
  const others = names.length > SHOWN_FILES ? ` and ${names.length - SHOWN_FILES} more` : '';
  return (
    names
      .slice(0, SHOWN_FILES)
      .join(', ')
      .replace(/\p{Cc}/gu, '?') + others
  );
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw new TslrecError(
      'not-found',
      `${folder} is not a folder that can be read; expected one with ${ACCEPTED}`,
      { cause: error },
    );
  }
}
