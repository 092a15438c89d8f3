// The doors through which files come in: what a command calls to read what a caller named. Each gives what it
// has read as rows of text, so that a test can compare it with what the undamaged files say.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { embed } from '../../jobs/embed.ts';
import { exportSft } from '../../jobs/export-sft.ts';
import { readSrsEmbeddings } from '../../jobs/stages/srs-embeddings.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { findHostedModels } from '../../src/language-model/external/hosted-models.ts';
import { findOpenModel } from '../../src/language-model/external/open-model.ts';
import { loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { openRowJournal } from '../../src/language-model/reading/row-journal.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { readVersionFolder } from '../../src/storage/version-folder.ts';
import { CATALOGUE } from './good-files.ts';

/** Rows by what they are of. A row of numbers is its numbers, parted by blanks. */
export type Reading = Readonly<Record<string, readonly string[]>>;

/** Reads what good-files.ts has put into the folder. */
type Door = (folder: string) => Promise<Reading>;

const progress = silentProgress;

/** `--data` of every command that learns. */
const data: Door = async (folder) => {
  const { dataset } = await readDataset(path.join(folder, 'data'), { onBadRow: 'stop' });
  const { items, userIds, sequences, times } = dataset;
  return {
    items: items.map((item) => JSON.stringify(item)),
    interactions: sequences.flatMap((sequence, user) =>
      Array.from(sequence, (item, i) => `${userIds[user]} ${items[item].itemId} ${times[user][i]}`),
    ),
  };
};

/** `--srs-embeddings`. */
const vectors = (name: string): Door => {
  return async (folder) => {
    const read = await readSrsEmbeddings({ embeddings: path.join(folder, name) }, CATALOGUE);
    return { vectors: rowsOf(read.vectors.values, read.vectors.shape[1]) };
  };
};

/** `embed --model --input`. */
const texts = (name: string): Door => {
  return async (folder) => {
    const output = path.join(folder, 'vectors.npy');
    await embed({
      model: path.join(folder, 'model'),
      input: path.join(folder, name),
      output,
      normalize: false,
      folder: path.join(folder, 'store'),
      progress,
    });
    const { shape, values } = await readNpy(output);
    return { vectors: rowsOf(values, shape[1]) };
  };
};

/** `--hosted`. */
const hosted: Door = async (folder) => {
  const { source } = await findHostedModels({ hosted: path.join(folder, 'hosted.json') });
  return { models: Object.entries(source).map(([name, model]) => `${name} ${JSON.stringify(model)}`) };
};

const modelAndAdapter = (folder: string) => ({
  base: path.join(folder, 'model'),
  adapter: path.join(folder, 'adapter'),
});

/** `--base --adapter`: what is looked at before the work. */
const external: Door = async (folder) => {
  const found = await findOpenModel(modelAndAdapter(folder), {
    folder: path.join(folder, 'store'),
    progress,
  });
  return { models: [`head ${found!.hasHead}`, `samples ${found!.trainedOn?.work}`] };
};

/** `--base --adapter`: the model that then answers. */
const answers: Door = async (folder) => {
  const { base, adapter } = modelAndAdapter(folder);
  const model = await loadLocalModel(base, { adapter });
  try {
    const { probabilities, labels } = await model.classify(['a drill', 'a saw and a hammer']);
    const pieces: string[] = [];
    const question = [{ role: 'user', content: 'a saw' }] as const;
    for await (const piece of model.generate(question, { maxTokens: 6 })) pieces.push(piece);
    return { distributions: rowsOf(probabilities, labels.length), answers: [pieces.join('')] };
  } finally {
    await model.release();
  }
};

/** A job that finds its earlier stages, or the checkpoint of a training, in the work folder. */
const samples = (withVectors: boolean): Door => {
  return async (folder) => {
    const output = path.join(folder, 'samples');
    await exportSft({
      data: path.join(folder, 'data'),
      ...(withVectors && { srs: { embeddings: path.join(folder, 'vectors.npy') } }),
      output,
      folder: path.join(folder, 'store'),
      preset: 'quick',
      seed: 1,
      onBadRow: 'stop',
      progress,
    });
    const lines = readFileSync(path.join(output, 'samples.jsonl'), 'utf8').trimEnd().split('\n');
    return { samples: lines };
  };
};

/** What a server gave before a refresh broke off. */
const journal: Door = async (folder) => {
  const { rows } = (await openRowJournal(path.join(folder, 'rows.jsonl')))('embed');
  return { rows: Array.from(rows, ([row, { values }]) => `${row} ${values.join(' ')}`) };
};

/** `import-version --input`. */
const version: Door = async (folder) => {
  const { draft, run, encoderFiles } = await readVersionFolder(path.join(folder, 'version'));
  const { dimension: d, categoryCount: K } = draft;
  return {
    run: [JSON.stringify({ ...run, lineage: draft.lineage, metrics: draft.metrics })],
    items: draft.items.map((item, row) => `${JSON.stringify(item)} ${draft.itemCategories[row]}`),
    users: draft.userIds,
    embeddings: rowsOf(draft.embeddings, d),
    distributions: [draft.inferredItemCategories, draft.priorPreferences, draft.inferredPreferences].flatMap(
      (matrix) => rowsOf(matrix, K),
    ),
    encoder: Object.entries(encoderFiles!).map(([name, { sha256 }]) => `${name} ${sha256}`),
  };
};

export const DOORS = {
  data,
  npy: vectors('vectors.npy'),
  safetensors: vectors('vectors.safetensors'),
  texts: texts('texts.jsonl'),
  'gzip texts': texts('texts.jsonl.gz'),
  hosted,
  external,
  answers,
  stages: samples(true),
  checkpoint: samples(false),
  journal,
  version,
} as const satisfies Record<string, Door>;

export type DoorName = keyof typeof DOORS;

/** values [rows, width]; what two machines round differently is left out. */
function rowsOf(values: Float32Array, width: number): string[] {
  return Array.from({ length: values.length / width }, (_, row) =>
    Array.from(values.subarray(row * width, (row + 1) * width), (value) => value.toPrecision(4)).join(' '),
  );
}
