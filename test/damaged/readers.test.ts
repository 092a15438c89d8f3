// Every reader and every file of a model folder, with every kind of damage: each input ends in one sentence
// and exit code 1, or is read right, within 10 s of processor time and 1 GB of memory.
import assert from 'node:assert/strict';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { tslrec } from '../support/command-line.ts';
import type { Damage } from './damages.ts';
import { CUT, FILLED, FLIPPED, GROWN, OTHER_FILES, PLACES } from './damages.ts';
import type { DoorName, Reading } from './doors.ts';
import { GOOD, type GoodName } from './good-files.ts';
import {
  fields,
  HOSTED,
  INDEX,
  JSON_TEXT,
  MODULES,
  NAMES,
  TARGETS,
  TEMPLATE,
  TOKENIZER,
} from './json-damages.ts';
import { CHANGED, CLAIMS } from './parquet-damages.ts';
import { type Outcome, ReaderProcess } from './reader-process.ts';
import { NPY, OVERLAPPING, SAFETENSORS } from './tensor-damages.ts';
import {
  COMPRESSED,
  ENCODED,
  GZIP,
  INTERACTIONS,
  ITEMS,
  LATIN_1,
  LINES,
  REPEATED,
  ratingLines,
  UTF_8,
  ZSTD,
} from './text-damages.ts';
import { complaint, type Remains } from './verdict.ts';

interface Row {
  /** The good files that the damaged one lies among. */
  readonly good: GoodName;
  /** A pattern that one file fits. */
  readonly file: string;
  readonly door: DoorName;
  readonly damages: readonly Damage[];
  /** Of this file every number is used in all that is read: one place changes all rows. */
  readonly isSettings?: true;
  /** What is right after any damage, in place of what the damage itself leaves. */
  readonly leaves?: Remains;
}

const ANY = [...CUT, ...FLIPPED, ...OTHER_FILES, ...PLACES, ...GROWN];
const LINE_FILE = [...ANY, ...ENCODED, ...LINES];
const MOVIES = [...ANY, ...LINES, ...COMPRESSED, UTF_8];
const PARQUET = [...ANY, ...FILLED, ...CLAIMS, ...CHANGED];
const ZSTD_FILE = [...ANY, ...FILLED, ...ZSTD];
const JSON_FILE = [...ANY, ...ENCODED, ...COMPRESSED, ...JSON_TEXT, ...NAMES];
const TENSORS = [...ANY, ...FILLED, ...SAFETENSORS];

const SIZES = {
  vocab_size: 'number',
  hidden_size: 'number',
  intermediate_size: 'number',
  num_hidden_layers: 'number',
  num_attention_heads: 'number',
  max_position_embeddings: 'number',
} as const;

/** Of a file whose like is damaged in every way elsewhere in the table. */
const BRIEFLY = [...CUT, ...PLACES];

/** What a refresh keeps of a stage in the store's folder, whatever its key is. */
const inWork = (stage: string, file = 'output.safetensors'): string =>
  path.join('store', 'work', `${stage}-*`, file);

