import { Command } from 'commander';
import { prune } from '../../jobs/prune.ts';
import type { Config } from '../config.ts';
import { workOption } from './options.ts';

export function pruneCommand(config: Config): Command {
  return new Command('prune')
    .description(
      'Removes stages that neither of the last two versions needs and that nobody has used for a day.',
    )
    .addOption(workOption(config))
    .action(async ({ store }: { store: string }) => {
      const pruned = await prune(store);
      if (!pruned) {
        console.log('A refresh is running: nothing was removed.');
        return;
      }
      const { removed, bytes, kept } = pruned;
      console.log(`Removed ${removed} stages of ${(bytes / 1e6).toFixed(1)} MB; ${kept} are kept.`);
    });
}
