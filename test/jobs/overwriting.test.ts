// What commands write where something stands already: their own earlier output is replaced, anything else
// only with --force, and a refusal is told before the work begins.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { checkReplaceable } from '../../jobs/outputs/output-file.ts';
import { train } from '../../jobs/train.ts';
import { embedCommand } from '../../src/command-line/embed.ts';
import { evaluateCommand } from '../../src/command-line/evaluate.ts';
import { exportSftCommand } from '../../src/command-line/export-sft.ts';
import { generateSampleCommand } from '../../src/command-line/generate-sample.ts';
import { refreshCommand } from '../../src/command-line/refresh.ts';
import { reportFiles } from '../../src/command-line/render/report/write-report.ts';
import { trainCommand } from '../../src/command-line/train.ts';
import { readConfig } from '../../src/config.ts';
import { silentProgress } from '../../src/progress.ts';
import { refused } from '../support/errors.ts';
import { fixtures } from '../support/model-folders.ts';
import { temporaryFolder } from '../support/stores.ts';

const SMALL = ['--users', '24', '--items', '20', '--categories', '2'];
const SAMPLE = ['dataset.json', 'items.jsonl', 'interactions.csv', 'planted.json'];
const SFT = ['sft.json', 'samples.jsonl', 'chat.jsonl'];
const TRAINED = ['shop.safetensors', 'shop.ids.txt', 'shop.onnx'];
const BERT = path.join(fixtures, 'bert');

const config = readConfig({});

/** The command line in this process. */
async function run(parameters: readonly string[]): Promise<void> {
  const program = new Command('tslrec');
  for (const command of [
    refreshCommand(config),
    evaluateCommand(config),
    trainCommand(),
    embedCommand(config),
    exportSftCommand(config),
    generateSampleCommand(),
  ])
    program.addCommand(command);
  await program.parseAsync(['node', 'tslrec', ...parameters]);
}

/** A folder with a sample and texts in it, and how to name what is in the folder. */
async function setUp(context: TestContext) {
  context.mock.method(console, 'log', () => {});
  const folder = await temporaryFolder(context);
  const inside = (...names: string[]) => path.join(folder, ...names);
  await run(['generate-sample', inside('sample'), ...SMALL]);
  writeFileSync(inside('texts.jsonl'), '{"text": "a"}\n{"text": "b c"}\n');
  return { folder, inside };
}

const isThere = (file: string, canForce = true) => {
  const way = canForce ? ', give another name, or replace it with --force' : '';
  const message =
    `${file} is there already, and tslrec cannot tell that it is its own: ` + `move it elsewhere${way}.`;
  return { code: 'bad-request', message };
};

/** Of each command how it is called, and the files that it would write. */
const COMMANDS: Record<string, [string, string[]]> = {
  'generate-sample': [`generate-sample DIR/out ${SMALL.join(' ')}`, SAMPLE],
  train: ['train --data DIR/sample --preset quick --output DIR/out/shop.onnx', TRAINED],
  'train, bad rows': [
    'train --data DIR/sample --on-bad-row skip --output DIR/out/shop.onnx',
    ['shop.skipped-rows.jsonl'],
  ],
  embed: [`embed --model ${BERT} --input DIR/texts.jsonl --output DIR/out/v.npy`, ['v.npy']],
  'export-sft': ['export-sft --data DIR/sample --store DIR/store --output DIR/out', SFT],
  'export-sft, bad rows': [
    'export-sft --data DIR/sample --store DIR/out --on-bad-row skip --output DIR/other',
    ['skipped-rows.jsonl'],
  ],
  evaluate: [
    'evaluate --data DIR/sample --store DIR/store --report DIR/out',
    ['index.html', 'evaluation.json'],
  ],
  'evaluate, bad rows': [
    'evaluate --data DIR/sample --store DIR/out --on-bad-row skip',
    ['skipped-rows.jsonl'],
  ],
  refresh: ['refresh --data DIR/sample --store DIR/out --on-bad-row skip', ['skipped-rows.jsonl']],
};

const MINE: Record<string, string> = {
  'dataset.json': '{"name": "mine", "note": "from the shop"}',
  'items.jsonl': '{"item_id": "1", "title": "mine"}\n',
  'interactions.csv': 'user_id,item_id,timestamp\n1,1,1\n',
  'planted.json': '{}',
  'sft.json': '{"work": "mine"}',
  'evaluation.json': '{"dataset": "mine", "rows": []}',
  'index.html': '<!doctype html>\n<title>tslrec</title>\n',
  'shop.onnx': '\x08\x09\x12\x07pytorch',
};

for (const [what, [command, names]] of Object.entries(COMMANDS)) {
  test(`${what}: somebody's own file is not replaced, and that is told at once`, async (context) => {
    const { folder, inside } = await setUp(context);
    for (const name of names) {
      const file = inside('out', name);
      const mine = MINE[name] ?? 'mine\n';
      mkdirSync(inside('out'));
      writeFileSync(file, mine);
      await assert.rejects(
        run(command.replaceAll('DIR', folder).split(' ')),
        isThere(file, what !== 'refresh'),
      );
      assert.deepEqual(readdirSync(inside('out')), [name]);
      assert.equal(readFileSync(file, 'utf8'), mine);
      rmSync(inside('out'), { recursive: true });
    }
  });
}

