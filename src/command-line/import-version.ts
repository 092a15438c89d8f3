import { Command, Option } from 'commander';
import { importVersion } from '../../jobs/import-version.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import type { FolderPublication } from '../storage/store.ts';
import { storeOption } from './options.ts';

export function importVersionCommand(config: Config): Command {
  return new Command('import-version')
    .description('Publishes a version that export-version has written, under the id that it has.')
    .addOption(
      new Option('--input <folder>', 'the folder that export-version has written').makeOptionMandatory(),
    )
    .addOption(storeOption(config))
    .action(async (options: { input: string; store: string }) => {
      const { folder, schema } = config;
      report(await importVersion({ ...options, folder, schema, log: createLog('warn') }));
    });
}

function report({ version: { id, manifest, active }, published, encoderRestored }: FolderPublication): void {
  if (published) {
    const { items, users, encoder } = manifest;
    const withEncoder = encoder ? 'with its encoder' : 'which has no encoder';
    console.log(`Version ${id}: ${items} items, ${users} users, ${withEncoder}; readers get it now.`);
    return;
  }
  const state = active ? 'it is the one that readers get' : 'readers get another one';
  const change = encoderRestored ? 'the files of its encoder were restored' : 'nothing was changed';
  console.log(`Version ${id} is in the store already, and ${state}; ${change}.`);
}
