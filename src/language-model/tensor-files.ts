// The tensors of a model or an adapter, out of one safetensors file or several: exactly those that are
// wanted, in the shapes that are wanted. All headers are checked before the first tensor is read.
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../errors.ts';
import { type NamedTensor, type OpenSafetensors, openSafetensors } from '../network/safetensors.ts';
import type { Parameter, Values } from '../network/scope.ts';
import { readJsonFile } from './json-file.ts';

export interface Wanted {
  readonly parameters: readonly Parameter[];
  /** The parameter that a tensor of the files is, by its name there; undefined if nobody needs it. */
  readonly parameterOf: (stored: string) => string | undefined;
  /** Where the parameters are told: what messages compare the files with. */
  readonly source: string;
}

/** The files of a model: model.safetensors, or those that model.safetensors.index.json names. */
export async function modelFiles(folder: string): Promise<string[]> {
  const [whole, index] = ['model.safetensors', 'model.safetensors.index.json'].map((name) =>
    path.join(folder, name),
  );
  if (existsSync(whole)) return [whole];
  if (!existsSync(index)) {
    throw new TslrecError(
      'bad-data',
      `${folder}: got neither model.safetensors nor model.safetensors.index.json, expected one of them; ` +
        'give the folder of ' +
        'a model, or save it again with save_pretrained.',
    );
  }
  const fileName = z
    .string()
    .refine((name) => path.basename(name) === name, 'expected the name of a file beside it');
  const indexJson = z.object({ weight_map: z.record(z.string(), fileName) });
  const { weight_map } = await readJsonFile(index, indexJson, 'copy it again');
  return [...new Set(Object.values(weight_map))].sort().map((name) => path.join(folder, name));
}

export async function readTensors(files: readonly string[], wanted: Wanted): Promise<Values> {
  const opened: { file: string; content: OpenSafetensors }[] = [];
  try {
    for (const file of files) opened.push({ file, content: await openSafetensors(file) });
    const found = opened.flatMap(({ file, content }) => findWanted(file, content, wanted));
    const names = new Set(found.map(({ name }) => name));
    const missing = wanted.parameters.find(({ name }) => !names.has(name));
    if (missing) {
      throw new TslrecError(
        'bad-data',
        `${files.join(', ')}: got no tensor ${missing.name}, expected one of shape [${missing.tensor.shape}] by ` +
          `${wanted.source}; copy the files again, or correct that one.`,
      );
    }
    const values = new Map<string, NamedTensor>();
    for (const { name, read } of found) values.set(name, await read());
    return values;
  } finally {
    await Promise.all(opened.map(({ content }) => content.close()));
  }
}

function findWanted(
  file: string,
  { shapes, tensor }: OpenSafetensors,
  { parameters, parameterOf, source }: Wanted,
) {
  const shapeOf = new Map(parameters.map(({ name, tensor: { shape } }) => [name, shape]));
  return Array.from(shapes).flatMap(([stored, shape]) => {
    const name = parameterOf(stored);
    if (name === undefined) return [];
    const expected = shapeOf.get(name);
    if (String(expected) !== String(shape)) {
      throw new TslrecError(
        'bad-data',
        `${file}: got a tensor ${stored} of shape [${shape}], expected ` +
          `${expected ? `[${expected}]` : 'no tensor of that name'} by ${source}; copy the files again, or correct that one.`,
      );
    }
    return [{ name, read: async () => checkNumbers(await tensor(stored), stored, file) }];
  });
}

function checkNumbers(tensor: NamedTensor, name: string, file: string): NamedTensor {
  if (tensor.values.every(Number.isFinite)) return tensor;
  throw new TslrecError(
    'bad-data',
    `${file}: got numbers in the tensor ${name} that are not finite, expected finite ones; copy the file ` +
      'again.',
  );
}
