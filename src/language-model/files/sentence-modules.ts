// What a folder of sentence-transformers does behind its model: modules.json names the modules in their
// order, each with a folder of its own. Read are pooling (mean, first or last token), dense layers and
// normalisation; any other module or setting is refused, because its vectors would be others. A folder
// without modules.json is averaged over its tokens, as sentence-transformers does with it; one that has the
// other files is a copy with a hole, and refused. Legend: B texts, L tokens, H hidden size, w width of the
// vectors.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { isThere } from '../../named-file.ts';
import { buildModel, type Scope, type Values, zeros } from '../../network/scope.ts';
import { add, divide, matmul, multiply, sqrt, sum, swapLast, tanh } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import type { PooledInputs } from '../pooled/pooled-reader.ts';
import { type Pooling, pooled } from '../pooled/pooling.ts';
import { count, only } from './config-settings.ts';
import { readJsonFile } from './json-file.ts';
import { modelFiles, readTensors } from './tensor-files.ts';

export interface SentenceModules {
  readonly pooling: Pooling;
  /** What follows the pooling, in order. */
  readonly layers: readonly Layer[];
  /** Weights of the dense layers. */
  readonly values: Values;
  /** w */
  readonly width: number;
  /**
   * At most so many tokens of a text are read, special ones included; infinite where only the model limits
   * them.
   */
  readonly maxTokens: number;
  /** The setting that says so, for errors. */
  readonly limitedBy: string;
  /** A text as it is given to the tokenizer. */
  prepare(text: string): string;
}

type Layer =
  | { readonly kind: 'normalize' }
  | {
      readonly kind: 'dense';
      readonly folder: string;
      readonly inputs: number;
      readonly outputs: number;
      readonly bias: boolean;
      readonly activation: 'identity' | 'tanh';
    };

const ADVICE = 'give a model whose vectors are made of these, or the vectors themselves';

/** The files beside those of the model that say how its vectors are made, inside its folder. */
export async function sentenceFiles(folder: string): Promise<string[]> {
  const modules = await readModules(folder);
  const own = modules.flatMap(({ path: name }) =>
    ['config.json', 'model.safetensors'].map((file) => path.join(folder, name, file)),
  );
  const shared = [MODULES, ...SENTENCE_CONFIGS, PROMPTS].map((file) => path.join(folder, file));
  return [...shared, ...own].filter(isThere);
}

const MODULES = 'modules.json';
/** The first that is there counts (sentence-transformers, models/Transformer.py, load). */
const SENTENCE_CONFIGS = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (kind) => `sentence_${kind}_config.json`,
);
const PROMPTS = 'config_sentence_transformers.json';

/** hidden [B, L, H] -> the vectors of the texts [B, w]. */
export function sentenceVectors(
  scope: Scope,
  inputs: PooledInputs,
  hidden: Tensor,
  { pooling, layers }: Pick<SentenceModules, 'pooling' | 'layers'>,
): Tensor {
  return layers.reduce((x, layer) => applyLayer(scope, x, layer), pooled(inputs, hidden, pooling));
}

function applyLayer(scope: Scope, x: Tensor, layer: Layer): Tensor {
  if (layer.kind === 'normalize') {
    // Of zeros, the vector of an empty text, zeros are left.
    return divide(x, sqrt(add(sum(multiply(x, x), [1], true), SMALLEST_SQUARE)));
  }
  const own = scope.within(layer.folder).within('linear');
  const product = matmul(x, swapLast(own.parameter('weight', [layer.outputs, layer.inputs], zeros)));
  const y = layer.bias ? add(product, own.parameter('bias', [layer.outputs], zeros)) : product;
  return layer.activation === 'tanh' ? tanh(y) : y;
}

/** torch's normalize divides by 1e-12 at least. */
const SMALLEST_SQUARE = 1e-24;

