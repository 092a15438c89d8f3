import { Command, Option } from 'commander';
import { embed } from '../../jobs/embed.ts';
import type { Config } from '../config.ts';
import { terminalProgress } from '../progress.ts';
import { forceOption, jsonOption } from './options.ts';

export function embedCommand(config: Config): Command {
  return new Command('embed')
    .description(
      'Reads texts with a language model of your own and writes a vector for each, as a NumPy file.',
    )
    .addOption(
      new Option(
        '--model <folder|hub:name>',
        'a Hugging Face folder (Llama, Mistral, Qwen2, Qwen3, BERT), or hub: and the name of one to download',
      ).makeOptionMandatory(),
    )
    .addOption(new Option('--adapter <folder>', 'a LoRA adapter on it, as PEFT saves them'))
    .addOption(
      new Option(
        '--input <file>',
        'one {"text": "..."} a line; gzip accepted; of a text longer than the model reads the end is left ' +
          'out',
      ).makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--output <file>',
        'float32 [texts, width]: last hidden states, pooled as the folder says (mean by default)',
      ).default('vectors.npy'),
    )
    .addOption(new Option('--normalize', 'scale each vector to length 1'))
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(
      async (options: {
        model: string;
        adapter?: string;
        input: string;
        output: string;
        normalize?: true;
        force: boolean;
        json?: true;
      }) => {
        const result = await embed({
          ...options,
          normalize: options.normalize ?? false,
          folder: config.folder,
          accessToken: config.accessToken,
          progress: terminalProgress(),
        });
        console.log(
          `${result.output}: ${result.texts} vectors of width ${result.width}, read with ${result.model}.`,
        );
        if (options.json) console.log(JSON.stringify(result));
      },
    );
}