const TABLE: readonly Row[] = [
  // What people did.
  {
    good: 'tslrec',
    file: 'data/interactions.csv',
    door: 'data',
    damages: [...LINE_FILE, ...COMPRESSED, ...INTERACTIONS],
  },
  {
    good: 'tslrec',
    file: 'data/items.jsonl',
    door: 'data',
    damages: [...LINE_FILE, LATIN_1, ...COMPRESSED, ...ITEMS],
  },
  {
    good: 'tslrec, gzip',
    file: 'data/interactions.csv.gz',
    door: 'data',
    damages: [...ANY, ...GZIP, REPEATED],
  },
  { good: 'tslrec, gzip', file: 'data/items.jsonl.gz', door: 'data', damages: [...ANY, ...GZIP] },
  { good: 'tslrec, Zstandard', file: 'data/interactions.csv.zst', door: 'data', damages: ZSTD_FILE },
  { good: 'tslrec, Zstandard', file: 'data/items.jsonl.zst', door: 'data', damages: ZSTD_FILE },
  { good: 'MovieLens 100K', file: 'data/u.data', door: 'data', damages: [...MOVIES, ...ratingLines('\t')] },
  { good: 'MovieLens 100K', file: 'data/u.item', door: 'data', damages: MOVIES },
  {
    good: 'MovieLens 1M',
    file: 'data/ratings.dat',
    door: 'data',
    damages: [...MOVIES, ...ratingLines('::')],
  },
  { good: 'MovieLens 1M', file: 'data/movies.dat', door: 'data', damages: MOVIES },
  { good: 'Parquet', file: 'data/part-1.parquet', door: 'data', damages: PARQUET, isSettings: true },
  { good: 'Parquet', file: 'data/goods.parquet', door: 'data', damages: PARQUET, isSettings: true },
  { good: 'Parquet', file: 'data/tslrec.json', door: 'data', damages: JSON_FILE, isSettings: true },
  // Vectors of a recommender, and whose they are.
  { good: 'npy', file: 'vectors.npy', door: 'npy', damages: [...ANY, ...FILLED, ...NPY] },
  { good: 'npy', file: 'vectors.ids.txt', door: 'npy', damages: [...LINE_FILE, ...COMPRESSED] },
  { good: 'safetensors', file: 'vectors.safetensors', door: 'safetensors', damages: TENSORS },
  { good: 'safetensors', file: 'vectors.ids.json', door: 'safetensors', damages: JSON_FILE },
  // Texts to embed, and a model that reads them.
  { good: 'bert', file: 'texts.jsonl', door: 'texts', damages: [...LINE_FILE, LATIN_1, ...COMPRESSED] },
  { good: 'gzip texts', file: 'texts.jsonl.gz', door: 'gzip texts', damages: [...ANY, ...GZIP] },
  {
    good: 'bert',
    file: 'model/config.json',
    door: 'texts',
    damages: [...JSON_FILE, ...fields({ ...SIZES, model_type: 'text', layer_norm_eps: 'number' })],
    isSettings: true,
  },
  {
    good: 'bert',
    file: 'model/tokenizer.json',
    door: 'texts',
    damages: [...ANY, ...ENCODED, ...TOKENIZER],
    isSettings: true,
  },
  { good: 'bert', file: 'model/model.safetensors', door: 'texts', damages: TENSORS, isSettings: true },
  {
    good: 'shards',
    file: 'model/model.safetensors.index.json',
    door: 'texts',
    damages: [...JSON_FILE, ...INDEX],
  },
  {
    good: 'shards',
    file: 'model/model-00002-of-00004.safetensors',
    door: 'texts',
    damages: [...BRIEFLY, OVERLAPPING],
  },
  {
    good: 'sentences',
    file: 'model/modules.json',
    door: 'texts',
    damages: [...BRIEFLY, ...JSON_TEXT, ...MODULES],
  },
  {
    good: 'sentences',
    file: 'model/1_Pooling/config.json',
    door: 'texts',
    damages: [...BRIEFLY, ...fields({ word_embedding_dimension: 'number', pooling_mode_cls_token: 'flag' })],
  },
  {
    good: 'sentences',
    file: 'model/2_Dense/config.json',
    door: 'texts',
    damages: [
      ...BRIEFLY,
      ...fields({ in_features: 'number', out_features: 'number', activation_function: 'text' }),
    ],
    isSettings: true,
  },
  {
    good: 'sentences',
    file: 'model/2_Dense/model.safetensors',
    door: 'texts',
    damages: [...BRIEFLY, ...FILLED],
    isSettings: true,
  },
  {
    good: 'sentences',
    file: 'model/sentence_bert_config.json',
    door: 'texts',
    damages: [...BRIEFLY, ...fields({ max_seq_length: 'number' })],
    isSettings: true,
  },
  // A model that answers, and what was tuned on it.
  {
    good: 'answers',
    file: 'model/config.json',
    door: 'answers',
    damages: fields({ num_key_value_heads: 'number', head_dim: 'number', rope_parameters: 'object' }),
    isSettings: true,
  },
  { good: 'answers', file: 'model/model.safetensors', door: 'answers', damages: BRIEFLY },
  {
    good: 'answers',
    file: 'model/tokenizer_config.json',
    door: 'answers',
    damages: BRIEFLY,
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'model/chat_template.jinja',
    door: 'answers',
    damages: [...BRIEFLY, ...OTHER_FILES, ...TEMPLATE],
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'model/generation_config.json',
    door: 'answers',
    damages: [...BRIEFLY, ...fields({ eos_token_id: 'list' })],
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'adapter/adapter_config.json',
    door: 'answers',
    damages: [...BRIEFLY, ...TARGETS, ...fields({ r: 'number', target_modules: 'list' })],
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'adapter/adapter_model.safetensors',
    door: 'answers',
    damages: TENSORS,
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'adapter/head.safetensors',
    door: 'answers',
    damages: [...BRIEFLY, ...SAFETENSORS],
    isSettings: true,
  },
  {
    good: 'answers',
    file: 'adapter/sft.json',
    door: 'external',
    damages: [...BRIEFLY, ...fields({ work: 'text' })],
  },
  ...[
    'model/config.json',
    'model/model.safetensors',
    'model/tokenizer.json',
    'adapter/adapter_config.json',
    'adapter/adapter_model.safetensors',
    'adapter/head.safetensors',
  ].map((file): Row => ({ good: 'answers', file, door: 'external', damages: BRIEFLY })),
  // Hosted models, and what they gave before a refresh broke off.
  {
    good: 'hosted',
    file: 'hosted.json',
    door: 'hosted',
    damages: [
      ...JSON_FILE,
      ...HOSTED,
      ...fields({ embed: 'object', 'embed.model': 'text', 'embed.endpointUrl': 'text', generate: 'object' }),
    ],
  },
  {
    good: 'journal',
    file: 'rows.jsonl',
    door: 'journal',
    damages: [...LINE_FILE, ...COMPRESSED],
    leaves: 'fewer',
  },
  // A version on its way from one store to another.
  {
    good: 'version',
    file: 'version/version.json',
    door: 'version',
    damages: [...JSON_FILE, ...fields({ format: 'number', run: 'object', files: 'object' })],
    leaves: 'same',
  },
  {
    good: 'version',
    file: 'version/vectors.safetensors',
    door: 'version',
    damages: TENSORS,
    leaves: 'same',
  },
  ...['version/items.jsonl', 'version/users.jsonl', 'version/encoder/encoder.json'].map(
    (file): Row => ({ good: 'version', file, door: 'version', damages: [...ANY, ...LINES], leaves: 'same' }),
  ),
  // What a job has left for the next: stages, and a training that was killed at its end.
  {
    good: 'stages',
    file: inWork('srs-embeddings'),
    door: 'stages',
    damages: TENSORS,
    leaves: 'same',
  },
  {
    good: 'stages',
    file: inWork('categorise'),
    door: 'stages',
    damages: TENSORS,
    leaves: 'same',
  },
  {
    good: 'stages',
    file: inWork('instruct'),
    door: 'stages',
    damages: [...BRIEFLY, ...FLIPPED],
    leaves: 'same',
  },
  {
    good: 'checkpoint',
    file: inWork('pretrain', 'checkpoint'),
    door: 'checkpoint',
    damages: [...BRIEFLY, ...FLIPPED, ...FILLED],
    leaves: 'same',
  },
];

