#!/usr/bin/env node
// The command line. Results go to stdout, progress and logs to stderr.
import { Command, InvalidArgumentError, Option } from 'commander';
import { ARM_NAMES, type ArmName, evaluate, warmStartTable } from '../jobs/evaluate.ts';
import { PRESETS, type PresetName } from '../jobs/presets.ts';
import { refresh } from '../jobs/refresh.ts';
import { createFailpoint, SKIPPED_ROWS } from '../jobs/work.ts';
import { type Config, readConfig } from './config.ts';
import { printable } from './errors.ts';
import type { OnBadRow } from './interactions/bad-rows.ts';
import { DEFAULT_SAMPLE, generateSample, writeSample } from './interactions/sample.ts';
import { createLog } from './log.ts';
import { terminalProgress } from './progress.ts';
import { serveUntilSignal } from './service.ts';
import { isPostgres, openStore } from './storage/store.ts';

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
const seedOption = () =>
  new Option('--seed <n>', 'same seed, same data, same machine: same result').argParser(integerFrom(0)).default(1);
const jsonOption = () => new Option('--json', 'the last line of stdout is one JSON object');

function createProgram(config: Config): Command {
  const program = new Command('tslrec')
    .description('Item embeddings that carry behaviour and language, for recommenders that already exist.')
    .showHelpAfterError('(--help tells more)');

  program
    .command('refresh')
    .description('Learns from a catalogue and its interactions and publishes a new version of the item embeddings.')
    .addOption(dataOption())
    .addOption(storeOption(config))
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(badRowOption())
    .addOption(jsonOption())
    .action(
      async (options: {
        data: string;
        store: string;
        preset: PresetName;
        seed: number;
        onBadRow: OnBadRow;
        json?: true;
      }) => {
        const result = await refresh({
          ...options,
          folder: filesFolder(options.store, config),
          progress: terminalProgress(),
          log: createLog('warn'),
          failpoint: createFailpoint(config.failpoint),
        });
        reportSkippedRows(result.skippedRows);
        if (result.duplicateRows > 0)
          console.log(`${result.duplicateRows} rows repeated an earlier one and were left out.`);
        const total = Object.values(result.seconds).reduce((sum, seconds) => sum + seconds, 0);
        console.log(`Version ${result.version}: ${result.items} items, ${result.users} users, ${total.toFixed(0)} s.`);
        if (options.json) console.log(JSON.stringify(result));
      },
    );

  program
    .command('evaluate')
    .description("Trains SASRec from noise, from text features and from TSLRec's embeddings, and compares them.")
    .addOption(dataOption())
    .addOption(
      new Option('--arms <names>', `which starts, of ${ARM_NAMES.join(', ')}`)
        .argParser(armList)
        .default([...ARM_NAMES], ARM_NAMES.join(',')),
    )
    .addOption(new Option('--seeds <n>', 'runs of each arm and mode').argParser(integerFrom(1)).default(3))
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(
      new Option('--store <folder>', 'where the stages are kept; those of a refresh are used again').default(
        config.folder,
      ),
    )
    .addOption(badRowOption())
    .addOption(jsonOption())
    .action(
      async (options: {
        data: string;
        arms: ArmName[];
        seeds: number;
        preset: PresetName;
        seed: number;
        store: string;
        onBadRow: OnBadRow;
        json?: true;
      }) => {
        const result = await evaluate({
          ...options,
          folder: filesFolder(options.store, config),
          progress: terminalProgress(),
        });
        reportSkippedRows(result.skippedRows);
        console.log(warmStartTable(result));
        if (options.json) console.log(JSON.stringify(result));
      },
    );

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

/** A store in a folder keeps its files there too. */
function filesFolder(store: string, config: Config): string {
  return isPostgres(store) ? config.folder : store;
}

function reportSkippedRows(count: number): void {
  if (count > 0) console.log(`${count} bad rows were skipped; they are in ${SKIPPED_ROWS} in the store's folder.`);
}

function armList(text: string): ArmName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !ARM_NAMES.includes(name as ArmName));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${ARM_NAMES.join(', ')}.`);
  return [...new Set(names)] as ArmName[];
}

try {
  await createProgram(readConfig(process.env)).parseAsync();
} catch (error) {
  console.error(printable(error));
  process.exitCode = 1;
}
