import { Command, Option } from 'commander';
import { type EncodeOptions, encode } from '../../jobs/encode.ts';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { terminalProgress } from '../progress.ts';
import { filesFolder, forceOption, jsonOption, storeOption } from './options.ts';

type Options = Pick<EncodeOptions, 'items' | 'output' | 'version' | 'store' | 'base' | 'force'> & {
  readonly json?: true;
};

export function encodeCommand(config: Config): Command {
  return new Command('encode')
    .description("Gives items the embeddings that a version's encoder makes of their texts, seen or not.")
    .addOption(
      new Option('--items <file>', 'one item a line, as in items.jsonl; gzip accepted').makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--output <file>',
        'float32 [items, width]; ids (NAME.ids.txt) and categories (NAME.categories.npy) go beside it',
      ).default('vectors.npy'),
    )
    .addOption(new Option('--version <id>', 'which version; the active one if left out'))
    .addOption(storeOption(config))
    .addOption(
      new Option(
        '--base <folder|hub:name>',
        'where the language model is that the version was learnt with, if not where it was',
      ),
    )
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const result = await encode({
        ...options,
        folder: filesFolder(options.store, config),
        schema: config.schema,
        accessToken: config.accessToken,
        progress: terminalProgress(),
        log: createLog('warn'),
      });
      const { output, ids, items, width, version } = result;
      console.log(`${output}: ${items} vectors of width ${width} (${ids}), by version ${version}.`);
      if (options.json) console.log(JSON.stringify(result));
    });
}
