// The command line: what it says of itself, and that every mistake is answered with one sentence and an exit
// code.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EvaluationResult } from '../../jobs/evaluate.ts';
import { lastLine, START, tslrec } from '../support/command-line.ts';
import { temporaryFolder } from '../support/stores.ts';
import { npy } from '../support/vector-files.ts';

const DATA = [
  ...['--data', '--user-column', '--item-column', '--time-column', '--rating-column', '--event-column'],
  ...['--text-columns', '--interactions-query', '--items-query', '--min-rating', '--events', '--on-bad-row'],
];
const SRS = ['--srs-embeddings', '--srs-ids'];
const MODEL = ['--base', '--adapter', '--hosted'];
const OPTIONS: Record<string, readonly string[]> = {
  check: [...DATA, '--store', '--json'],
  encode: ['--items', '--output', '--version', '--store', '--base', '--force', '--json'],
  embed: ['--model', '--adapter', '--input', '--output', '--normalize', '--force', '--json'],
  'export-sft': [...DATA, '--output', ...SRS, '--preset', '--seed', '--store', '--force', '--json'],
  refresh: [...DATA, ...SRS, ...MODEL, '--store', '--preset', '--seed', '--full', '--json'],
  evaluate: [
    ...[...DATA, '--models', '--arms', '--modes', '--seeds', '--split', '--candidates', '--length'],
    ...['--cut-offs', ...MODEL, '--preset', '--seed', '--store', '--report', '--force', '--json'],
  ],
  train: [...DATA, '--model', '--output', '--length', '--preset', '--seed', '--force', '--json'],
  serve: ['--store'],
  'export-version': ['--output', '--version', '--store', '--force'],
  'import-version': ['--input', '--store'],
  prune: ['--store'],
  migrate: ['--store'],
  'generate-sample': ['--users', '--items', '--categories', '--seed', '--force'],
};

const GENERATE_SAMPLE = ['generate-sample', 'sample', '--users', '24', '--items', '20', '--categories', '2'];

/** A folder with a folder `sample` in it: 20 items, 24 users. */
async function folderWithSample(context: TestContext): Promise<string> {
  const folder = await temporaryFolder(context);
  const { code, stdout } = await tslrec(folder, GENERATE_SAMPLE);
  assert.equal(stdout, 'Wrote 20 synthetic items and 24 synthetic users to sample.\n');
  assert.equal(code, 0);
  return folder;
}

test('--help names the commands, and of each command all options', async (context) => {
  const folder = await temporaryFolder(context);
  const { stdout } = await tslrec(folder, ['--help']);
  for (const command of Object.keys(OPTIONS)) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  for (const [command, expected] of Object.entries(OPTIONS)) {
    const help = await tslrec(folder, [command, '--help']);
    assert.equal(help.code, 0);
    const options = [...help.stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, name]) => name);
    assert.deepEqual(options, expected);
  }
});

