// A mistyped URL of a database makes no folder, and its password is not repeated; names of folders stay names
// of folders: src/storage/location.ts.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Command } from 'commander';
import { evaluateCommand } from '../../src/command-line/evaluate.ts';
import { generateSampleCommand } from '../../src/command-line/generate-sample.ts';
import { migrateCommand } from '../../src/command-line/migrate.ts';
import { refreshCommand } from '../../src/command-line/refresh.ts';
import { serveCommand } from '../../src/command-line/serve.ts';
import { readConfig } from '../../src/config.ts';
import { refused } from '../support/errors.ts';
import { temporaryFolder } from '../support/stores.ts';

const config = readConfig({});
const URLS = ['postgres://me:hunter2@host:5432/name', 'POSTGRESQL://host/name?password=hunter2'];
/** What becomes of a URL on its way into a setting. */
const MISTYPED: Record<string, (url: string) => string> = {
  'a quotation mark before it': (url) => `"${url}`,
  'quotation marks around it': (url) => `'${url}'`,
  'typographic quotation marks around it': (url) => `“${url}”`,
  'a quotation mark behind it': (url) => `${url}"`,
  'a blank before it': (url) => ` ${url}`,
  'a blank behind it': (url) => `${url} `,
  'the line end of another system behind it': (url) => `${url}\r`,
  'its name before it': (url) => `DATABASE_URL=${url}`,
  'the command that sets it': (url) => `export DATABASE_URL=${url}`,
  'no colon': (url) => url.replace(':', ''),
  'another mark for the colon': (url) => url.replace(':', ';'),
  'one slash': (url) => url.replace('//', '/'),
  'no slash': (url) => url.replace('//', ''),
  'slashes the other way': (url) => url.replace('//', '\\\\'),
  'its colon encoded': (url) => url.replace(':', '%3A'),
  'all of it encoded': encodeURIComponent,
  'no scheme': (url) => url.replace(/^\w+:/, ''),
  'a path before it': (url) => `./${url}`,
  'another scheme': (url) => url.replace(/^\w+/, 'jdbc:postgresql'),
};
const PIECES = [
  ...['me:hunter2@host:5432/name', 'my_user:hunter2@host/name', 'm:hunter2@host', 'm%3Ahunter2%40host'],
  ...['//me@host/name', '10.0.0.1:5432/name', 'PGPASSWORD=hunter2', 'host=here password=hunter2', '', ' '],
];
const FOLDERS = [
  ...['store', 'my store', 'me@work', '@scope/store', "it's here", 'postgres', 'postgres/store', 'a=b'],
  ...[
    './name:with-colon',
    './me:you@home',
    '../no-such-folder/a:b',
    'twice//sliced',
    'C:\\store',
    '50%',
    '.',
  ],
];

const run = (...parameters: string[]): Promise<Command> => {
  const program = new Command('tslrec').exitOverride();
  for (const command of [
    ...[migrateCommand(config), serveCommand(config), refreshCommand(config), evaluateCommand(config)],
    generateSampleCommand(),
  ])
    program.addCommand(command);
  return program.parseAsync(['node', 'tslrec', ...parameters]);
};

const inOneSentence = (message: RegExp) => (error: unknown) => {
  assert.doesNotMatch(String(error), /hunter2/);
  return refused(message)(error);
};

test('a mistyped URL of a database is refused without its password, and makes no folder', async (context) => {
  const before = process.cwd();
  const folder = await temporaryFolder(context);
  process.chdir(folder);
  context.after(() => process.chdir(before));
  const mistyped = Object.entries(MISTYPED).flatMap(([how, mistype]) =>
    URLS.map((url): [string, string] => [how, mistype(url)]),
  );
  for (const [how, text] of [...mistyped, ...PIECES.map((piece): [string, string] => [piece, piece])]) {
    await context.test(`${how}: ${text.replace('hunter2', '***')}`, async () => {
      const store = `--store=${text}`;
      for (const parameters of [['migrate'], ['serve'], ['refresh', '--data=x'], ['evaluate', '--data=x']])
        await assert.rejects(
          run(...parameters, store),
          inOneSentence(/^The store cannot be kept in .+: give/),
        );
      await assert.rejects(
        run('generate-sample', text),
        inOneSentence(/ cannot be written to: give a path /),
      );
      const [name, expected] = ['TSLREC_FOLDER', /TSLREC_FOLDER is wrong: it has to be the path of a folder/];
      assert.throws(() => readConfig({ [name]: text }), inOneSentence(expected));
      if (text === '') return; // as good as not set
      assert.throws(
        () => readConfig({ DATABASE_URL: text }),
        inOneSentence(/has to begin with postgres:\/\//),
      );
    });
  }
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder may have any other name', async () => {
  for (const name of FOLDERS) {
    await assert.rejects(run('serve', `--store=${name}`), refused(/^There is no store in .*: run /));
    assert.equal(readConfig({ TSLREC_FOLDER: name }).folder, name);
  }
});