test('a folder, a link that leads nowhere and an empty file are not replaced either', async (context) => {
  const { inside } = await setUp(context);
  for (const make of [
    (file: string) => mkdirSync(file),
    (file: string) => symlinkSync('nowhere', file),
    (file: string) => writeFileSync(file, ''),
  ]) {
    mkdirSync(inside('out'));
    make(inside('out', 'items.jsonl'));
    const generating = run(['generate-sample', inside('out'), ...SMALL]);
    await assert.rejects(generating, isThere(inside('out', 'items.jsonl')));
    rmSync(inside('out'), { recursive: true });
  }
});

test('a sample is replaced by another; one that somebody changed only with --force', async (context) => {
  const { inside } = await setUp(context);
  const generate = (...options: string[]) => run(['generate-sample', inside('sample'), ...SMALL, ...options]);
  const read = (name: string) => readFileSync(inside('sample', name), 'utf8');
  const before = read('interactions.csv');
  await generate('--seed', '2');
  assert.notEqual(read('interactions.csv'), before);
  const changes: readonly ((text: string) => string)[] = [
    (text) => `${text}\n`,
    (text) => text.replace(/\d(?=\D*$)/, '0x'),
    (text) => text.replace('SYNTHETIC: ', 'SYNTHETIC: mine, '),
    (text) => text.replace('{', '{ "mine": 1,'),
    () => '{"note": "SYNTHETIC: mine", "sha256": {}}',
  ];
  for (const name of SAMPLE) {
    for (const change of changes) {
      const changed = change(read(name));
      if (changed === read(name)) continue; // there is no such word in it
      writeFileSync(inside('sample', name), changed);
      await assert.rejects(generate(), isThere(inside('sample', name)));
      assert.equal(read(name), changed);
      await generate('--force');
    }
    await generate();
  }
  assert.equal(read('interactions.csv'), before);
});

test('a sample that a kill has cut short is made whole', async (context) => {
  const { inside } = await setUp(context);
  const whole = readFileSync(inside('sample', 'interactions.csv'), 'utf8');
  for (const name of ['planted.json', 'interactions.csv', 'items.jsonl']) {
    rmSync(inside('sample', name)); // they are written in the other order
    await run(['generate-sample', inside('sample'), ...SMALL]);
    assert.equal(readFileSync(inside('sample', 'interactions.csv'), 'utf8'), whole);
  }
});

test('vectors have no mark: they are replaced with --force', async (context) => {
  const { folder, inside } = await setUp(context);
  const embed = (...options: string[]) =>
    run([...COMMANDS.embed[0].replaceAll('DIR', folder).split(' '), ...options]);
  await embed();
  const before = readFileSync(inside('out', 'v.npy'));
  await assert.rejects(embed('--normalize'), isThere(inside('out', 'v.npy')));
  await embed('--normalize', '--force');
  assert.ok(!before.equals(readFileSync(inside('out', 'v.npy'))));
});

test('train replaces what it has written, and nothing that comes in between', async (context) => {
  const { inside } = await setUp(context);
  const common = { data: inside('sample'), model: 'sasrec', preset: 'quick', length: 5 } as const;
  const options = { ...common, output: inside('shop.onnx'), onBadRow: 'skip' } as const;
  const learn = (seed: number, onStep = () => {}) => {
    const task = { advance: onStep, done() {} };
    return train({ ...options, seed, progress: { ...silentProgress, start: () => task } });
  };
  await learn(1);
  const first = readFileSync(inside(TRAINED[0]));
  const ids = inside('shop.ids.txt');
  appendFileSync(ids, 'mine\n');
  await assert.rejects(learn(2), isThere(ids));
  rmSync(ids);
  // Told at the end, with all that was learnt in the checkpoint.
  let isFirst = true;
  const mine = () => {
    if (isFirst) writeFileSync(ids, 'mine\n');
    isFirst = false;
  };
  await assert.rejects(learn(2, mine), isThere(ids));
  assert.equal(readFileSync(ids, 'utf8'), 'mine\n');
  assert.ok(first.equals(readFileSync(inside(TRAINED[0]))));
  rmSync(ids);
  let steps = 0;
  await learn(2, () => void steps++);
  assert.ok(steps <= 1, `${steps} steps anew`);
  assert.ok(!first.equals(readFileSync(inside(TRAINED[0]))));
});

test('of a report the figures and the page are known, whatever else is there', async (context) => {
  const folder = await temporaryFolder(context);
  const figures = { dataset: 'sample', protocol: 'leave-one-out', rows: [], summary: [], curves: [] };
  writeFileSync(path.join(folder, 'evaluation.json'), JSON.stringify(figures));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html>\n<meta name="generator" content="tslrec">');
  writeFileSync(path.join(folder, 'notes.txt'), 'mine');
  await checkReplaceable(reportFiles(folder), false);
  for (const wrong of ['', '[]', 'null', '{"dataset": 1}', JSON.stringify({ ...figures, rows: 1 })]) {
    writeFileSync(path.join(folder, 'evaluation.json'), wrong);
    await assert.rejects(
      checkReplaceable(reportFiles(folder), false),
      refused(/evaluation\.json is there already/),
    );
    await checkReplaceable(reportFiles(folder), true);
  }
});
