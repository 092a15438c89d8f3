// Hosted language models in place of one that runs here: one that gives vectors, and one tuned elsewhere that
// gives distributions over the categories, as a text classifier or in words. A JSON file says which; the
// token that their servers want is not in it.
import { createHash } from 'node:crypto';
import { INFERENCE_PROVIDERS } from '@huggingface/inference';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { readJsonFile } from '../files/json-file.ts';
import { createHostedModel } from '../hosted/hosted-model.ts';
import type { LanguageModel } from '../language-model.ts';
import type { AskedModels } from '../reading/read-by-asking.ts';
import type { TrainedOn } from './trained-on.ts';

export interface HostedModelsFile {
  readonly hosted: string;
  readonly accessToken?: string;
}

export interface HostedModels {
  readonly kind: 'hosted';
  /** To be released by who has opened them. */
  open(): AskedModels;
  readonly trainedOn?: TrainedOn;
  /** For lineage. `sha256` is over the rest of it: two files that say the same are the same models. */
  readonly source: z.infer<typeof hostedFile> & { readonly sha256: string };
}

const NAME = 'expected the name of a model';
const ADDRESS = 'expected "model" and either "provider" or "endpointUrl"';
const FILE = 'expected "embed" and either "classify" or "generate"';

const hostedAddress = z
  .strictObject(
    {
      model: z.string(NAME).min(1, NAME),
      provider: z.enum(INFERENCE_PROVIDERS, `expected one of ${INFERENCE_PROVIDERS.join(', ')}`).optional(),
      endpointUrl: z.string('expected a URL').optional(),
    },
    ADDRESS,
  )
  .refine(({ provider, endpointUrl }) => (provider === undefined) !== (endpointUrl === undefined), ADDRESS);

const hostedFile = z
  .strictObject(
    {
      embed: hostedAddress,
      classify: hostedAddress.optional(),
      generate: hostedAddress.optional(),
      work: z.string('expected "work" of sft.json').optional(),
    },
    FILE,
  )
  .refine(({ classify, generate }) => (classify === undefined) !== (generate === undefined), FILE);

const ADVICE = 'correct it; docs/LANGUAGE-MODELS.md shows one';

/** Nothing is asked of the models yet. */
export async function findHostedModels({
  hosted: file,
  accessToken,
}: HostedModelsFile): Promise<HostedModels> {
  const models = await readJsonFile(file, hostedFile, ADVICE, shown);
  const { embed, classify, generate, work } = models;
  const open = (
    name: string,
    { model, provider, endpointUrl }: z.infer<typeof hostedAddress>,
  ): LanguageModel => {
    try {
      const at = endpointUrl === undefined ? { provider: provider! } : { endpointUrl };
      return createHostedModel({ model, at, accessToken });
    } catch (error) {
      throw error instanceof TslrecError
        ? new TslrecError(error.code, `${file}: ${name}: ${error.message}`)
        : error;
    }
  };
  const openAll = (): AskedModels => ({
    embed: open('embed', embed),
    infer: classify
      ? { by: 'classify', model: open('classify', classify) }
      : { by: 'generate', model: open('generate', generate!) },
  });
  openAll(); // what is wrong with an address is told now
  return {
    kind: 'hosted',
    trainedOn: work === undefined ? undefined : { file, work },
    open: openAll,
    source: { ...models, sha256: createHash('sha256').update(JSON.stringify(models)).digest('hex') },
  };
}

const SHOWN_NAMES = 5;

/** Of an object the names alone: what stands behind a name that does not belong there may be a secret. */
function shown(got: unknown): string {
  if (got === undefined) return 'nothing';
  if (typeof got !== 'object' || got === null) return JSON.stringify(got);
  if (Array.isArray(got)) return 'a list';
  const names = Object.keys(got).map((name) => JSON.stringify(name));
  if (names.length === 0) return 'an empty object';
  const others = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${others}`;
}
