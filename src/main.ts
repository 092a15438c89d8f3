#!/usr/bin/env node
// The command line. Results go to stdout, progress and logs to stderr.
import { mkdirSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ARM_NAMES, type ArmName, evaluate } from '../jobs/evaluate.ts';
import { evaluationTable } from '../jobs/evaluation-table.ts';
import { PRESETS, type PresetName } from '../jobs/presets.ts';
import { type RefreshResult, refresh } from '../jobs/refresh.ts';
import { writeReport } from '../jobs/report/write-report.ts';
import type { SrsFiles } from '../jobs/stages/srs-embeddings.ts';
import { type TrainOptions, train } from '../jobs/train.ts';
import { createFailpoint, SKIPPED_ROWS } from '../jobs/work.ts';
import { type Config, readConfig } from './config.ts';
import { printable, TslrecError } from './errors.ts';
import { WARM_START_MODES, type WarmStartMode } from './evaluation/compare.ts';
import type { OnBadRow } from './interactions/bad-rows.ts';
import type { SplitName } from './interactions/dataset.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from './interactions/sample.ts';
import { SPLIT_NAMES } from './interactions/split.ts';
import { createLog } from './log.ts';
import { terminalProgress } from './progress.ts';
import { CUT_OFFS } from './recommenders/metrics.ts';
import { MODEL_NAMES, type ModelName } from './recommenders/models.ts';
import { serveUntilSignal } from './service.ts';
import { isPostgres, openStore } from './storage/store.ts';
import { configureExecution } from './tensor/session.ts';

const integerFrom = (least: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new InvalidArgumentError(`Give a whole number from ${least} on.`);
  return value;
};

const dataOption = () =>
  new Option(
    '--data <folder>',
    'items.jsonl and interactions.csv, or a MovieLens 100K or 1M folder; .gz accepted',
  ).makeOptionMandatory();
const storeOption = ({ store }: Config) =>
  new Option('--store <folder|postgres://...>', 'where versions are kept').default(
    store,
    isPostgres(store) ? 'DATABASE_URL' : store,
  );
const presetOption = () =>
  new Option('--preset <name>', 'how much to spend').choices(Object.keys(PRESETS)).default('standard');
const badRowOption = () =>
  new Option('--on-bad-row <what>', 'stop at the first bad row, or skip and count them')
    .choices(['stop', 'skip'])
    .default('stop');
const lengthOption = () =>
  new Option('--length <n>', 'how many of the last items a recommender sees; read off the data by default').argParser(
    integerFrom(2),
  );
const seedOption = () =>
  new Option('--seed <n>', 'same seed, same data, same machine: same result').argParser(integerFrom(0)).default(1);
const jsonOption = () => new Option('--json', 'the last line of stdout is one JSON object');