test('a mistake is one sentence on stderr and exit code 1', async (context) => {
  const folder = await folderWithSample(context);
  mkdirSync(path.join(folder, 'empty'));
  mkdirSync(path.join(folder, 'damaged'));
  writeFileSync(
    path.join(folder, 'damaged', 'interactions.csv'),
    'user_id,item_id,timestamp\nu1,a,1\nu1,b,yesterday\nu1,c,3\n',
  );
  mkdirSync(path.join(folder, 'lonely'));
  writeFileSync(path.join(folder, 'lonely', 'interactions.csv'), 'user_id,item_id,timestamp\nu1,a,1\n');
  mkdirSync(path.join(folder, 'pairs'));
  const pairs = Array.from({ length: 40 }, (_, user) => `u${user},a${user % 5},1\nu${user},b${user % 7},2\n`);
  writeFileSync(
    path.join(folder, 'pairs', 'interactions.csv'),
    `user_id,item_id,timestamp\n${pairs.join('')}`,
  );
  mkdirSync(path.join(folder, 'thin'));
  const thin = 'user_id,item_id,timestamp\nu1,S0001,1\nu1,S0002,2\nu1,S0003,3\nu2,S0001,1\n';
  writeFileSync(path.join(folder, 'thin', 'interactions.csv'), thin);
  const catalogues = {
    lonely: ['a'],
    pairs: Array.from({ length: 7 }, (_, item) => [`a${item}`, `b${item}`]).flat(),
    thin: ['S0001', 'S0002', 'S0003'],
  };
  for (const [data, ids] of Object.entries(catalogues))
    writeFileSync(path.join(folder, data, 'items.jsonl'), ids.map((id) => `{"item_id":"${id}"}\n`).join(''));
  writeFileSync(
    path.join(folder, 'units.npy'),
    npy([
      [0, 0],
      [1, 0],
      [0, 1],
    ]),
  );
  writeFileSync(path.join(folder, 'file'), '');
  writeFileSync(path.join(folder, 'vectors.npy'), npy([[0], [1], [Number.NaN]]));
  writeFileSync(path.join(folder, 'zeros.npy'), npy([[0], [0]]));
  mkdirSync(path.join(folder, 'folder.npy'));
  mkdirSync(path.join(folder, 'folders', 'interactions.csv'), { recursive: true });
  for (const [name, ids] of Object.entries({ two: 'S0001\nS0002\n', three: 'S0001\nS0002\nS0003\n' }))
    writeFileSync(path.join(folder, name), ids);
  const mistakes: readonly (readonly [string, string, RegExp, Record<string, string>?])[] = [
    ['no data', 'refresh', /^error: required option '--data <folder\|postgres:\/\/\.\.\.>' not specified$/],
    ['an unknown command', 'learn', /^error: unknown command 'learn'$/],
    ['an unknown option', 'serve --fast', /^error: unknown option '--fast'$/],
    [
      'an unknown preset',
      'refresh --data sample --preset slow',
      /'slow' is invalid\. Allowed choices are quick, standard/,
    ],
    [
      'an unknown arm',
      'evaluate --data sample --arms random,magic',
      /"magic" is none of random, srs, tf-idf, text, untuned, tslrec\.$/,
    ],
    [
      'an unknown model',
      'evaluate --data sample --models sasrec,bpr',
      /"bpr" is none of sasrec, .*, item-knn\.$/,
    ],
    [
      'an unknown mode',
      'evaluate --data sample --modes warm',
      /"warm" is none of init, frozen, frozen\+residual, frozen\+adapter, dual\.$/,
    ],
    [
      'an unknown split',
      'evaluate --data sample --split random',
      /Allowed choices are leave-one-out, time\.$/,
    ],
    ['a cut-off that is none', 'evaluate --data sample --cut-offs 5,ten', /Give a whole number from 1 on\.$/],
    ['a seed that is no number', 'refresh --data sample --seed one', /Give a whole number from 0 on\.$/],
    ['a negative seed', 'refresh --data sample --seed=-1', /Give a whole number from 0 on\.$/],
    ['no seeds at all', 'evaluate --data sample --seeds 0', /Give a whole number from 1 to 1000\.$/],
    [
      'seeds without end',
      'evaluate --data sample --seeds 9007199254740991',
      /Give a whole number from 1 to 1000\.$/,
    ],
    [
      'a folder that is not there',
      'refresh --data nowhere',
      /^tslrec: nowhere is not a folder that can be read; /,
    ],
    [
      'a folder without data',
      'refresh --data empty',
      /^tslrec: empty: got nothing, expected items\.jsonl and /,
    ],
    [
      'a bad row',
      'refresh --data damaged',
      /^tslrec: interactions\.csv:3:6: got timestamp "yesterday", expected .*`--on-bad-row=skip`$/,
    ],
    [
      'ids without vectors',
      'refresh --data sample --srs-ids two',
      /^tslrec: --srs-ids is given without --srs-embeddings, /,
    ],
    [
      'a folder for vectors',
      'refresh --data sample --srs-embeddings folder.npy',
      /^tslrec: folder\.npy cannot be used: it is a folder, a file is wanted; /,
    ],
    [
      'vectors without ids',
      'refresh --data sample --srs-embeddings vectors.npy',
      /^tslrec: vectors\.npy has no id list beside it: looked for vectors\.ids\.txt, .* with --srs-ids, /,
    ],
    [
      'a row more than ids',
      'refresh --data sample --srs-embeddings vectors.npy --srs-ids two',
      /^tslrec: vectors\.npy: got 3 rows, expected 2, one for each id in two; .* all zeros, .*table\[1:\]$/,
    ],
    [
      'a vector that is no number',
      'refresh --data sample --srs-embeddings vectors.npy --srs-ids three',
      /^tslrec: vectors\.npy: got NaN in row 2, column 0 .*, the vector of "S0003", expected .*; repair it, /,
    ],
    [
      'vectors of nothing but zeros',
      'refresh --data sample --srs-embeddings zeros.npy --srs-ids two',
      /^tslrec: zeros\.npy: got nothing but zeros in the rows of the 2 items .*, expected .*; save /,
    ],
    [
      'vectors, but nothing to learn from them',
      'refresh --data thin --preset quick --srs-embeddings units.npy --srs-ids three',
      /^tslrec: There is nothing to learn from: of 2 users none has two .*; some user needs four in all, /,
    ],
    [
      'too small a sample',
      'generate-sample tiny --items 3',
      /^tslrec: a sample of 1500 users, 3 items and 12 categories; /,
    ],
    [
      'a store that is not there',
      'serve --store fresh',
      /^tslrec: There is no store in \S+fresh: run `npx tslrec refresh` to make one\.$/,
    ],
    [
      'a user with one item',
      'refresh --data lonely --store lonely-store',
      /^tslrec: lonely has nobody to ask for the validation .*: of 1 users none has three .*; give data /,
    ],
    [
      'nobody to ask',
      'evaluate --data lonely --arms random',
      /^tslrec: lonely has nobody to ask for the validation by the leave-one-out split: of 1 users none /,
    ],
    [
      'nobody to choose an epoch by',
      'train --data pairs',
      /^tslrec: pairs has nobody to ask for the validation .*: of 40 users none has three .*; give data /,
    ],
    [
      'nobody to choose an epoch by',
      'refresh --data pairs',
      /^tslrec: pairs has nobody to ask for the validation .*: of 40 users none has three .*; give data /,
    ],
    [
      'nobody to choose an epoch by',
      'export-sft --data pairs --output samples',
      /^tslrec: pairs has nobody to ask for the validation .*: of 40 users none has three .*; give data /,
    ],
    [
      'a folder for a model',
      'train --data sample --output empty',
      /^tslrec: empty is a folder, a file is wanted; name one in it, such as empty\Soutput\.onnx\.$/,
    ],
    [
      'another kind of file for a model',
      'train --data sample --output model.safetensors',
      /^tslrec: --output: got model\.safetensors, expected .* ends in \.onnx, .*; give it that ending\.$/,
    ],
    [
      'a model that is no graph of histories',
      'train --data sample --model din',
      /^error: option '--model <name>' argument 'din' is invalid\. Allowed choices are sasrec, .*, core\.$/,
    ],
    [
      'a history longer than memory',
      'evaluate --data sample --length 20000',
      /^error: option '--length <n>' argument '20000' is invalid\. Give a whole number from 2 to 1000\.$/,
    ],
    [
      'a number that is none',
      'train --data sample --seed=',
      /^error: option '--seed <n>' argument '' is invalid\. Give a whole number from 0 on\.$/,
    ],
    [
      'a database for the stages',
      'evaluate --data sample --store postgres://me:secret@127.0.0.1/tslrec',
      /^tslrec: --store is postgres:\/\/me:\*\*\*@127\.0\.0\.1\/tslrec: give a folder, .* files, /,
    ],
    ...[
      'migrate --store mysql://me:secret@host/name',
      'serve --store postgresql+psycopg2://me:secret@host/name',
      'refresh --data sample --store postgres:me:secret@host/name',
      'evaluate --data sample --store jdbc:postgresql://me:secret@host/name',
    ].map(
      (parameters) =>
        [
          `another kind of database: ${parameters}`,
          parameters,
          /^tslrec: The store cannot be kept in [a-z0-9+]+:\/\/\*\*\*\S*: give a folder \(.*postgres:\/\//,
        ] as const,
    ),
    ...[
      'train --data sample --output s3://me:secret@bucket/model.onnx',
      'evaluate --data sample --report s3://me:secret@bucket/report',
      'generate-sample s3://me:secret@bucket/sample',
    ].map(
      (parameters) =>
        [
          `a place elsewhere: ${parameters}`,
          parameters,
          /^tslrec: s3:\S* cannot be written to: give a path /,
        ] as const,
    ),
    [
      'a database for the folder',
      'serve',
      /^tslrec: The environment variable TSLREC_FOLDER is wrong: it has to be the path of a folder .*mysql:/,
      { TSLREC_FOLDER: 'mysql://me:secret@host/name' },
    ],
    [
      "libpq's keys and values",
      'serve',
      /^tslrec: The environment variable DATABASE_URL is wrong: it has to begin with postgres:/,
      { DATABASE_URL: 'host=localhost password=secret' },
    ],
    ...[
      'migrate --store /proc/x',
      'refresh --data sample --store /proc/x',
      'evaluate --data sample --report /proc/x',
      'train --data sample --output /proc/x/y.onnx',
      'export-sft --data sample --output /proc/x/samples',
      'generate-sample /proc/x',
    ].map(
      (parameters) =>
        [
          `a place where nothing can be made: ${parameters}`,
          parameters,
          /^tslrec: \/proc\S* cannot be used: .*; give another path or repair this one\.$/,
        ] as const,
    ),
    [
      'a folder where nothing can be made',
      'refresh --data sample',
      /^tslrec: \/proc\/x cannot be used: .*; give another path or repair this one\.$/,
      { TSLREC_FOLDER: '/proc/x' },
    ],
    ...['My-schema', 'pg_mine'].map((schema): readonly [string, string, RegExp, Record<string, string>] => [
      `the schema ${schema}`,
      'migrate',
      /^tslrec: The environment variable TSLREC_SCHEMA is wrong: it has to be a name of at most 63 /,
      { TSLREC_SCHEMA: schema },
    ]),
    [
      'a folder for the interactions',
      'evaluate --data folders',
      /^tslrec: folders\/interactions\.csv cannot be used: /,
    ],
    [
      'a file for the folder of a model',
      'train --data sample --output file/model.onnx',
      /^tslrec: file cannot be used: a file stands where a folder is wanted; give another path/,
    ],
    [
      'more candidates than items',
      'evaluate --data sample --candidates 20',
      /^tslrec: 20 sampled items are wanted .* some user lacks only 2 of the 20 items; ask for 2 at most, /,
    ],
    [
      'a file for the folder of the stages',
      'evaluate --data sample --preset quick --arms random --store file',
      /^tslrec: file\S* cannot be used: a part of the path is a file, not a folder; give another path/,
    ],
    ['a file for a store', 'migrate --store file', /^tslrec: \S*file cannot be used: .*; give another path/],
    [
      'a file for a report',
      'evaluate --data sample --report file',
      /^tslrec: \S*file cannot be used: .*; give another path/,
    ],
    [
      'a file for a folder',
      'generate-sample file',
      /^tslrec: \S*file\S* cannot be used: .*; give another path/,
    ],
    [
      "somebody's own file",
      'generate-sample thin',
      /^tslrec: thin\/items\.jsonl is there already, .*: move it elsewhere, .* or replace it with --force\.$/,
    ],
    [
      'a URL that is none',
      'migrate --store postgres://me:secret@host:port/name',
      /^tslrec: The URL of the database cannot be read; (?!.*secret)/,
    ],
    [
      'another kind of database',
      'migrate',
      /^tslrec: The environment variable DATABASE_URL is wrong: it has to begin with postgres:/,
      { DATABASE_URL: 'mysql://host/name' },
    ],
    [
      'a port that is no number',
      'serve',
      /^tslrec: The environment variable PORT is wrong: it has to be .* from 0 to 65535 and is "http"; /,
      { PORT: 'http' },
    ],
    ['a port out of range', 'serve', /^tslrec: The environment variable PORT is wrong: /, { PORT: '65536' }],
    [
      'an execution provider that is none',
      'migrate',
      /^tslrec: The execution provider "abacus" is not in this build of ONNX Runtime, .* cpu, .*; set /,
      { TSLREC_EXECUTION_PROVIDER: 'abacus' },
    ],
    ['an empty host', 'serve', /^tslrec: The environment variable HOST is wrong: /, { HOST: '' }],
    [
      'a database that does not answer',
      'serve --store postgres://127.0.0.1:1/tslrec',
      /^tslrec: .*127\.0\.0\.1/,
    ],
  ];
  for (const [what, parameters, expected, environment] of mistakes) {
    await context.test(what, async () => {
      const { code, stdout, stderr } = await tslrec(folder, parameters.split(' '), environment);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      const [sentence, ...rest] = stderr.trimEnd().split('\n');
      assert.match(sentence, expected);
      assert.doesNotMatch(stderr, /secret/);
      assert.deepEqual(rest, sentence.startsWith('error:') ? ['(--help tells more)'] : []);
    });
  }
  const named = readdirSync(folder, { recursive: true }).filter((name) => /[:=]/.test(String(name)));
  assert.deepEqual(named, [], 'no URL has become a folder');
});

test('--help tells that DATABASE_URL names the store, not what is in it', async (context) => {
  const folder = await temporaryFolder(context);
  const { stdout } = await tslrec(folder, ['serve', '--help'], {
    DATABASE_URL: 'postgres://me:secret@host/name',
  });
  assert.match(stdout, /default:\s+DATABASE_URL/);
  assert.doesNotMatch(stdout, /secret/);
});

test('migrate makes an empty store that is its owner’s, and finds it current again', async (context) => {
  const folder = await temporaryFolder(context);
  const umask = process.umask(0); // the command inherits it
  context.after(() => process.umask(umask));
  const places = () =>
    readdirSync(path.join(folder, 'new'), { recursive: true }).map((name) =>
      path.join(folder, 'new', String(name)),
    );
  const openToOthers = () => places().filter((place) => (statSync(place).mode & 0o077) !== 0);
  for (let attempt = 0; attempt < 2; attempt++) {
    const { code, stdout, stderr } = await tslrec(folder, ['migrate', '--store', 'new']);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'The schema is current.\n', stderr: '' });
    assert.deepEqual(openToOthers(), []);
    assert.ok(places().length > 100);
    // As an earlier version has left it.
    for (const place of places()) chmodSync(place, statSync(place).isDirectory() ? 0o777 : 0o666);
  }
});

