import { Command } from 'commander';
import { type CheckOptions, type CheckResult, check } from '../../jobs/check.ts';
import { LEAST_DATE } from '../../jobs/check-warnings.ts';
import type { Config } from '../config.ts';
import type { Spread } from '../interactions/data-summary.ts';
import { terminalProgress } from '../progress.ts';
import { addDataOptions } from './data-options.ts';
import { filesFolder, jsonOption, reportReading, workOption } from './options.ts';
import { histogram } from './render/histogram.ts';

type Options = Omit<CheckOptions, 'folder'> & { readonly store: string; readonly json?: true };

export function checkCommand(config: Config): Command {
  const command = new Command('check').description(
    'Reads all data, learns nothing, and tells what a refresh would learn from and what looks wrong. ' +
      'Columns that are named are kept in a file tslrec.json beside the data.',
  );
  return addDataOptions(command)
    .addOption(workOption(config))
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const folder = filesFolder(options.store, config);
      const result = await check({ ...options, folder, onRead: reportReading, progress: terminalProgress() });
      console.log(described(result));
      if (options.json) console.log(JSON.stringify(result));
    });
}

function described(result: CheckResult): string {
  const { historyLengths, popularity, warnings, remembered } = result;
  return [
    ...facts(result).map(([name, text]) => `${name.padEnd(14)}${text}`),
    '',
    'Users by their interactions',
    ...histogram(historyLengths.bins),
    '',
    'Items by their interactions',
    ...histogram(popularity.bins),
    '',
    ...(warnings.length === 0 ? ['Nothing looks wrong.'] : ['What looks wrong', ...warnings.map(dashed)]),
    ...(remembered === undefined
      ? []
      : ['', `${remembered} keeps the columns: no command needs them again.`]),
  ].join('\n');
}

/** In lines of at most 80 characters, if its words allow. */
const dashed = (text: string): string => `- ${text.replace(/(.{1,78})( |$)/g, '$1\n  ').trimEnd()}`;

function facts(result: CheckResult): [name: string, text: string][] {
  const { users, items, interactions, itemsWithText, itemsOfSameText, itemsWithoutInteractions } = result;
  return [
    ['layout', result.layout],
    ['users', `${count(users)}, ${spread(result.historyLengths)} interactions each`],
    ['items', `${count(items)}, ${spread(result.popularity)} interactions each`],
    ['', `${count(itemsWithText)} have text, ${count(itemsOfSameText)} of them the same as another`],
    ['', `${count(itemsWithoutInteractions)} have no interactions`],
    ['interactions', `${count(interactions)}, ${percent(interactions / (users * items))} of all pairs`],
    ['', `${count(result.repeats)} with an item that the user has had before`],
    ['time', timeSpan(result)],
    ['asked about', asked(result, 'leave-one-out')],
    ['', asked(result, 'time')],
  ];
}

function timeSpan({ timed, times: { first, last } }: CheckResult): string {
  if (!timed) return 'none: the order of the rows';
  if (first >= 0 && last < LEAST_DATE) return `${first} to ${last}, no dates`;
  const day = (seconds: number) => new Date(seconds * 1e3).toISOString().slice(0, 10);
  return `${day(first)} to ${day(last)}`;
}

function asked({ splits }: CheckResult, name: keyof CheckResult['splits']): string {
  const split = splits[name];
  const how = name === 'time' ? 'the time split' : name;
  if ('refused' in split) return `nobody by ${how}`;
  const own = count(split.testOfOwn);
  return `${count(split.test)} users by ${how}, ${own} of them for an item that they have`;
}

const spread = ({ least, median, mean, most }: Spread): string =>
  `${count(least)} to ${count(most)}, median ${count(median)}, mean ${mean.toFixed(1)}`;
const count = (value: number): string => value.toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;
