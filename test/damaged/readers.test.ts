// Every reader and every file of a model folder, with every kind of damage: each input ends in one sentence
// and exit code 1, or is read right, within 10 s of processor time and 1 GB of memory.
import assert from 'node:assert/strict';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
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
import { ReaderProcess } from './reader-process.ts';
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
  { good: 'MovieLens 100K', file: 'data/u.data', door: 'data', damages: [...MOVIES, ...ratingLines('\t')] },
  { good: 'MovieLens 100K', file: 'data/u.item', door: 'data', damages: MOVIES },
  {
    good: 'MovieLens 1M',
    file: 'data/ratings.dat',
    door: 'data',
    damages: [...MOVIES, ...ratingLines('::')],
  },
  { good: 'MovieLens 1M', file: 'data/movies.dat', door: 'data', damages: MOVIES },
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
    door: 'answers',
    damages: [...BRIEFLY, ...fields({ work: 'text' })],
  },
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
  // What a job has left for the next: stages, and a training that was killed at its end.
  {
    good: 'stages',
    file: 'store/work/*/srs-embeddings.safetensors',
    door: 'stages',
    damages: TENSORS,
    leaves: 'same',
  },
  {
    good: 'stages',
    file: 'store/work/*/categorise.safetensors',
    door: 'stages',
    damages: TENSORS,
    leaves: 'same',
  },
  {
    good: 'stages',
    file: 'store/work/*/instruct.safetensors',
    door: 'stages',
    damages: [...BRIEFLY, ...FLIPPED],
    leaves: 'same',
  },
  {
    good: 'checkpoint',
    file: 'store/work/*/pretrain.checkpoint',
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

let count = 0;
async function check(
  { good, file, door, isSettings, leaves }: Row,
  damage: Damage,
  name: string,
): Promise<void> {
  const reader = processes.pop()!;
  try {
    const expected = await goodReading(good, door, reader);
    const folder = path.join(root, String(count++));
    cpSync(await folderOf(good), folder, { recursive: true });
    const [damaged] = globSync(path.join(folder, file));
    damage.apply(damaged, readFileSync(damaged));
    const outcome = await reader.read({ door, folder });
    const left = isSettings && damage.leaves === 'one place' ? 'settings' : damage.leaves;
    const wrong = complaint(outcome, expected, leaves ?? left, folder);
    rmSync(folder, { recursive: true });
    assert.equal(wrong, undefined, `${name}: ${wrong}.`);
  } finally {
    processes.push(reader);
  }
}

for (const row of TABLE) {
  describe(`${row.good}: ${path.basename(row.file)}`, { concurrency: processes.length }, () => {
    for (const damage of row.damages) {
      const name = `${path.basename(row.file)}, ${damage.name}`;
      test(name, () => check(row, damage, name));
    }
  });
}
