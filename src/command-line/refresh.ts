import { Command, Option } from 'commander';
import { createFailpoint } from '../../jobs/failpoint.ts';
import { type AlreadyRunning, type RefreshOptions, type RefreshResult, refresh } from '../../jobs/refresh.ts';
import type { Config } from '../config.ts';
import type { ReadChoices } from '../layouts/read-dataset.ts';
import { createLog } from '../log.ts';
import { terminalProgress } from '../progress.ts';
import { addDataOptions } from './data-options.ts';
import {
  adapterOption,
  baseOption,
  type ExternalModelOptions,
  externalModel,
  hostedOption,
} from './external-model.ts';
import { filesFolder, jsonOption, presetOption, reportReading, seedOption, storeOption } from './options.ts';
import { warmStartReport } from './render/warm-start-report.ts';
import { type SrsOptions, srsEmbeddingsOption, srsFiles, srsIdsOption } from './srs-options.ts';

type Options = Pick<RefreshOptions, 'data' | 'store' | 'preset' | 'seed' | 'full'> &
  Omit<ReadChoices, 'onRead'> &
  SrsOptions &
  ExternalModelOptions & { readonly json?: true };

export function refreshCommand(config: Config): Command {
  const command = new Command('refresh').description(
    'Learns from a catalogue and its interactions and publishes a new version of the item embeddings.',
  );
  return addDataOptions(command)
    .addOption(srsEmbeddingsOption())
    .addOption(srsIdsOption())
    .addOption(baseOption())
    .addOption(adapterOption())
    .addOption(hostedOption())
    .addOption(storeOption(config))
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(
      new Option('--full', 'learn everything from scratch, and not only what changed since the last version'),
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const result = await refresh({
        ...options,
        srs: srsFiles(options),
        languageModel: externalModel(options, config),
        folder: filesFolder(options.store, config),
        schema: config.schema,
        onRead: reportReading,
        progress: terminalProgress(),
        log: createLog('warn'),
        failpoint: createFailpoint(config.failpoint),
      });
      if ('alreadyRunning' in result) reportOther(result);
      else report(result);
      if (options.json) console.log(JSON.stringify(result));
    });
}

function reportOther({ run }: AlreadyRunning): void {
  const which = run
    ? `run ${run.runId}, since ${run.since.toISOString()}, in process ${run.processId} on ${run.host}`
    : 'it has just begun';
  console.log(`Another refresh of this store is running (${which}); this one has done nothing.`);
}

function report(result: RefreshResult): void {
  if (result.srs) reportVectors(result.items, result.srs);
  console.log(
    `Version ${result.version}: ${result.items} items, ${result.users} users, ` +
      `${result.elapsedSeconds.toFixed(0)} s.`,
  );
  reportHow(result.how);
  if (result.tuning) reportTuning(result.tuning);
  if (result.answers) reportAnswers(result.answers);
  if (result.sharedVectors)
    console.log(
      `Different texts of items that the language model gave the same vector: ${result.sharedVectors}; ` +
        'beyond what it reads of a text, or but for case, they may be the same to it.',
    );
  console.log(warmStartReport(result.warmStarts));
}

function reportHow({ kind, reason, changes, drift, comparability }: RefreshResult['how']): void {
  console.log(
    kind === 'full'
      ? `Everything was learnt from scratch: ${reason}.`
      : `Learnt only what changed: ${changes!.interactions} interactions of ${changes!.users} users, ` +
          `${changes!.items} new items; ${changes!.textsRead} texts were read.`,
  );
  if (comparability)
    console.log(
      `An item's vector and its last one: median cosine ${comparability.median.toFixed(3)}, ` +
        `5 % below ${comparability.percentile5.toFixed(3)} (version ${comparability.version}).`,
    );
  if (drift)
    console.log(
      `Drift since the last full fit: taste ${drift.taste.toFixed(3)}, ` +
        `unseen items ${(100 * drift.unseenItems).toFixed(1)} %.`,
    );
}

function reportTuning({ tokensPerSecond, peakMemory }: NonNullable<RefreshResult['tuning']>): void {
  const [tokens, gigabytes] = [
    Math.round(tokensPerSecond).toLocaleString('en'),
    (peakMemory / 1e9).toFixed(1),
  ];
  console.log(
    `The language model was tuned at ${tokens} tokens a second; at most ${gigabytes} GB of memory until ` +
      'then.',
  );
}

function reportAnswers({ answers, malformed, givenUp }: NonNullable<RefreshResult['answers']>): void {
  console.log(
    `The language model gave ${answers} answers, ${malformed} malformed; ${givenUp} prompts were given up.`,
  );
}

function reportVectors(
  items: number,
  { itemsWithoutVector, unknownIds }: NonNullable<RefreshResult['srs']>,
): void {
  console.log(
    `${items - itemsWithoutVector} of ${items} items have a vector; those without get no category.`,
  );
  if (unknownIds > 0)
    console.log(`Vectors of items that the catalogue does not have, not used: ${unknownIds}.`);
}
