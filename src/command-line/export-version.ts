import { Command, Option } from 'commander';
import { exportVersion } from '../../jobs/export-version.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { forceOption, storeOption } from './options.ts';

interface Options {
  readonly output: string;
  readonly version?: string;
  readonly store: string;
  readonly force: boolean;
}

export function exportVersionCommand(config: Config): Command {
  return new Command('export-version')
    .description('Writes a version as a folder, whole and checked, for import-version on another machine.')
    .addOption(new Option('--output <folder>', 'the folder that it becomes').makeOptionMandatory())
    .addOption(new Option('--version <id>', 'which one; by default the one that readers get'))
    .addOption(storeOption(config))
    .addOption(forceOption())
    .action(async (options: Options) => {
      const { folder, schema } = config;
      const { id, manifest } = await exportVersion({ ...options, folder, schema, log: createLog('warn') });
      console.log(
        `${options.output}: version ${id}, ${manifest.items} items, ${manifest.users} users, ` +
          `${manifest.encoder ? 'with its encoder' : 'which has no encoder'}.`,
      );
    });
}
