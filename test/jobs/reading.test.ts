// What the commands say of the data that they read, before they learn from it, and how they refuse what
// cannot be read. The most popular items need no training, so that an evaluation takes milliseconds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { EvaluationResult } from '../../jobs/evaluate.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { temporaryFolder } from '../support/stores.ts';

const EVALUATE = ['evaluate', '--data', 'data', '--models', 'popular', '--seeds', '1', '--preset', 'quick'];

test('evaluate says which column is the time, what is not read, how many rows are out', async (context) => {
  const folder = await temporaryFolder(context);
  mkdirSync(path.join(folder, 'data'));
  const rows = Array.from({ length: 60 }, (_, row) => `u${row % 12};i${(row * 7) % 30};${row};5\n`);
  const bad = 'u1;i1;soon;5\n';
  const header = 'user_id;item_id;ts;rating\n';
  writeFileSync(path.join(folder, 'data', 'interactions.csv'), [header, ...rows, rows[0], bad].join(''));
  writeFileSync(path.join(folder, 'data', 'prices.csv'), 'item_id,price\n');
  const exit = await tslrec(folder, [...EVALUATE, '--store', 'store', '--on-bad-row', 'skip', '--json']);
  assert.equal(exit.code, 0, exit.stderr);
  const notes = [
    'There is no items.jsonl: items are known by the ids in interactions.csv, without text.',
    'Files that are not read: prices.csv.',
    'interactions.csv: the column "ts" is read as timestamp.',
    'interactions.csv: columns that are not read: "rating".',
  ];
  const skippedRowsFile = path.join('store', 'skipped-rows.jsonl');
  assert.deepEqual(exit.stdout.split('\n').slice(0, 6), [
    ...notes,
    `Bad rows skipped: 1; they are in ${skippedRowsFile}.`,
    'Rows that repeat an earlier one, left out: 1.',
  ]);
  const result = lastLine<EvaluationResult>(exit);
  assert.deepEqual([result.notes, result.skippedRows, result.duplicateRows], [notes, 1, 1]);
  assert.equal(result.skippedRowsFile, skippedRowsFile);
});

const embed = ['embed', '--model', 'absent', '--input'];
const refusals: [
  what: string,
  name: string,
  content: Buffer | undefined,
  command: string[],
  message: RegExp,
][] = [
  [
    'a gzip file of one line',
    'data/interactions.csv',
    gzipSync(Buffer.alloc(40 * 2 ** 20, 'u')),
    EVALUATE,
    /data\/interactions\.csv:1: got a line of more than 16 MiB, expected one record a line; end each /,
  ],
  [
    'a pipe',
    'data/interactions.csv',
    undefined,
    EVALUATE,
    /data\/interactions\.csv: got a named pipe, expected a /,
  ],
  [
    'text beside, that would be lost',
    'data/items.csv',
    Buffer.from('item_id,title\n'),
    EVALUATE,
    /data: got items\.csv beside interactions\.csv, expected items\.jsonl and /,
  ],
  [
    'a pipe of texts',
    'texts',
    undefined,
    [...embed, 'texts'],
    /texts: got a named pipe, expected a regular file/,
  ],
  [
    'texts in latin-1',
    'texts',
    Buffer.from('{"text":"caf\xe9"}\n', 'latin1'),
    [...embed, 'texts'],
    /texts:1: got bytes that are not UTF-8, expected one \{"text": "\.\.\."\} a line/,
  ],
  [
    'texts in UTF-16, which are read: the model is what is missing',
    'texts',
    Buffer.from('\uFEFF{"text":"a"}\r{"text":"b"}\r', 'utf16le'),
    [...embed, 'texts'],
    /absent/,
  ],
];
test('what cannot be read ends a command with one sentence and exit code 1', async (context) => {
  for (const [what, name, content, command, message] of refusals) {
    const folder = await temporaryFolder(context);
    mkdirSync(path.join(folder, 'data'));
    if (name.startsWith('data/items'))
      writeFileSync(path.join(folder, 'data/interactions.csv'), 'user_id,item_id\nu,a\n');
    if (content) writeFileSync(path.join(folder, name), content);
    else if (process.platform === 'win32') continue;
    else spawnSync('mkfifo', [path.join(folder, name)]);
    const { code, stdout, stderr } = await tslrec(folder, command);
    assert.match(stderr, message, what);
    assert.match(stderr, /^tslrec: [^\n]*\.\n$/, what);
    assert.deepEqual([code, stdout], [1, ''], what);
  }
});