/** Names out of a closed list, separated by commas. */
function listOption(
  flags: string,
  description: string,
  known: readonly string[],
  initially: readonly string[],
): Option {
  return new Option(flags, `${description}, of ${known.join(', ')}`)
    .argParser((text: string) => {
      const names = text.split(',').map((name) => name.trim());
      const unknown = names.find((name) => !known.includes(name));
      if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${known.join(', ')}.`);
      return [...new Set(names)];
    })
    .default([...initially], initially.join(','));
}

function createProgram(config: Config): Command {
  const program = new Command('tslrec')
    .description('Item embeddings that carry behaviour and language, for recommenders that already exist.')
    .showHelpAfterError('(--help tells more)');

  program
    .command('refresh')
    .description('Learns from a catalogue and its interactions and publishes a new version of the item embeddings.')
    .addOption(dataOption())
    .addOption(
      new Option(
        '--srs-embeddings <file>',
        'item vectors of a recommender that you run (.npy, .safetensors), in place of the built-in pre-training',
      ),
    )
    .addOption(
      new Option(
        '--srs-ids <file>',
        'the item ids of their rows, one a line or a .json array; by default the file beside them, as NAME.ids.txt',
      ),
    )
    .addOption(storeOption(config))
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(badRowOption())
    .addOption(jsonOption())
    .action(
      async (options: {
        data: string;
        srsEmbeddings?: string;
        srsIds?: string;
        store: string;
        preset: PresetName;
        seed: number;
        onBadRow: OnBadRow;
        json?: true;
      }) => {
        const result = await refresh({
          ...options,
          srs: srsFiles(options.srsEmbeddings, options.srsIds),
          folder: filesFolder(options.store, config),
          progress: terminalProgress(),
          log: createLog('warn'),
          failpoint: createFailpoint(config.failpoint),
        });
        reportSkippedRows(result.skippedRows);
        if (result.duplicateRows > 0)
          console.log(`${result.duplicateRows} rows repeated an earlier one and were left out.`);
        if (result.srs) reportVectors(result.items, result.srs);
        const total = Object.values(result.seconds).reduce((sum, seconds) => sum + seconds, 0);
        console.log(`Version ${result.version}: ${result.items} items, ${result.users} users, ${total.toFixed(0)} s.`);
        if (options.json) console.log(JSON.stringify(result));
      },
    );

  program
    .command('evaluate')
    .description('Trains recommenders from noise, from text features and from the embeddings, and compares them.')
    .addOption(dataOption())
    .addOption(listOption('--models <names>', 'which recommenders', MODEL_NAMES, ['sasrec']))
    .addOption(listOption('--arms <names>', 'which starts of their item tables', ARM_NAMES, ARM_NAMES))
    .addOption(listOption('--modes <names>', 'how vectors are started from', WARM_START_MODES, ['init', 'frozen']))
    .addOption(new Option('--seeds <n>', 'runs of each').argParser(integerFrom(1)).default(3))
    .addOption(new Option('--split <name>', 'what is held out').choices(SPLIT_NAMES).default('leave-one-out'))
    .addOption(
      new Option('--candidates <n>', 'rank among so many sampled items, not the whole catalogue').argParser(
        integerFrom(1),
      ),
    )
    .addOption(lengthOption())
    .addOption(
      new Option('--cut-offs <list>', 'the K of the metrics in --json')
        .argParser(cutOffList)
        .default(CUT_OFFS, CUT_OFFS.join(',')),
    )
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(
      new Option('--store <folder>', 'where the stages are kept; those of a refresh are used again').default(
        config.folder,
      ),
    )
    .addOption(badRowOption())
    .addOption(new Option('--report <folder>', 'a page, index.html, and beside it evaluation.json, what --json prints'))
    .addOption(jsonOption())
    .action(
      async (options: {
        data: string;
        models: ModelName[];
        arms: ArmName[];
        modes: WarmStartMode[];
        seeds: number;
        split: SplitName;
        candidates?: number;
        length?: number;
        cutOffs: number[];
        preset: PresetName;
        seed: number;
        store: string;
        onBadRow: OnBadRow;
        report?: string;
        json?: true;
      }) => {
        // Now, because a path that cannot be used is better told before hours of training.
        if (options.report !== undefined) mkdirSync(options.report, { recursive: true });
        const result = await evaluate({
          ...options,
          folder: filesFolder(options.store, config),
          progress: terminalProgress(),
        });
        reportSkippedRows(result.skippedRows);
        console.log(evaluationTable(result));
        if (options.report !== undefined) console.log(`Report: ${writeReport(options.report, result)}`);
        if (options.json) console.log(JSON.stringify(result));
      },
    );

  program
    .command('train')
    .description('Trains one recommender and writes it as an ONNX file: histories in, scores of all items out.')
    .addOption(dataOption())
    .addOption(new Option('--model <name>', 'which one').choices(MODEL_NAMES).default('sasrec'))
    .addOption(new Option('--output <file>', 'where to; the ids of its rows go beside it').default('model.onnx'))
    .addOption(lengthOption())
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(badRowOption())
    .addOption(jsonOption())
    .action(async (options: Omit<TrainOptions, 'progress'> & { json?: true }) => {
      const result = await train({ ...options, progress: terminalProgress() });
      const { output, ids, items, length, epochs, test } = result;
      console.log(
        `${output}: ${options.model}, ${items} items (${ids}), the last ${length} of a history, ${epochs} epochs, ` +
          `test NDCG@10 ${test['ndcg@10'].toFixed(4)}.`,
      );
      if (options.json) console.log(JSON.stringify(result));
    });

  program
    .command('serve')
    .description('Answers embeddings, neighbours, preferences and categories over HTTP, on the port PORT (8080).')
    .addOption(storeOption(config))
    .action(async ({ store }: { store: string }) => serve(config, store));

  program
    .command('migrate')
    .description('Creates or updates the schema of the store.')
    .addOption(storeOption(config))
    .action(async ({ store }: { store: string }) => {
      await (await openStore(store, { folder: config.folder, migrate: true, log: createLog('warn') })).close();
      console.log('The schema is current.');
    });

  program
    .command('generate-sample')
    .description('Writes a SYNTHETIC catalogue with users, for trying everything without data of your own.')
    .argument('<folder>', 'where to; created if missing')
    .addOption(new Option('--users <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.users))
    .addOption(new Option('--items <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.items))
    .addOption(new Option('--categories <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.categories))
    .addOption(seedOption())
    .action(async (folder: string, size: typeof DEFAULT_SAMPLE) => {
      const sample = generateSample(size);
      writeSample(folder, sample);
      const { items, userIds } = sample.dataset;
      console.log(`Wrote ${items.length} synthetic items and ${userIds.length} synthetic users to ${folder}.`);
    });

  return program;
}

async function serve(config: Config, store: string): Promise<void> {
  const service = await serveUntilSignal({
    storeLocation: store,
    folder: config.folder,
    port: config.port,
    host: config.host,
    log: createLog('info'),
  });
  console.log(`tslrec answers on ${service.url}`);
}

/** What the two options name together: ids alone say nothing. */
function srsFiles(embeddings: string | undefined, ids: string | undefined): SrsFiles | undefined {
  if (embeddings !== undefined) return { embeddings, ids };
  if (ids === undefined) return undefined;
  throw new TslrecError(
    'bad-request',
    '--srs-ids is given without --srs-embeddings, whose rows it names; give both, or neither',
  );
}

/** A store in a folder keeps its files there too. */
function filesFolder(store: string, config: Config): string {
  return isPostgres(store) ? config.folder : store;
}

function reportSkippedRows(count: number): void {
  if (count > 0) console.log(`${count} bad rows were skipped; they are in ${SKIPPED_ROWS} in the store's folder.`);
}

function reportVectors(items: number, { itemsWithoutVector, unknownIds }: NonNullable<RefreshResult['srs']>): void {
  console.log(`${items - itemsWithoutVector} of ${items} items have a vector; those without get no category.`);
  if (unknownIds > 0) console.log(`Vectors of items that the catalogue does not have, not used: ${unknownIds}.`);
}

/** Cut-offs, 10 among them, because modes are chosen by NDCG@10. */
function cutOffList(text: string): number[] {
  const cutOffs = text.split(',').map((part) => integerFrom(1)(part));
  return [...new Set([...cutOffs, 10])].sort((a, b) => a - b);
}

try {
  const config = readConfig(process.env);
  configureExecution(config.execution);
  await createProgram(config).parseAsync();
} catch (error) {
  console.error(printable(error));
  process.exitCode = 1;
}
