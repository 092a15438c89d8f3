// config.json of a BERT -> what decides the graph; what may be left out is then as transformers has it.
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import type { BertConfig } from '../bert.ts';
import { ADVICE, checkWidths, only, PLAIN, positive, SIZES, upTo } from './config-settings.ts';
import { readJsonFile } from './json-file.ts';

const bertJson = z.object({
  ...PLAIN,
  ...SIZES,
  type_vocab_size: upTo(2 ** 16).default(2),
  layer_norm_eps: positive.default(1e-12),
  hidden_act: only('gelu'),
  position_embedding_type: only('absolute', null),
  is_decoder: only(false),
  add_cross_attention: only(false),
});

export async function readBertConfig(file: string): Promise<BertConfig> {
  const config = await readJsonFile(file, bertJson, ADVICE);
  checkWidths(file, config);
  const { hidden_size, num_attention_heads } = config;
  if (hidden_size % num_attention_heads !== 0) {
    throw new TslrecError(
      'bad-data',
      `${file}: got hidden_size ${hidden_size}, expected a multiple of the ${num_attention_heads} heads; ` +
        `${ADVICE}.`,
    );
  }
  return config;
}
