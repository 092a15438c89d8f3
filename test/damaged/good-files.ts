// One small good input of each kind, in the folders that doors.ts reads.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { exportSft } from '../../jobs/export-sft.ts';
import { temporaryName } from '../../src/files.ts';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import type { Item } from '../../src/interactions/dataset.ts';
import { openRowJournal } from '../../src/language-model/reading/row-journal.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { writeVersionFolder } from '../../src/storage/version-folder.ts';
import { fixtures } from '../support/model-folders.ts';
import { outputOf } from '../support/stages.ts';
import { npy } from '../support/vector-files.ts';
import { learntVersion, writeEncoder } from '../support/version-folders.ts';

const ITEMS = 8;
const USERS = 6;
const WIDTH = 4;
const TITLES = ['drill', 'saw', 'Café au lait', 'hammer', 'nail', 'glue', 'très bon', 'tape'];

export const CATALOGUE: readonly Item[] = TITLES.map((title, item) => ({
  itemId: `i${101 + item}`,
  title,
  attributes: {},
}));

/** Users in order, five interactions each, each later than the one before. */
const EVENTS = Array.from({ length: USERS * 5 }, (_, event) => ({
  user: 101 + Math.floor(event / 5),
  item: 101 + ((3 * event + Math.floor(event / 5)) % ITEMS),
  time: 1_600_000_000 + event,
}));

const numbers = (seed: string): number[][] => {
  const random = createRandom(seed);
  return Array.from({ length: ITEMS }, () => Array.from({ length: WIDTH }, () => random.normal()));
};
const tensor = (rows: readonly (readonly number[])[]) => ({
  shape: [rows.length, rows[0].length],
  values: Float32Array.from(rows.flat()),
});
const lines = (rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('');
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const HOSTED = {
  embed: { model: 'small-embedder', endpointUrl: 'http://127.0.0.1:1/v1' },
  generate: { model: 'small-writer', endpointUrl: 'http://127.0.0.1:1/v1' },
};

const TEMPLATE =
  '{{ bos_token }}{% for message in messages %}' +
  "{{ message['role'] + ' ' + message['content'] + ' ' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ 'assistant' }}{% endif %}";

type Make = (folder: string) => void | Promise<void>;

const write = (folder: string, files: Readonly<Record<string, string | Buffer>>): void => {
  for (const [name, contents] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
};

const EVENT_ROWS = EVENTS.map(({ user, item, time }) => `u${user},i${item},${time}`);
const INTERACTIONS = `user_id,item_id,timestamp\n${lines(EVENT_ROWS)}`;
const ITEM_LINES = lines(
  CATALOGUE.map(({ itemId, title }, i) =>
    JSON.stringify({ item_id: itemId, title, attributes: { price: 10 + i, tags: ['a', `b${i}`] } }),
  ),
);
const TEXT_LINES = lines(
  ['a drill', 'a saw and a hammer', 'Café', ''].map((text) => JSON.stringify({ text })),
);

/** As the program itself writes it. */
const CHECKED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** GroupLens' files are latin-1. */
const movieLens = (rows: readonly string[]): Buffer => Buffer.from(lines(rows), 'latin1');
const GENRES = '0|0|1|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0';

function copyModel(fixture: string, folder: string): void {
  cpSync(path.join(fixtures, fixture), folder, {
    recursive: true,
    filter: (source) => !/\/adapter|expected\.safetensors$|embedded\.json$/.test(source),
  });
}

/** A BERT whose vectors are pooled, turned into as many others and scaled to length 1. */
function sentenceModel(folder: string): void {
  const model = path.join(folder, 'model');
  copyModel('bert', model);
  const module = (idx: number, kind: string, name: string) => ({
    idx,
    name: String(idx),
    path: name,
    type: `sentence_transformers.models.${kind}`,
  });
  write(folder, {
    'texts.jsonl': TEXT_LINES,
    'model/modules.json': json([
      module(0, 'Transformer', ''),
      module(1, 'Pooling', '1_Pooling'),
      module(2, 'Dense', '2_Dense'),
      module(3, 'Normalize', '3_Normalize'),
    ]),
    'model/sentence_bert_config.json': json({ max_seq_length: 20, do_lower_case: false }),
    'model/1_Pooling/config.json': json({ word_embedding_dimension: 16, pooling_mode_cls_token: true }),
    'model/2_Dense/config.json': json({
      in_features: 16,
      out_features: 4,
      bias: false,
      activation_function: 'torch.nn.modules.activation.Tanh',
    }),
  });
  const random = createRandom('dense');
  const values = Float32Array.from({ length: 4 * 16 }, () => random.normal());
  const weights = new Map([['linear.weight', { shape: [4, 16], values }]]);
  writeSafetensors(path.join(model, '2_Dense/model.safetensors'), weights);
}

function answeringModel(folder: string): void {
  const model = path.join(folder, 'model');
  const adapter = path.join(folder, 'adapter');
  tslrec(folder);
  copyModel('llama-2', model);
  write(model, {
    'chat_template.jinja': TEMPLATE,
    'generation_config.json': json({ bos_token_id: 1, eos_token_id: [2, 3] }),
  });
  for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
    write(adapter, { [name]: readFileSync(path.join(fixtures, 'llama-2/adapter-layers', name)) });
  }
  const head = createRandom('head');
  const values = Float32Array.from({ length: 3 * 16 }, () => head.normal());
  writeSafetensors(
    path.join(adapter, 'head.safetensors'),
    new Map([['score.weight', { shape: [3, 16], values }]]),
  );
  write(adapter, { 'sft.json': json({ work: '0123456789abcdef' }) });
}

/**
 * A job's own files: what the stages have left, or the checkpoint of a training that was killed at its end.
 */
async function work(folder: string, withVectors: boolean): Promise<void> {
  tslrec(folder);
  if (withVectors) vectors(folder);
  const inTheWay = () => temporaryName(outputOf(path.join(folder, 'store'), 'pretrain'));
  const run = exportSft({
    data: path.join(folder, 'data'),
    ...(withVectors && { srs: { embeddings: path.join(folder, 'vectors.npy') } }),
    output: path.join(folder, 'samples'),
    folder: path.join(folder, 'store'),
    preset: 'quick',
    seed: 1,
    onBadRow: 'stop',
    progress: {
      start(task, total) {
        // A stage that cannot write its file leaves its checkpoint.
        if (!withVectors) mkdirSync(inTheWay(), { recursive: true });
        return silentProgress.start(task, total);
      },
    },
  });
  if (withVectors) await run;
  else {
    await assert.rejects(run, { code: 'EISDIR' });
    rmdirSync(inTheWay());
  }
}

function tslrec(folder: string): void {
  write(folder, { 'data/interactions.csv': INTERACTIONS, 'data/items.jsonl': ITEM_LINES });
}

function vectors(folder: string): void {
  const ids = CATALOGUE.map(({ itemId }) => itemId);
  write(folder, { 'vectors.npy': npy(numbers('vectors')), 'vectors.ids.txt': lines(ids) });
}

const { folder: PARQUET } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '..', 'fixtures', 'parquet-files.json'), 'utf8'),
) as { folder: Record<string, string> };

