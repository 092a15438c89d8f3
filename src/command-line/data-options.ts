// The options that say which data, and what of them: the same in every command that reads any.
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAPPING_OPTIONS } from '../layouts/mapping.ts';
import { QUERY_OPTIONS } from '../layouts/queried.ts';

const names = (text: string): string[] => {
  const found = text.split(',').map((name) => name.trim());
  if (found.includes('')) throw new InvalidArgumentError('Give names with commas between them.');
  return [...new Set(found)];
};

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number.');
  return value;
};

export function addDataOptions(command: Command): Command {
  const { userColumn, itemColumn, timeColumn, ratingColumn, eventColumn, textColumns } = MAPPING_OPTIONS;
  const options = [
    new Option(
      '--data <folder|postgres://...>',
      'MovieLens, RecBole, Amazon, MIND, Steam and other layouts are recognised; others by the options below',
    ).makeOptionMandatory(),
    new Option(
      `${userColumn} <name>`,
      'the column of the user, in tables of any names: CSV, JSON lines, Parquet',
    ),
    new Option(`${itemColumn} <names>`, 'the column of the item; both names where tables differ').argParser(
      names,
    ),
    new Option(`${timeColumn} <name>`, 'the column of the time; a usual name is found'),
    new Option(`${ratingColumn} <name>`, 'the column of the rating; a usual name is found'),
    new Option(`${eventColumn} <name>`, 'the column of the kind of event; a usual name is found'),
    new Option(`${textColumns} <names>`, 'what is read of an item; all of its columns by default').argParser(
      names,
    ),
    new Option(
      `${QUERY_OPTIONS.interactionsQuery} <sql>`,
      'where --data is a Postgres: user_id, item_id and timestamp, or columns named as above',
    ),
    new Option(
      `${QUERY_OPTIONS.itemsQuery} <sql>`,
      'where --data is a Postgres: item_id and what is known of items',
    ),
    new Option('--min-rating <n>', 'rows with a lower rating are no interactions').argParser(number),
    new Option('--events <names>', 'rows of other events are no interactions').argParser(names),
    new Option('--on-bad-row <what>', 'stop at the first bad row, or skip and count them')
      .choices(['stop', 'skip'])
      .default('stop'),
  ];
  for (const option of options) command.addOption(option.helpGroup('Data:'));
  return command;
}