test('evaluate prints one row an arm, mode and split, with the figures of the run', async (context) => {
  const folder = await folderWithSample(context);
  const parameters = [
    '--data',
    'sample',
    '--arms',
    'random,tf-idf,random',
    '--modes',
    'init,frozen',
    '--seeds',
    '1',
    '--preset',
    'quick',
    '--json',
  ];
  const exit = await tslrec(folder, ['evaluate', ...parameters]);
  assert.equal(exit.code, 0, exit.stderr);
  const { dataset, rows } = lastLine<EvaluationResult>(exit);
  assert.equal(dataset, 'sample');
  assert.deepEqual(
    rows.map(({ model, arm, mode, seed, split }) => [model, arm, mode, seed, split].join(' ')),
    ['random init', 'tf-idf init', 'tf-idf frozen'].flatMap((start) => [
      `sasrec ${start} 1 validation`,
      `sasrec ${start} 1 test`,
    ]),
  );
  for (const row of rows) {
    assert.ok(Number.isInteger(row.epochs) && row.epochs > 0);
    assert.ok(row.seconds > 0);
    const [hr, ndcg, mrr] = ['hr@10', 'ndcg@10', 'mrr@10'].map((metric) => Number(row[metric]));
    assert.ok(hr <= 1 && hr >= ndcg && ndcg >= mrr && mrr > 0, `${hr} ${ndcg} ${mrr}`);
    assert.ok(Math.abs(hr * 24 - Math.round(hr * 24)) < 1e-9, `${hr} is no share of 24 users`);
  }
});

test('npm start answers a mistake with one sentence too', async (context) => {
  const folder = await temporaryFolder(context);
  const mistakes: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      { DATABASE_URL: 'mysql://me:secret@host/name' },
      /^tslrec: The environment variable DATABASE_URL is wrong/,
    ],
    [
      { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/name' },
      /^tslrec: The database postgres:\/\/me:\*\*\*@/,
    ],
    [{ TSLREC_FOLDER: '/proc/x' }, /^tslrec: \/proc\S* cannot be used: /],
  ];
  for (const [environment, expected] of mistakes) {
    const { code, stderr } = await tslrec(folder, [], environment, START);
    assert.equal(code, 1);
    assert.match(stderr, expected);
    assert.match(stderr, /^[^\n]+\.\n$/);
    assert.doesNotMatch(stderr, /secret/);
  }
});
