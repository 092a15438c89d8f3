import { Command, Option } from 'commander';
import { type RefreshOptions, type RefreshResult, refresh } from '../../jobs/refresh.ts';
import type { SrsFiles } from '../../jobs/stages/srs-embeddings.ts';
import { createFailpoint } from '../../jobs/work.ts';
import type { Config } from '../config.ts';
import { TslrecError } from '../errors.ts';
import { createLog } from '../log.ts';
import { terminalProgress } from '../progress.ts';
import {
  badRowOption,
  dataOption,
  filesFolder,
  jsonOption,
  presetOption,
  reportSkippedRows,
  seedOption,
  storeOption,
} from './options.ts';

type Options = Pick<RefreshOptions, 'data' | 'store' | 'preset' | 'seed' | 'onBadRow'> & {
  readonly srsEmbeddings?: string;
  readonly srsIds?: string;
  readonly json?: true;
};

export function refreshCommand(config: Config): Command {
  return new Command('refresh')
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
    .action(async (options: Options) => {
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
    });
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

function reportVectors(items: number, { itemsWithoutVector, unknownIds }: NonNullable<RefreshResult['srs']>): void {
  console.log(`${items - itemsWithoutVector} of ${items} items have a vector; those without get no category.`);
  if (unknownIds > 0) console.log(`Vectors of items that the catalogue does not have, not used: ${unknownIds}.`);
}