const root = mkdtempSync(path.join(tmpdir(), 'tslrec-damaged-'));
const processes = [new ReaderProcess(), new ReaderProcess()];
after(async () => {
  await Promise.all(processes.map((one) => one.end()));
  rmSync(root, { recursive: true, force: true });
});

/** Good files are made and read when the first input that is made from them comes. */
const made = new Map<GoodName, Promise<string>>();
function folderOf(good: GoodName): Promise<string> {
  const make = async () => {
    const folder = path.join(root, good);
    await GOOD[good](folder);
    return folder;
  };
  if (!made.has(good)) made.set(good, make());
  return made.get(good)!;
}

const readings = new Map<string, Promise<Reading>>();
function goodReading(good: GoodName, door: DoorName, reader: ReaderProcess): Promise<Reading> {
  const read = async () => {
    const folder = path.join(root, `${good} for ${door}`);
    cpSync(await folderOf(good), folder, { recursive: true });
    const { exit, reading, printed, killed } = await reader.read({ door, folder });
    assert.deepEqual({ exit, printed, killed }, { exit: 0, printed: '', killed: undefined });
    assert.ok(Object.values(reading!).every((rows) => rows.length > 0));
    return reading!;
  };
  const key = `${good}/${door}`;
  if (!readings.has(key)) readings.set(key, read());
  return readings.get(key)!;
}

/** Good files of which one is damaged. */
async function damagedFolder({ good, file }: Row, damage: Damage): Promise<string> {
  const folder = mkdtempSync(path.join(root, 'input-'));
  cpSync(await folderOf(good), folder, { recursive: true });
  const [damaged] = globSync(path.join(folder, file));
  damage.apply(damaged, readFileSync(damaged));
  return folder;
}

async function check(row: Row, damage: Damage, name: string): Promise<void> {
  const reader = processes.pop()!;
  try {
    const expected = await goodReading(row.good, row.door, reader);
    const folder = await damagedFolder(row, damage);
    const outcome = await reader.read({ door: row.door, folder });
    const left = row.isSettings && damage.leaves === 'one place' ? 'settings' : damage.leaves;
    const wrong = complaint(outcome, expected, row.leaves ?? left, folder);
    rmSync(folder, { recursive: true });
    if (wrong !== undefined) assert.fail(report(name, wrong, outcome));
  } finally {
    processes.push(reader);
  }
}

