// How models that answer read a catalogue: hosted ones, and one of our own that tells its distributions in
// words. What they gave before a refresh broke off is not asked for again.
//   n texts, K categories.
import { TslrecError } from '../../errors.ts';
import type { Progress } from '../../progress.ts';
import type { LanguageModel, ReadOptions } from '../language-model.ts';
import { countRows, createTextsApart, sameForAll } from '../pooled/texts-apart.ts';
import type { CatalogueReader, Distributions } from './catalogue-reader.ts';
import { categoriesOfLabels } from './category-labels.ts';
import { readAnswers } from './read-answers.ts';
import { type KeptRows, openRowJournal } from './row-journal.ts';

export interface AskedModels {
  /** Gives the hidden vectors of items. */
  readonly embed: LanguageModel;
  /** Gives distributions over the categories, of items and of users. */
  readonly infer: { readonly by: 'classify' | 'generate'; readonly model: LanguageModel };
}

export interface AskingOptions {
  /** A file in which rows are kept as they come. */
  readonly journal?: string;
  readonly progress: Progress;
  /** Whether the models have read other texts before, and told them apart. */
  readonly proven?: boolean;
}

/** K; the models are released with the reader. */
export async function readByAsking(
  { embed, infer: { by, model } }: AskedModels,
  K: number,
  { journal: file, progress, proven = false }: AskingOptions,
): Promise<CatalogueReader> {
  const journal = await openRowJournal(file);
  const task = (name: string, texts: readonly string[]) => ({
    ...{ name, texts, kept: journal(name) },
    ...{ progress, proven },
  });
  const ofTexts = by === 'classify' ? classified(model, K) : answered(model, K);
  return {
    async readItems(texts) {
      const inferring = task('infer categories of items', texts);
      // Of a classifier's labels it is known at once whether they are the right ones.
      await ofTexts.check();
      const reading = task('read items', texts);
      const hidden = await readRows(embed.name, reading, (...asked) => embed.embed(...asked));
      const shared = proven ? 0 : checkVectors(embed.name, texts, hidden, reading.kept);
      return { hidden, sharedVectors: shared || undefined, ...(await ofTexts.read(inferring)) };
    },
    readUsers: (texts) => ofTexts.read(task('infer categories of users', texts)),
    release: async () => {
      await Promise.all([embed.release(), model.release()]);
    },
  };
}

interface Task {
  readonly name: string;
  readonly texts: readonly string[];
  readonly kept: KeptRows;
  readonly progress: Progress;
  readonly proven: boolean;
}

interface ReadDistributions {
  check(): Promise<void>;
  read(task: Task): Promise<Distributions>;
}

function classified(model: LanguageModel, K: number): ReadDistributions {
  let categories: readonly number[] | undefined;
  /** Of an empty text, and before anything else is asked. */
  const columns = async () => {
    categories ??= categoriesOfLabels((await model.classify([''])).labels, K, model.name);
    return categories;
  };
  return {
    check: async () => {
      await columns();
    },
    read: async (task) => ({
      distributions: await readRows(
        model.name,
        task,
        (...asked) => model.classify(...asked),
        await columns(),
      ),
    }),
  };
}

const answered = (model: LanguageModel, K: number): ReadDistributions => ({
  check: async () => {},
  async read({ texts, ...task }) {
    const { distributions, ...answers } = await readAnswers(model, texts, K, task);
    return { distributions, answers };
  },
});

/** A row a text; number i of what `read` gives belongs in column `columns[i]`. */
async function readRows(
  model: string,
  { name, texts, kept, progress, proven }: Task,
  read: (texts: readonly string[], options: ReadOptions) => Promise<unknown>,
  columns?: readonly number[],
): Promise<Float32Array> {
  const missing = [...texts.keys()].filter((row) => !kept.rows.has(row));
  const bar = progress.start(name, texts.length);
  bar.advance(texts.length - missing.length);
  await read(
    missing.map((row) => texts[row]),
    {
      onBatch({ start, count, rows }) {
        const width = rows.length / count;
        const added = missing.slice(start, start + count).map((row, i) => {
          const values = rows.slice(i * width, (i + 1) * width);
          return [row, { values: columns ? inColumns(values, columns) : values }] as const;
        });
        kept.keep(added, model);
        bar.advance(count);
      },
    },
  );
  bar.done();
  const all = inOrder(kept, texts.length);
  if (!proven) checkApart(model, texts, all, kept);
  return all;
}

/** Those of an earlier run are among them, which may have been a server's of before it was repaired. */
function checkApart(model: string, texts: readonly string[], rows: Float32Array, { anew }: KeptRows): void {
  const w = rows.length / texts.length;
  const apart = createTextsApart();
  texts.forEach((text, i) => {
    if (w > 1 && text !== '') apart.add(text, rows.subarray(i * w, (i + 1) * w));
  });
  if (apart.texts < 2 || apart.areApart) return;
  throw new TslrecError('bad-data', `${model} ${sameForAll(apart.texts)}; see to its server${anew}.`);
}

/**
 * vectors [n, H] -> how many different texts share theirs with another one. Some may: what is the same as far
 * as the model reads, or but for case. Where most do, the model reads too little of each.
 */
function checkVectors(
  model: string,
  texts: readonly string[],
  vectors: Float32Array,
  { anew }: KeptRows,
): number {
  const { texts: different, rows, sharing } = countRows(texts, vectors);
  if (2 * rows >= different) return sharing;
  throw new TslrecError(
    'bad-data',
    `${model}: got ${rows} different vectors for ${different} different texts, expected at least half as ` +
      `many; see that the model reads whole texts and knows their words${anew}.`,
  );
}

function inColumns(values: Float32Array, columns: readonly number[]): Float32Array {
  const moved = new Float32Array(values.length);
  columns.forEach((column, i) => {
    moved[column] = values[i];
  });
  return moved;
}

function inOrder({ rows }: KeptRows, n: number): Float32Array {
  const width = rows.get(0)?.values.length ?? 0;
  const all = new Float32Array(n * width);
  for (const [row, { values }] of rows) all.set(values, row * width);
  return all;
}
