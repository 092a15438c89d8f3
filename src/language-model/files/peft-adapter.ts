// LoRA adapters in the file format of PEFT (0.21): adapter_config.json says where they stand and how strong
// they are, adapter_model.safetensors holds them. Those that PEFT would compute in another way than lora.ts
// are refused.
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { writeFileAtomically } from '../../files.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import type { Values } from '../../network/scope.ts';
import {
  endsInOneOf,
  isLoraParameter,
  type LoraConfig,
  linearModules,
} from '../../network/transformer/lora.ts';
import { type Architecture, parametersOf } from '../architecture.ts';
import { isolatedCode } from '../isolated/isolated-code.ts';
import { only, positive, upTo } from './config-settings.ts';
import { readJsonFile, shown } from './json-file.ts';
import { parameterNames } from './model-weights.ts';
import { readTensors } from './tensor-files.ts';

const ADVICE =
  'merge this adapter into its model with PEFT and give that folder, or train a plain LoRA adapter';

const off = only(null, false);
const empty = z
  .union([z.null(), z.array(z.never()), z.record(z.string(), z.never())], 'expected none')
  .optional();
const names = z.array(z.string());

const adapterJson = z.object({
  peft_type: z.literal('LORA'),
  r: upTo(2 ** 17),
  lora_alpha: positive,
  lora_dropout: z.number().min(0).lt(1).default(0),
  use_rslora: z.boolean().nullish(),
  target_modules: z.union([names, z.string()], 'expected a list of names or a regular expression'),
  exclude_modules: z.union([names, z.string()]).nullish(),
  layers_to_transform: z.union([z.array(z.int()), z.int()]).nullish(),
  bias: only('none'),
  // PiSSA, OLoRA and others change the frozen weights when they begin.
  init_lora_weights: only(true, false, 'gaussian', 'orthogonal', 'eva'),
  fan_in_fan_out: off,
  lora_bias: off,
  use_dora: off,
  use_qalora: off,
  use_bdlora: off,
  rank_pattern: empty,
  alpha_pattern: empty,
  layers_pattern: empty,
  layer_replication: empty,
  modules_to_save: empty,
  target_parameters: empty,
  trainable_token_indices: empty,
  alora_invocation_tokens: empty,
  arrow_config: empty,
  kasa_config: empty,
  monteclora_config: empty,
  velora_config: empty,
});
type AdapterJson = z.infer<typeof adapterJson>;

/** PEFT puts this in front of the base model's names. */
const PREFIX = 'base_model.model.';

export interface Adapter {
  readonly lora: LoraConfig;
  /** Without those on the output layer, which reading texts does not need. */
  readonly values: Values;
  readonly adaptsOutput: boolean;
}

export async function readAdapter(folder: string, architecture: Architecture): Promise<Adapter> {
  const file = path.join(folder, 'adapter_config.json');
  const json = await readJsonFile(file, adapterJson, ADVICE);
  const targetModules = await targetsAmong(linearModules(parametersOf(architecture)), json, file);
  if (targetModules.length === 0) {
    throw new TslrecError(
      'bad-data',
      `${file}: target_modules: got ${shown(json.target_modules)}, expected linear layers of the ` +
        'model; give the model that the adapter was trained on.',
    );
  }
  const { r: rank, lora_alpha, lora_dropout: dropout } = json;
  // Rank-stabilised LoRA (arXiv 2312.03732) divides by the root of the rank: a larger alpha says the same.
  const alpha = json.use_rslora ? lora_alpha * Math.sqrt(rank) : lora_alpha;
  const lora = { rank, alpha, dropout, targetModules };
  const parameters = parametersOf(architecture, lora).filter(({ name }) => isLoraParameter(name));
  const parameterOf = parameterNames(architecture.kind, parameters);
  let adaptsOutput = false;
  const values = await readTensors([path.join(folder, 'adapter_model.safetensors')], {
    parameters,
    parameterOf: (stored) => {
      const name = stored.replace(PREFIX, '');
      adaptsOutput ||= name.startsWith('lm_head.');
      return parameterOf(name);
    },
    source: file,
  });
  return { lora, values, adaptsOutput };
}

/** `values` may hold other things beside the adapter. */
export function writeAdapter(
  folder: string,
  baseFolder: string,
  { architecture, lora, values }: { architecture: Architecture; lora: LoraConfig; values: Values },
): void {
  const tensors = [...values].filter(([name]) => isLoraParameter(name));
  const adapted = tensors.map(([name]) => name.split('.').at(-3)!);
  const config = {
    peft_type: 'LORA',
    task_type: architecture.kind === 'decoder' ? 'CAUSAL_LM' : 'FEATURE_EXTRACTION',
    base_model_name_or_path: baseFolder,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: lora.dropout,
    target_modules: lora.targetModules ?? [...new Set(adapted)],
    // Its name ends as those of layers do, and it is not read.
    ...(architecture.kind === 'encoder' && { exclude_modules: ['pooler.dense'] }),
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
  };
  writeFileAtomically(path.join(folder, 'adapter_config.json'), `${JSON.stringify(config, null, 2)}\n`);
  writeSafetensors(
    path.join(folder, 'adapter_model.safetensors'),
    new Map(tensors.map(([name, tensor]) => [PREFIX + name, tensor])),
  );
}

/**
 * PEFT's rule (check_target_module_exists): what is excluded is none; a list may be meant for some layers
 * only.
 */
async function targetsAmong(modules: readonly string[], json: AdapterJson, file: string): Promise<string[]> {
  const { target_modules, exclude_modules, layers_to_transform } = json;
  const named = await namedAmong(modules, target_modules, file);
  const excluded = await namedAmong(modules, exclude_modules ?? [], file);
  const layers = new Set(typeof target_modules === 'string' ? [] : [layers_to_transform ?? []].flat());
  const layerOf = (module: string) => Number(/\.(\d+)\./.exec(module)![1]);
  return modules.filter(
    (module) =>
      named.has(module) && !excluded.has(module) && (layers.size === 0 || layers.has(layerOf(module))),
  );
}

async function namedAmong(
  modules: readonly string[],
  rule: string | readonly string[],
  file: string,
): Promise<ReadonlySet<string>> {
  if (typeof rule !== 'string') {
    const names = new Set(rule);
    return new Set(modules.filter((module) => endsInOneOf(module, names)));
  }
  if (rule.toLowerCase() === 'all-linear') return new Set(modules);
  // A model that was loaded without its output layer has no "model." in front of its names.
  const bare = modules.map((module) => module.replace(/^model\./, ''));
  const matches = await matchWhole(rule, [...modules, ...bare], file);
  return new Set(modules.filter((_, i) => matches[i] || matches[modules.length + i]));
}

/** The rule is an expression for a whole name. It is somebody's code: it may not end. */
async function matchWhole(rule: string, names: readonly string[], file: string): Promise<boolean[]> {
  const got = `${file}: got the pattern ${shown(rule)}`;
  const code = isolatedCode();
  try {
    return await code.ask(
      'match',
      { expression: `^(?:${rule.replaceAll('(?P<', '(?<')})$`, names },
      {
        subject: `${got}, which, tried on ${names.length} names of layers,`,
        advice: NAME_THEM,
        refusal: () =>
          new TslrecError(
            'bad-data',
            `${got}, expected one that JavaScript understands as well as Python; ${NAME_THEM}.`,
          ),
      },
    );
  } finally {
    code.release();
  }
}
const NAME_THEM = 'name the modules in a list';