const SHOWN_CHARACTERS = 2000;

function report(
  name: string,
  wrong: string,
  { exit, printed, reading, seconds, megabytes }: Outcome,
): string {
  const pattern = name.replace(/[^\w ,]/g, '.');
  return [
    `${name}: ${wrong}.`,
    `exit code ${exit}, ${seconds.toFixed(1)} s of processor time, ${megabytes.toFixed(0)} MB`,
    `stderr: ${printed.slice(0, SHOWN_CHARACTERS)}`,
    `reading: ${JSON.stringify(reading)?.slice(0, SHOWN_CHARACTERS)}`,
    `alone: node --test --test-name-pattern='${pattern}$' test/damaged/readers.test.ts`,
  ].join('\n');
}

for (const row of TABLE) {
  const file = path.basename(row.file);
  const group = `${row.good}, read as ${row.door}:`;
  describe(group, { concurrency: processes.length }, () => {
    for (const damage of row.damages) {
      const name = `${file}, ${damage.name}`;
      test(name, () => check(row, damage, `${group} ${name}`));
    }
  });
}

/** How a person comes to a door. */
const COMMANDS: Readonly<Partial<Record<DoorName, (folder: string) => string[]>>> = {
  data: (folder) => ['train', '--data', `${folder}/data`],
  texts: (folder) => ['embed', '--model', `${folder}/model`, '--input', `${folder}/texts.jsonl`],
  hosted: (folder) => ['refresh', '--data', `${folder}/data`, '--hosted', `${folder}/hosted.json`],
  external: (folder) => [
    ...['refresh', '--data', `${folder}/data`, '--base', `${folder}/model`, '--adapter', `${folder}/adapter`],
  ],
  version: (folder) => ['import-version', '--input', `${folder}/version`, '--store', `${folder}/store`],
  stages: (folder) => [
    ...['export-sft', '--data', `${folder}/data`, '--srs-embeddings', `${folder}/vectors.npy`],
    ...['--output', `${folder}/samples`, '--store', `${folder}/store`, '--preset', 'quick'],
  ],
};

function named(damages: readonly Damage[], name: string): Damage {
  const found = damages.find((damage) => damage.name === name);
  assert.ok(found, name);
  return found;
}

const THROUGH_MAIN: readonly Row[] = [
  { good: 'tslrec', file: 'data/items.jsonl', door: 'data', damages: [LATIN_1, named(PLACES, 'a FIFO')] },
  {
    good: 'tslrec',
    file: 'data/interactions.csv',
    door: 'data',
    damages: [named(COMPRESSED, 'a gzip of 100 MB without a line end')],
  },
  {
    good: 'bert',
    file: 'model/model.safetensors',
    door: 'texts',
    damages: [named(SAFETENSORS, 'with a header of 2^60 bytes')],
  },
  {
    good: 'bert',
    file: 'model/tokenizer.json',
    door: 'texts',
    damages: [named(TOKENIZER, 'with a template of unknown tokens')],
  },
  { good: 'hosted', file: 'hosted.json', door: 'hosted', damages: [named(JSON_TEXT, '100,000 brackets')] },
  {
    good: 'answers',
    file: 'adapter/adapter_config.json',
    door: 'external',
    damages: [named(TARGETS, 'with an expression that is none')],
  },
  {
    good: 'version',
    file: 'version/vectors.safetensors',
    door: 'version',
    damages: [named(FLIPPED, 'bit 7 flipped in the middle'), named(PLACES, 'a FIFO')],
  },
  {
    good: 'stages',
    file: inWork('categorise'),
    door: 'stages',
    damages: [named(FLIPPED, 'bit 7 flipped in the middle')],
  },
];

for (const row of THROUGH_MAIN) {
  const { door, file, damages } = row;
  for (const damage of damages) {
    test(`the command line says the same of ${path.basename(file)}, ${damage.name}`, async () => {
      const folder = await damagedFolder(row, damage);
      const { printed } = await processes[0].read({ door, folder });
      const { code, stdout, stderr } = await tslrec(folder, COMMANDS[door]!(folder));
      assert.deepEqual({ code, stdout, stderr }, { code: 1, stdout: '', stderr: printed });
      assert.match(printed, /^tslrec: /);
    });
  }
}
