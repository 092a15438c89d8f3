// The header of interactions.csv -> what separates its columns and where they are. Names count without regard
// to case and surrounding blanks. The time may have another of the names that are usual for it; what is read
// under another name than the documented one, and what is not read, is said.
import { TslrecError } from '../errors.ts';
import { shown } from '../tables/bad-rows.ts';
import { cutCsvLine } from '../tables/csv.ts';
import type { RowLayout } from './interaction-rows.ts';

export interface CsvHeader {
  readonly layout: RowLayout;
  /** Sentences, for people. */
  readonly notes: readonly string[];
}

const SEPARATORS = [',', ';', '\t'];
/** As they are documented; the last may be missing. */
const [USER, ITEM, TIME] = ['user_id', 'item_id', 'timestamp'];
const SHOWN_COLUMNS = 20;

/** Throws 'bad-data' where it is no header, has a name twice, or two columns that may be the time. */
export function readCsvHeader(file: string, header: string): CsvHeader {
  const refuse = (got: string, expected: string): never => {
    throw new TslrecError('bad-data', `${file}:1:1: got ${got}, expected ${expected}.`);
  };
  const cuts = SEPARATORS.map((separator) => ({
    separator,
    columns: cutCsvLine(header, separator)?.map((name) => name.trim()) ?? [],
  }));
  const found = cuts.find(({ columns }) => [USER, ITEM].every((name) => columns.map(key).includes(name)));
  if (found === undefined)
    return refuse(
      shown(header),
      `a header with the columns ${USER}, ${ITEM} and, where known, ${TIME}, separated by commas, ` +
        'semicolons or tabs; name them so, or add it as the first line',
    );

  const { separator, columns } = found;
  const twice = columns.find((name, at) => name !== '' && columns.map(key).indexOf(key(name)) !== at);
  if (twice !== undefined)
    return refuse(
      `the column ${shown(twice)} twice`,
      'each name once, small and capital letters alike; rename one, or take it out',
    );
  const [userId, itemId] = [USER, ITEM].map((name) => columns.map(key).indexOf(name));
  const times = timeColumns(columns);
  if (times.length > 1)
    return refuse(
      `${listed(times.map((at) => columns[at]))}, each of which may be the time`,
      `one; call the one that is meant ${TIME}`,
    );
  const timestamp = times.at(0);
  return {
    layout: {
      columns,
      userId,
      itemId,
      ...(timestamp !== undefined && { timestamp }),
      separator,
      cut: (text) => cutCsvLine(text, separator),
    },
    notes: notesOn(file, columns, { userId, itemId, timestamp }),
  };
}

function notesOn(
  file: string,
  columns: readonly string[],
  { userId, itemId, timestamp }: Pick<RowLayout, 'userId' | 'itemId' | 'timestamp'>,
): string[] {
  const read = [
    [userId, USER],
    [itemId, ITEM],
    [timestamp, TIME],
  ] as const;
  const notes = read.flatMap(([at, name]) =>
    at === undefined || columns[at] === name
      ? []
      : `${file}: the column ${shown(columns[at])} is read as ${name}.`,
  );
  const others = columns.filter((_, at) => ![userId, itemId, timestamp].includes(at));
  if (timestamp === undefined) {
    const alike = others.filter(looksLikeTime);
    notes.push(
      `${file} has no column that is known as the time: the order of its rows is taken for the order in ` +
        (alike.length > 0 ? `time; if the time is in ${listed(alike)}, call that column ${TIME}.` : 'time.'),
    );
  }
  if (others.length > 0) notes.push(`${file}: columns that are not read: ${listed(others)}.`);
  return notes;
}

const key = (name: string) => name.toLowerCase();

function listed(names: readonly string[]): string {
  const more = names.length > SHOWN_COLUMNS ? ` and ${names.length - SHOWN_COLUMNS} more` : '';
  return names.slice(0, SHOWN_COLUMNS).map(shown).join(', ') + more;
}

// What is usual for the moment of an interaction, letters and digits alone. Names that also are usual for a
// duration (watch_time) or for something else's time (release_date) are not among them.
const TIME_NAMES = new Set(
  (
    'timestamp timestamps timestampms timestampsec ts time times timems datetime date epoch unix unixtime ' +
    'unixtimestamp unixts utc utctime when eventtime eventtimestamp eventts eventdate eventat ' +
    'interactiontime interactiontimestamp interactiondate reviewtime reviewtimestamp reviewdate ' +
    'unixreviewtime ratingtime ratingtimestamp ratingdate ratedat createdat createdtime createtime ' +
    'createdate createdon creationtime creationdate occurredat happenedat loggedat recordedat reviewedat ' +
    'purchasetime purchasetimestamp purchasedate purchasedat boughtat ordertime orderdate orderedat ' +
    'transactiontime transactiondate transactiontimestamp tdat clicktime clickedat viewedat visitedat ' +
    'visittime visitdate playedat listenedat watchedat'
  ).split(' '),
);

/** The column of the documented name, or all that may be meant. */
function timeColumns(columns: readonly string[]): number[] {
  const documented = columns.map(key).indexOf(TIME);
  if (documented >= 0) return [documented];
  return [...columns.keys()].filter((at) => TIME_NAMES.has(key(columns[at]).replace(/[^\p{L}\p{N}]/gu, '')));
}

/** A name with a word of time in it: only asked of columns that are not read. */
function looksLikeTime(name: string): boolean {
  const words = name
    .replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.some((word) => /(time|date|stamp|epoch)$|^(at|day|hour|month|year|ts)$/.test(word));
}
