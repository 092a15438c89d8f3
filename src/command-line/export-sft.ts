import { Command, Option } from 'commander';
import { type ExportSftOptions, exportSft } from '../../jobs/export-sft.ts';
import type { Config } from '../config.ts';
import { terminalProgress } from '../progress.ts';
import { addDataOptions } from './data-options.ts';
import {
  filesFolder,
  forceOption,
  jsonOption,
  presetOption,
  reportReading,
  seedOption,
  workOption,
} from './options.ts';
import { type SrsOptions, srsEmbeddingsOption, srsFiles, srsIdsOption } from './srs-options.ts';

type Options = Omit<ExportSftOptions, 'folder' | 'srs' | 'progress'> &
  SrsOptions & { readonly store: string; readonly json?: true };

export function exportSftCommand(config: Config): Command {
  const command = new Command('export-sft').description(
    'Writes the samples that the language model of a refresh is tuned on, for trainers of your own.',
  );
  return addDataOptions(command)
    .addOption(
      new Option(
        '--output <folder>',
        'where to: samples.jsonl, chat.jsonl and sft.json',
      ).makeOptionMandatory(),
    )
    .addOption(srsEmbeddingsOption())
    .addOption(srsIdsOption())
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(workOption(config))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const result = await exportSft({
        ...options,
        srs: srsFiles(options),
        folder: filesFolder(options.store, config),
        onRead: reportReading,
        progress: terminalProgress(),
      });
      const { output, samples, usersWithoutSample, categoryCount } = result;
      const without =
        usersWithoutSample > 0 ? `; ${usersWithoutSample} users have nothing to learn from` : '';
      console.log(`${output}: ${samples} samples, one a user, over ${categoryCount} categories${without}.`);
      if (options.json) console.log(JSON.stringify(result));
    });
}
