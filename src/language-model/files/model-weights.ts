// The weights of a model folder under the names of the graph. Folders name the same tensors differently: with
// or without the part of the whole that they are ("model.", "bert."), and of normalisations after old or new
// habit.
import path from 'node:path';
import type { Parameter, Values } from '../../network/scope.ts';
import type { Architecture } from '../architecture.ts';
import { checkTensors, modelFiles, readTensors, type Wanted } from './tensor-files.ts';

interface Names {
  readonly parameterOf: (stored: string) => string;
  /**
   * Of what folders have and reading texts does not need: output layers for whatever task, and what is
   * computed here.
   */
  readonly notNeeded: RegExp;
}

const NAMES: Record<Architecture['kind'], Names> = {
  decoder: {
    parameterOf: (stored) => (/^(model|lm_head)\./.test(stored) ? stored : `model.${stored}`),
    notNeeded: /^lm_head\.|^model\.(score|classifier|qa_outputs)\.|\.rotary_emb\.inv_freq$/,
  },
  encoder: {
    parameterOf: (stored) =>
      stored
        .replace(/^bert\./, '')
        .replace(/\.gamma$/, '.weight')
        .replace(/\.beta$/, '.bias'),
    notNeeded: /^(pooler|cls|score|classifier|qa_outputs)\.|^embeddings\.position_ids$/,
  },
};

/**
 * The parameter that a stored tensor is, perhaps one that the architecture does not have; undefined if nobody
 * needs it.
 */
export function parameterNames(
  kind: Architecture['kind'],
  parameters: readonly Parameter[],
): (stored: string) => string | undefined {
  const { parameterOf, notNeeded } = NAMES[kind];
  const wanted = new Set(parameters.map(({ name }) => name));
  return (stored) => {
    const name = parameterOf(stored);
    return wanted.has(name) || !notNeeded.test(name) ? name : undefined;
  };
}

/** Exactly the parameters that are asked for; a tensor that the architecture does not have is an error. */
export async function readModelWeights(
  folder: string,
  kind: Architecture['kind'],
  parameters: readonly Parameter[],
): Promise<Values> {
  return readTensors(await modelFiles(folder), wanted(folder, kind, parameters));
}

/** The same without reading them: whether they are there. Gives the files that hold them. */
export async function checkModelWeights(
  folder: string,
  kind: Architecture['kind'],
  parameters: readonly Parameter[],
): Promise<string[]> {
  const files = await modelFiles(folder);
  await checkTensors(files, wanted(folder, kind, parameters));
  return files;
}

const wanted = (folder: string, kind: Architecture['kind'], parameters: readonly Parameter[]): Wanted => ({
  parameters,
  parameterOf: parameterNames(kind, parameters),
  source: path.join(folder, 'config.json'),
});