/** `H` is the hidden size of the model in the folder. */
export async function readSentenceModules(folder: string, H: number): Promise<SentenceModules> {
  const [, pooling, ...others] = await readModules(folder);
  const prompt = await readPrompt(folder);
  const sentenceConfig = SENTENCE_CONFIGS.find((name) => isThere(path.join(folder, name)));
  const sentences = sentenceConfig
    ? await readIfThere(path.join(folder, sentenceConfig), sentenceConfigJson)
    : {};
  const tokenizer = await readIfThere(path.join(folder, TOKENIZER_CONFIG), tokenizerJson);
  const layers: Layer[] = [];
  let width = H;
  for (const { kind, path: name } of others) {
    const layer = kind === 'Dense' ? await readDense(folder, name, width) : NORMALIZE;
    if (layer.kind === 'dense') width = layer.outputs;
    layers.push(layer);
  }
  const shared = {
    layers,
    values: await readDenseWeights(folder, layers),
    width,
    prepare: (text: string) => (sentences.do_lower_case ? (prompt + text).toLowerCase() : prompt + text),
  };
  if (pooling === undefined)
    return { ...shared, pooling: 'mean', maxTokens: Number.POSITIVE_INFINITY, limitedBy: MODULES };
  const ofSentences = sentences.max_seq_length;
  return {
    ...shared,
    pooling: await readPooling(folder, pooling.path, H, prompt !== ''),
    maxTokens: ofSentences ?? tokenizer.model_max_length ?? Number.POSITIVE_INFINITY,
    limitedBy: ofSentences
      ? `max_seq_length of ${sentenceConfig}`
      : `model_max_length of ${TOKENIZER_CONFIG}`,
  };
}

const NORMALIZE: Layer = { kind: 'normalize' };

const sentenceConfigJson = z.object({
  max_seq_length: count.nullish(),
  do_lower_case: z.boolean().nullish(),
});

const TOKENIZER_CONFIG = 'tokenizer_config.json';

/** Where sentence-transformers 6 keeps how long a text may be; a huge number stands for no limit. */
const tokenizerJson = z.object({ model_max_length: z.number().positive().nullish() });

async function readIfThere<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Promise<Partial<z.infer<Schema>>> {
  return isThere(file) ? readJsonFile(file, schema, 'copy it again') : {};
}

const MOST_MODULES = 20;
const modulesJson = z
  .array(
    z.object({
      type: z.string(),
      path: z.string().regex(/^(\w[\w.-]*)?$/, 'expected the name of a folder in it'),
    }),
  )
  .max(MOST_MODULES, `expected at most ${MOST_MODULES} modules`);
const KINDS = ['Transformer', 'Pooling', 'Dense', 'Normalize'] as const;

interface Module {
  readonly kind: (typeof KINDS)[number];
  readonly path: string;
}

/** The model, its pooling, and what follows; none at all where the folder does not say. */
async function readModules(folder: string): Promise<Module[]> {
  const file = path.join(folder, MODULES);
  if (!isThere(file)) {
    await checkWithoutModules(folder);
    return [];
  }
  const modules = await readJsonFile(file, modulesJson, ADVICE);
  const read = modules.map(({ type, path: name }) => ({
    kind: KINDS.find((kind) => type.startsWith('sentence_transformers.') && type.endsWith(`.${kind}`)),
    path: name,
  }));
  const isRead = read.every(({ kind }, i) =>
    i < 2 ? kind === KINDS[i] : kind === 'Dense' || kind === 'Normalize',
  );
  if (isRead && read.length >= 2 && read[0].path === '') return read as Module[];
  const got = modules.map(({ type, path: name }) => `${type.split('.').at(-1)}${name && ` in ${name}`}`);
  throw new TslrecError(
    'bad-data',
    `${file}: got the modules ${got.join(', ') || 'of nothing'}, expected a Transformer in the folder ` +
      `itself, a Pooling and then only Dense and Normalize; ${ADVICE}.`,
  );
}

/** Only a folder of sentence-transformers has these, and it has modules.json too. */
async function checkWithoutModules(folder: string): Promise<void> {
  const names = await readdir(folder);
  const left = names.find(
    (name) =>
      name === PROMPTS ||
      SENTENCE_CONFIGS.includes(name) ||
      (/^\d+_/.test(name) && isThere(path.join(folder, name, 'config.json'))),
  );
  if (left === undefined) return;
  throw new TslrecError(
    'bad-data',
    `${path.join(folder, left)}: got a part of a folder of sentence-transformers without its ${MODULES}, ` +
      'which says how the parts make a vector, expected both or neither; copy the folder again.',
  );
}

