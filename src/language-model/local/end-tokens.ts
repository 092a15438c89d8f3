// With which tokens a model ends its answer: generation_config.json says it, or else config.json.
import path from 'node:path';
import * as z from 'zod';
import { isThere } from '../../named-file.ts';
import { readJsonFile } from '../files/json-file.ts';

const token = z.int().nonnegative();
const settings = z.object({
  eos_token_id: z.union([token, z.array(token)]).nullish(),
  bos_token_id: token.nullish(),
});

export interface EndTokens {
  readonly end: ReadonlySet<number>;
  /** What stands before a text that has no token of its own. */
  readonly begin: number | undefined;
}

export async function readEndTokens(folder: string): Promise<EndTokens> {
  const files = ['generation_config.json', 'config.json'].map((name) => path.join(folder, name));
  const read = await Promise.all(
    files
      .filter(isThere)
      .map((file) => readJsonFile(file, settings, 'give the token ids that the tokenizer has')),
  );
  const end = read.map(({ eos_token_id }) => eos_token_id).find((tokens) => tokens != null) ?? [];
  const begin = read.map(({ bos_token_id }) => bos_token_id).find((token) => token != null);
  return { end: new Set([end].flat()), begin: begin ?? [end].flat()[0] };
}
