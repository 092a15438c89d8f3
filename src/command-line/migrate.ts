import { Command } from 'commander';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { openStore } from '../storage/store.ts';
import { storeOption } from './options.ts';

export function migrateCommand(config: Config): Command {
  return new Command('migrate')
    .description('Creates or updates the schema of the store.')
    .addOption(storeOption(config))
    .action(async ({ store }: { store: string }) => {
      const { folder, schema } = config;
      await (await openStore(store, { folder, schema, migrate: true, log: createLog('warn') })).close();
      console.log('The schema is current.');
    });
}