export const GOOD = {
  tslrec,
  'tslrec, gzip': (folder) =>
    write(folder, {
      'data/interactions.csv.gz': gzipSync(INTERACTIONS),
      'data/items.jsonl.gz': gzipSync(ITEM_LINES),
    }),
  // In two frames, as `zstd` makes of two files.
  'tslrec, Zstandard': (folder) =>
    write(folder, {
      'data/interactions.csv.zst': Buffer.concat(
        [INTERACTIONS.slice(0, 200), INTERACTIONS.slice(200)].map((part) => zstdCompressSync(part, CHECKED)),
      ),
      'data/items.jsonl.zst': zstdCompressSync(ITEM_LINES, CHECKED),
    }),
  'MovieLens 100K': (folder) =>
    write(folder, {
      'data/u.data': movieLens(EVENTS.map(({ user, item, time }) => `${user}\t${item}\t4\t${time}`)),
      'data/u.item': movieLens(
        TITLES.map((title, i) => `${101 + i}|${title} (1995)|01-Jan-1995||http://example.org|${GENRES}`),
      ),
    }),
  'MovieLens 1M': (folder) =>
    write(folder, {
      'data/ratings.dat': movieLens(EVENTS.map(({ user, item, time }) => `${user}::${item}::4::${time}`)),
      'data/movies.dat': movieLens(TITLES.map((title, i) => `${101 + i}::${title} (1995)::Comedy|Drama`)),
    }),
  // As pyarrow writes them: clicks in two parts and goods, the same in every test of Parquet.
  Parquet: (folder) => {
    const mapping = { 'user-column': 'uid', 'item-column': 'sku', 'time-column': 'when' };
    const files = Object.entries(PARQUET).map(
      ([name, bytes]) => [`data/${name}`, Buffer.from(bytes, 'base64')] as const,
    );
    write(folder, { 'data/tslrec.json': json(mapping), ...Object.fromEntries(files) });
  },
  npy: vectors,
  safetensors: (folder) => {
    const ids = CATALOGUE.map(({ itemId }) => itemId);
    write(folder, { 'vectors.ids.json': json(ids) });
    writeSafetensors(
      path.join(folder, 'vectors.safetensors'),
      new Map([['weight', tensor(numbers('vectors'))]]),
    );
  },
  bert: (folder) => {
    copyModel('bert', path.join(folder, 'model'));
    write(folder, { 'texts.jsonl': TEXT_LINES });
  },
  'gzip texts': (folder) => {
    copyModel('bert', path.join(folder, 'model'));
    write(folder, { 'texts.jsonl.gz': gzipSync(TEXT_LINES) });
  },
  shards: (folder) => {
    copyModel('sharded', path.join(folder, 'model'));
    const tokenizer = readFileSync(path.join(fixtures, 'llama-2/tokenizer.json'));
    write(folder, { 'texts.jsonl': TEXT_LINES, 'model/tokenizer.json': tokenizer });
  },
  sentences: sentenceModel,
  answers: answeringModel,
  hosted: (folder) => {
    tslrec(folder);
    write(folder, { 'hosted.json': json(HOSTED) });
  },
  version: (folder) => {
    const encoder = writeEncoder(path.join(folder, 'source'));
    return writeVersionFolder(path.join(folder, 'version'), learntVersion({ encoder }));
  },
  stages: (folder) => work(folder, true),
  checkpoint: (folder) => work(folder, false),
  journal: async (folder) => {
    const { keep } = (await openRowJournal(path.join(folder, 'rows.jsonl')))('embed');
    const rows = numbers('rows').map((row, i) => [i, { values: Float32Array.from(row) }] as const);
    keep(rows, 'small-embedder');
  },
} as const satisfies Record<string, Make>;

export type GoodName = keyof typeof GOOD;
