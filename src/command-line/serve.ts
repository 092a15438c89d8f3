import { Command } from 'commander';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { serveUntilSignal } from '../service.ts';
import { storeOption } from './options.ts';

export function serveCommand(config: Config): Command {
  return new Command('serve')
    .description(
      'Answers embeddings, neighbours, preferences and categories over HTTP, on the port PORT (8080).',
    )
    .addOption(storeOption(config))
    .action(async ({ store }: { store: string }) => serve(config, store));
}

async function serve(config: Config, store: string): Promise<void> {
  const service = await serveUntilSignal({
    storeLocation: store,
    folder: config.folder,
    schema: config.schema,
    port: config.port,
    host: config.host,
    log: createLog('info'),
  });
  console.log(`tslrec answers on ${service.url}`);
}
