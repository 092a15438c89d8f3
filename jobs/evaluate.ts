// Warm start against random start: the same SASRec from noise, from text features and from TSLRec's embeddings.
// The text arm goes through the very same adaptation as TSLRec's, so that what is compared is the information.

import path from 'node:path';
import { TslrecError } from '../src/errors.ts';
import {
  type Arm,
  compareWarmStarts,
  RANDOM_ARM,
  summarise,
  type WarmStartRun,
  type WarmStartSummary,
} from '../src/evaluation/warm-start.ts';
import type { OnBadRow } from '../src/interactions/bad-rows.ts';
import { readDataset } from '../src/interactions/read-dataset.ts';
import { leaveOneOut } from '../src/interactions/split.ts';
import type { Progress } from '../src/progress.ts';
import { learnEmbeddings } from './learn-embeddings.ts';
import { PRESETS, type PresetName } from './presets.ts';
import { learnerOf, recommenderFor } from './recommender-settings.ts';
import { stage } from './stage.ts';
import { augment } from './stages/augment.ts';
import { textFeatures } from './stages/text-features.ts';
import { openWork, SKIPPED_ROWS } from './work.ts';

export const ARM_NAMES = [RANDOM_ARM, 'text', 'tslrec'] as const;
export type ArmName = (typeof ARM_NAMES)[number];

export interface EvaluateOptions {
  readonly data: string;
  /** Where the stages of the embeddings are kept, and found if a refresh has made them. */
  readonly folder: string;
  readonly preset: PresetName;
  readonly arms: readonly ArmName[];
  /** How many seeds: 1, 2, ... */
  readonly seeds: number;
  /** The seed of the embeddings. */
  readonly seed: number;
  readonly onBadRow: OnBadRow;
  readonly progress: Progress;
}

/** One figure set of one run on one split; what `evaluate --json` prints. */
export interface EvaluationRow {
  readonly model: 'sasrec';
  readonly arm: string;
  readonly mode: string;
  readonly seed: number;
  readonly split: 'validation' | 'test';
  readonly epochs: number;
  readonly seconds: number;
  readonly [metric: string]: string | number;
}

export interface EvaluationResult {
  readonly dataset: string;
  readonly skippedRows: number;
  readonly items: number;
  /** How many of them no training history holds twice: rankings leave them out for users who already have them. */
  readonly notRepeatable: number;
  readonly rows: readonly EvaluationRow[];
  readonly summary: readonly WarmStartSummary[];
}

export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const { dataset, skippedRows } = await readDataset(options.data, {
    onBadRow: options.onBadRow,
    skippedRowsFile: path.join(options.folder, SKIPPED_ROWS),
  });
  const preset = PRESETS[options.preset];
  const split = leaveOneOut(dataset.sequences);
  const recommender = recommenderFor(dataset, split, preset);
  const learner = learnerOf(recommender);
  const work = openWork({ ...options, dataset, preset, onStage: async () => {} });
  const vectors: Record<ArmName, () => Promise<Float32Array | undefined>> = {
    random: async () => undefined,
    text: async () => {
      const blocks = await textFeatures(work, dataset, preset);
      if (blocks.length === 0) {
        throw new TslrecError(
          'bad-data',
          `${dataset.name} has no text that two items share; leave "text" out of --arms.`,
        );
      }
      return (await augment(work, 'text-arm', blocks, learner, split, preset)).embeddings;
    },
    tslrec: async () => (await learnEmbeddings(work, dataset, split, learner, preset)).augmented.embeddings,
  };
  const arms: Arm[] = [];
  for (const name of options.arms) arms.push({ name, vectors: await vectors[name]() });
  const runs = await compareWarmStarts(recommender, split, arms, {
    seeds: Array.from({ length: options.seeds }, (_, i) => i + 1),
    training: preset.recommender,
    progress: options.progress,
    once: async (name, run) => {
      const checkpoint = path.join(work.folder, `evaluate-${name}.checkpoint`);
      const compute = async () => ({ tensors: new Map(), facts: await run(checkpoint) });
      return (await stage(work, `evaluate-${name}`, compute)).facts;
    },
  });
  return {
    dataset: dataset.name,
    skippedRows,
    items: dataset.items.length,
    notRepeatable: recommender.repeatable.filter((repeatable) => !repeatable).length,
    rows: runs.flatMap(rowsOf),
    summary: summarise(runs),
  };
}

function rowsOf(run: WarmStartRun): EvaluationRow[] {
  const { arm, mode, seed, epochs, seconds } = run;
  return (['validation', 'test'] as const).map((split) => ({
    model: 'sasrec',
    arm,
    mode,
    seed,
    split,
    ...run[split],
    epochs,
    seconds,
  }));
}

/** The table that people read. */
export function warmStartTable({ dataset, items, notRepeatable, summary }: EvaluationResult): string {
  const percent = (gain: number) => `${gain >= 0 ? '+' : ''}${(100 * gain).toFixed(1)} %`;
  const rows = summary.map((row) => [
    row.arm,
    row.mode + (row.chosen ? ' *' : ''),
    row.validationNdcg.mean.toFixed(4),
    `${row.testNdcg.mean.toFixed(4)} ± ${row.testNdcg.deviation.toFixed(4)}`,
    row.testHr.mean.toFixed(4),
    row.testMrr.mean.toFixed(4),
    Number.isNaN(row.gain) || row.arm === RANDOM_ARM ? '' : percent(row.gain),
    row.epochs.toFixed(1),
    row.toRandomBest ? `${row.toRandomBest.epochs.toFixed(1)} / ${row.toRandomBest.seconds.toFixed(1)} s` : '-',
  ]);
  const header = [
    'arm',
    'mode',
    'val. NDCG@10',
    'test NDCG@10',
    'HR@10',
    'MRR@10',
    'gain',
    'epochs',
    "to random's best",
  ];
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => `  ${cells.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd();
  return [
    `SASRec on ${dataset}, full ranking, mean over seeds; * = the mode that validation chose`,
    `(${notRepeatable} of ${items} items are in no training history twice: not ranked for users who have them)`,
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
  ].join('\n');
}
