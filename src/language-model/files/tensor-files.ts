// The tensors of a model or an adapter, out of one safetensors file or several: exactly those that are
// wanted, in the shapes that are wanted. All headers are checked before the first tensor is read.
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { TslrecError } from '../../errors.ts';
import { type NamedTensor, type OpenSafetensors, openSafetensors } from '../../formats/safetensors.ts';
import { isThere } from '../../named-file.ts';
import type { Parameter, Values } from '../../network/scope.ts';
import { sizeOf } from '../../tensor/graph.ts';
import { readJsonFile } from './json-file.ts';

export interface Wanted {
  readonly parameters: readonly Parameter[];
  /** The parameter that a tensor of the files is, by its name there; undefined if nobody needs it. */
  readonly parameterOf: (stored: string) => string | undefined;
  /** Where the parameters are told: what messages compare the files with. */
  readonly source: string;
}

/** Open at the same time; the largest models have 191. */
const MOST_FILES = 500;

/** The files of a model: model.safetensors, or those that model.safetensors.index.json names. */
export async function modelFiles(folder: string): Promise<string[]> {
  const [whole, index] = ['model.safetensors', 'model.safetensors.index.json'].map((name) =>
    path.join(folder, name),
  );
  if (isThere(whole)) return [whole];
  if (!isThere(index)) {
    const others = readdirSync(folder).filter((name) => OTHER_WEIGHTS.test(name));
    const got = others.length === 0 ? 'no weights' : others.slice(0, SHOWN_FILES).join(', ');
    throw new TslrecError(
      'bad-data',
      `${folder}: got ${got}, expected model.safetensors or model.safetensors.index.json; give the folder ` +
        'of a model, or save this one again with save_pretrained.',
    );
  }
  const fileName = z
    .string()
    .refine((name) => /^[\w.-]+\.safetensors$/.test(name), 'expected the name of a file beside it');
  const indexJson = z.object({ weight_map: z.record(z.string(), fileName) });
  const { weight_map } = await readJsonFile(index, indexJson, 'copy it again');
  const names = [...new Set(Object.values(weight_map))].sort();
  if (names.length > MOST_FILES) {
    throw new TslrecError(
      'bad-data',
      `${index}: got ${names.length} files, expected at most ${MOST_FILES}; save the model in fewer.`,
    );
  }
  return names.map((name) => path.join(folder, name));
}

/** Weights in forms that are not read here, one of which (pickle) can run code. */
const OTHER_WEIGHTS = /\.(bin|pt|pth|ckpt|h5|msgpack|gguf|onnx|safetensors)$/;
const SHOWN_FILES = 5;

/** Checks by their headers alone whether the files hold what is wanted. */
export async function checkTensors(files: readonly string[], wanted: Wanted): Promise<void> {
  await withWanted(files, wanted, async () => {});
}

export function readTensors(files: readonly string[], wanted: Wanted): Promise<Values> {
  return withWanted(files, wanted, async (found) => {
    const values = new Map<string, NamedTensor>();
    for (const { name, read } of found) values.set(name, await read());
    return values;
  });
}

interface Found {
  /** The parameter's. */
  readonly name: string;
  readonly read: () => Promise<NamedTensor>;
}

async function withWanted<Result>(
  files: readonly string[],
  wanted: Wanted,
  use: (found: readonly Found[]) => Promise<Result>,
): Promise<Result> {
  const opened: { file: string; content: OpenSafetensors }[] = [];
  try {
    for (const file of files) opened.push({ file, content: await openSafetensors(file) });
    const found = opened.flatMap(({ file, content }) => findWanted(file, content, wanted));
    checkComplete(files, found, wanted);
    checkMemory(files, wanted);
    return await use(found);
  } finally {
    await Promise.all(opened.map(({ content }) => content.close()));
  }
}

function checkComplete(files: readonly string[], found: readonly Found[], { parameters, source }: Wanted) {
  const names = new Set<string>();
  for (const { name } of found) {
    if (names.has(name)) {
      throw new TslrecError(
        'bad-data',
        `${shownFiles(files)}: got the tensor ${name} twice, expected it once; copy the files again.`,
      );
    }
    names.add(name);
  }
  const missing = parameters.find(({ name }) => !names.has(name));
  if (missing) {
    throw new TslrecError(
      'bad-data',
      `${shownFiles(files)}: got no tensor ${missing.name}, expected one of shape ` +
        `[${missing.tensor.shape}] by ${source}; copy the files again, or correct that one.`,
    );
  }
}

const shownFiles = (files: readonly string[]): string =>
  files.length <= SHOWN_FILES ? files.join(', ') : `${files.slice(0, SHOWN_FILES).join(', ')} and others`;

/** What does not fit would end this process, or the machine, without a word. */
function checkMemory(files: readonly string[], { parameters }: Wanted): void {
  const needed = parameters.reduce((sum, { tensor }) => sum + 4 * sizeOf(tensor.shape), 0);
  const there = Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (needed <= there) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new TslrecError(
    'bad-data',
    `${shownFiles(files)}: got weights that take ${gigabytes(needed)} of memory as float32, expected at ` +
      `most the ${gigabytes(there)} of this machine; give a smaller model, or one that runs behind an ` +
      'endpoint (--hosted).',
  );
}

function findWanted(
  file: string,
  { shapes, tensor }: OpenSafetensors,
  { parameters, parameterOf, source }: Wanted,
): Found[] {
  const shapeOf = new Map(parameters.map(({ name, tensor: { shape } }) => [name, shape]));
  return Array.from(shapes).flatMap(([stored, shape]) => {
    const name = parameterOf(stored);
    if (name === undefined) return [];
    const expected = shapeOf.get(name);
    if (String(expected) !== String(shape)) {
      throw new TslrecError(
        'bad-data',
        `${file}: got a tensor ${stored} of shape [${shape}], expected ` +
          `${expected ? `[${expected}]` : 'no tensor of that name'} by ${source}; copy the files again, or ` +
          'correct that one.',
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
