// What a job keeps for a later run of the same work: tensors and a few facts, in a safetensors file with a
// hash over both, so that what was damaged meanwhile is told instead of learnt from.
import { createHash } from 'node:crypto';
import { TslrecError } from '../errors.ts';
import { type NamedTensors, readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.ts';

type Facts = Readonly<Record<string, string>>;

export function writeKept(file: string, tensors: NamedTensors, facts: Facts): void {
  writeSafetensors(file, tensors, { ...facts, sha256: hashOf(tensors, facts) });
}

/** Undefined where the file is of a version of tslrec that kept no hash: what was in it is computed anew. */
export async function readKept(file: string): Promise<SafetensorsFile | undefined> {
  const { tensors, metadata } = await readSafetensors(file).catch((error) => {
    throw error instanceof TslrecError ? damaged(file, error) : error;
  });
  const { format, sha256, ...facts } = metadata;
  if (sha256 === undefined) return undefined;
  if (sha256 !== hashOf(tensors, facts)) throw damaged(file);
  return { tensors, metadata: facts };
}

const damaged = (file: string, cause?: unknown): TslrecError =>
  new TslrecError(
    'bad-data',
    `${file}: got another content than what an earlier run kept in it; remove it, and have it computed anew.`,
    { cause },
  );

/** Over names, shapes and values, and over the facts. */
function hashOf(tensors: NamedTensors, facts: Facts): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([facts, Array.from(tensors, ([name, { shape }]) => [name, shape])]));
  for (const { values } of tensors.values())
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest('hex');
}
