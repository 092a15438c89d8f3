// The options that several commands share, and how their values are read.
import { InvalidArgumentError, Option } from 'commander';
import { PRESETS } from '../../jobs/presets.ts';
import type { Config } from '../config.ts';
import { TslrecError } from '../errors.ts';
import type { ReadingReport } from '../layouts/read-dataset.ts';
import { maskedUrl } from '../masked-url.ts';
import { checkLocation, isPostgres } from '../storage/location.ts';

/** The longest history that a recommender may be told to see: attention's memory grows with its square. */
const LONGEST_LENGTH = 1000;

export const integerFrom =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const allowed = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`Give a whole number ${allowed}.`);
    }
    return value;
  };

/** Where a store may be, given as an option. */
const location = (text: string): string => {
  checkLocation(text);
  return text;
};

export const storeOption = ({ store }: Config) =>
  new Option('--store <folder|postgres://...>', 'where versions are kept')
    .argParser(location)
    .default(store, isPostgres(store) ? 'DATABASE_URL' : store);
export const workOption = ({ folder }: Config) =>
  new Option('--store <folder>', 'where the stages are kept; those of a refresh are used again')
    .argParser((text: string) => {
      // Commander would print the argument, and with it a password.
      if (!isPostgres(text)) return location(text);
      throw new TslrecError(
        'bad-request',
        `--store is ${maskedUrl(text)}: give a folder, because stages are files, whatever the store is.`,
      );
    })
    .default(folder);
export const presetOption = () =>
  new Option('--preset <name>', 'how much to spend').choices(Object.keys(PRESETS)).default('standard');
export const lengthOption = () =>
  new Option(
    '--length <n>',
    'how many of the last items a recommender sees; read off the data by default',
  ).argParser(integerFrom(2, LONGEST_LENGTH));
export const seedOption = () =>
  new Option('--seed <n>', 'same seed, same data, same machine: same result')
    .argParser(integerFrom(0))
    .default(1);
export const forceOption = () =>
  new Option('--force', 'replace files that are there and that tslrec does not know for its own').default(
    false,
  );
export const jsonOption = () => new Option('--json', 'the last line of stdout is one JSON object');

/** Names out of a closed list, separated by commas. */
export function listOption(
  flags: string,
  description: string,
  known: readonly string[],
  initially: readonly string[],
): Option {
  return new Option(flags, `${description}, of ${known.join(', ')}`)
    .argParser((text: string) => {
      const names = text.split(',').map((name) => name.trim());
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined)
        throw new InvalidArgumentError(`"${unknown}" is none of ${known.join(', ')}.`);
      return [...new Set(names)];
    })
    .default([...initially], initially.join(','));
}

/** A store in a folder keeps its files there too. */
export function filesFolder(store: string, config: Config): string {
  return isPostgres(store) ? config.folder : store;
}

/** How the data were read, and what of them is not learnt from. */
export function reportReading(report: ReadingReport): void {
  const { notes, skippedRows, skippedRowsFile, duplicateRows, filteredRows } = report;
  for (const note of notes) console.log(note);
  if (skippedRows > 0) console.log(`Bad rows skipped: ${skippedRows}; they are in ${skippedRowsFile}.`);
  if (filteredRows > 0)
    console.log(`Rows that are no interactions by --min-rating or --events, left out: ${filteredRows}.`);
  if (duplicateRows > 0) console.log(`Rows that repeat an earlier one, left out: ${duplicateRows}.`);
}
