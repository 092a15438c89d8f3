// Model folders for tests that need a wrong or an unusual one: a copy of a fixture with some of its files
// changed.
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { temporaryFolder } from './stores.ts';

export const fixtures = path.join(import.meta.dirname, '../fixtures/language-models');

export async function copyOf(context: TestContext, fixture: string): Promise<string> {
  const folder = path.join(await temporaryFolder(context), path.basename(fixture));
  await cp(path.join(fixtures, fixture), folder, { recursive: true });
  return folder;
}

/** Sets fields of a JSON file; undefined removes one. */
export async function editJson(file: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const json = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...json, ...changes }));
}

export async function editTensors(
  file: string,
  edit: (tensors: Map<string, NamedTensor>) => void,
): Promise<void> {
  const { tensors } = await readSafetensors(file);
  edit(tensors);
  writeSafetensors(file, tensors);
}