const flag = z.boolean().default(false);
const poolingJson = z.looseObject({
  word_embedding_dimension: count.optional(),
  embedding_dimension: count.optional(),
  pooling_mode: z.union([z.string(), z.array(z.string())]).optional(),
  pooling_mode_cls_token: flag,
  pooling_mode_mean_tokens: flag,
  pooling_mode_lasttoken: flag,
  include_prompt: z.boolean().default(true),
});

async function readPooling(folder: string, name: string, H: number, hasPrompt: boolean): Promise<Pooling> {
  const file = path.join(folder, name, 'config.json');
  const json = await readJsonFile(file, poolingJson, ADVICE);
  const width = json.word_embedding_dimension ?? json.embedding_dimension ?? H;
  if (width !== H)
    throw new TslrecError(
      'bad-data',
      `${file}: got vectors of width ${width}, expected the hidden size ${H} of config.json; copy the ` +
        'folder again.',
    );
  if (hasPrompt && !json.include_prompt)
    throw new TslrecError(
      'bad-data',
      `${file}: got include_prompt false and a prompt before each text, expected vectors of all tokens; ` +
        `${ADVICE}.`,
    );
  const flags: Readonly<Record<string, Pooling>> = {
    pooling_mode_mean_tokens: 'mean',
    pooling_mode_cls_token: 'cls',
    pooling_mode_lasttoken: 'lasttoken',
  };
  const on = Object.keys(json).filter((key) => key.startsWith('pooling_mode_') && json[key] === true);
  const named =
    json.pooling_mode === undefined ? on.map((key) => flags[key] ?? key) : [json.pooling_mode].flat();
  const [first, ...more] = named;
  const pooling = Object.values(flags).find((known) => known === first);
  if (pooling !== undefined && more.length === 0) return pooling;
  throw new TslrecError(
    'bad-data',
    `${file}: got the pooling ${named.join(' + ') || 'of nothing'}, expected one of mean, cls and ` +
      `lasttoken; ${ADVICE}.`,
  );
}

const IDENTITY = 'torch.nn.modules.linear.Identity';
const TANH = 'torch.nn.modules.activation.Tanh';
const denseJson = z.object({
  in_features: count,
  out_features: count,
  bias: z.boolean().default(true),
  activation_function: z.literal([IDENTITY, TANH]).default(TANH),
  module_input_name: only('sentence_embedding', null),
  module_output_name: only('sentence_embedding', null),
});

async function readDense(folder: string, name: string, width: number): Promise<Layer> {
  const file = path.join(folder, name, 'config.json');
  const json = await readJsonFile(file, denseJson, ADVICE);
  if (json.in_features !== width)
    throw new TslrecError(
      'bad-data',
      `${file}: got a layer for vectors of width ${json.in_features}, expected ${width}, what comes before ` +
        'it; copy the folder again.',
    );
  return {
    kind: 'dense',
    folder: name,
    inputs: width,
    outputs: json.out_features,
    bias: json.bias,
    activation: json.activation_function === TANH ? 'tanh' : 'identity',
  };
}

/** Under the names that they have in the graph. */
async function readDenseWeights(folder: string, layers: readonly Layer[]): Promise<Values> {
  const values: Values = new Map();
  for (const layer of layers) {
    if (layer.kind !== 'dense') continue;
    const { parameters } = buildModel('inference', (scope) =>
      applyLayer(scope, scope.graph.input('x', [1, layer.inputs]), layer),
    );
    const own = path.join(folder, layer.folder);
    const read = await readTensors(await modelFiles(own), {
      parameters,
      parameterOf: (stored) => `${layer.folder}.${stored}`,
      source: path.join(own, 'config.json'),
    });
    for (const [name, tensor] of read) values.set(name, tensor);
  }
  return values;
}

const promptsJson = z.object({
  prompts: z.record(z.string(), z.string()).nullish(),
  default_prompt_name: z.string().nullish(),
  truncate_dim: only(null), // which numbers are left of a vector, in some releases
});

/** Some models expect words before each text. */
async function readPrompt(folder: string): Promise<string> {
  const file = path.join(folder, PROMPTS);
  const { prompts, default_prompt_name: name } = await readIfThere(file, promptsJson);
  const prompt = name ? prompts?.[name] : '';
  if (prompt !== undefined) return prompt;
  throw new TslrecError(
    'bad-data',
    `${file}: got the default_prompt_name "${name}" without such a prompt, expected one of its prompts; ` +
      'copy it again.',
  );
}
