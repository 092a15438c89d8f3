// What somebody says about their columns, on the command line or in a file tslrec.json beside the data, which
// remembers it.
import { join } from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { writeFileAtomically } from '../files.ts';
import { jsonValue } from '../json.ts';
import { isThere, readNamedText } from '../named-file.ts';

/** Which columns say what. A name that is not given is looked for among the usual ones. */
export interface Mapping {
  readonly userColumn?: string;
  /** The item's id; several names where files call it differently: the first that a file has counts. */
  readonly itemColumn?: readonly string[];
  readonly timeColumn?: string;
  readonly ratingColumn?: string;
  readonly eventColumn?: string;
  /** What is read of an item; all of its columns where that is not given. */
  readonly textColumns?: readonly string[];
}

/** The option that says the same, for messages; in tslrec.json it is the name without the dashes. */
export const MAPPING_OPTIONS = {
  userColumn: '--user-column',
  itemColumn: '--item-column',
  timeColumn: '--time-column',
  ratingColumn: '--rating-column',
  eventColumn: '--event-column',
  textColumns: '--text-columns',
} as const satisfies Record<keyof Mapping, string>;

export const MAPPING_FILE = 'tslrec.json';

export const mappingFile = (folder: string): string => join(folder, MAPPING_FILE);

const LARGEST = 2 ** 20;
const SHOWN = 200;

const name = z.string().min(1);
const names = z.union([name.transform((one) => [one]), z.array(name).min(1)]);
const contents = z.strictObject({
  'user-column': name.optional(),
  'item-column': names.optional(),
  'time-column': name.optional(),
  'rating-column': name.optional(),
  'event-column': name.optional(),
  'text-columns': names.optional(),
});

/** What tslrec.json in the folder says, if there is one. Throws 'bad-data' where it is none. */
export async function readMapping(folder: string): Promise<Mapping | undefined> {
  const file = mappingFile(folder);
  if (!isThere(file)) return undefined;
  const parsed = contents.safeParse(jsonValue(await readNamedText(file, LARGEST)));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new TslrecError(
      'bad-data',
      `${file}: got ${path.join('.') || 'no such object'} (${message.slice(0, SHOWN)}), expected one JSON ` +
        `object with ${Object.keys(contents.shape).join(', ')}; correct it, or take it out of the folder.`,
    );
  }
  return Object.fromEntries(
    Object.entries(MAPPING_OPTIONS).flatMap(([key, option]) => {
      const said = parsed.data[keyOf(option)];
      return said === undefined ? [] : [[key, said]];
    }),
  );
}

export function writeMapping(folder: string, mapping: Mapping): string {
  const file = mappingFile(folder);
  const said = Object.entries(MAPPING_OPTIONS).flatMap(([key, option]) => {
    const value = mapping[key as keyof Mapping];
    return value === undefined ? [] : [[keyOf(option), value]];
  });
  writeFileAtomically(file, `${JSON.stringify(Object.fromEntries(said), null, 2)}\n`);
  return file;
}

const keyOf = (option: string) => option.slice('--'.length) as keyof z.infer<typeof contents>;

/** Only what is said about columns, out of all that a caller chose. */
export function mappingIn(choices: Mapping): Mapping | undefined {
  const said = Object.keys(MAPPING_OPTIONS)
    .map((key) => [key, choices[key as keyof Mapping]] as const)
    .filter(([, value]) => value !== undefined);
  return said.length > 0 ? Object.fromEntries(said) : undefined;
}
