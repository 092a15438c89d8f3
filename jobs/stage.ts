// A stage of the pipeline and its folder, work/NAME-KEY: computed once, written whole, read back by a run
// that was killed and by every later run whose stage has the same key. The key is over what the stage
// declares: its inputs (the keys of other stages, hashes of data), the numbers that it is learnt with, and
// its own revision. So a change in one place computes anew what depends on it, and nothing else. What a stage
// gives is tensors and a few facts, in one file, output.safetensors; others may lie beside it.
import { createHash } from 'node:crypto';
import { rmSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { readKept, writeKept } from '../src/formats/kept-file.ts';
import type { NamedTensor, NamedTensors } from '../src/formats/safetensors.ts';
import { isThere } from '../src/named-file.ts';
import { prepareFolder } from './outputs/output-file.ts';

export interface Stage {
  /** What people read; it is part of the key. */
  readonly name: string;
  /** Names what it computes: the same of all its inputs gives the same output. */
  readonly key: string;
}

/** Of JSON alone: what a stage depends on. */
export type Inputs = Readonly<Record<string, unknown>>;

/** `revision` is raised whenever the stage computes something else from the same inputs. */
export function defineStage(name: string, revision: number, inputs: Inputs): Stage {
  const text = JSON.stringify([name, revision, inputs]);
  return { name, key: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

export interface StageOutput<Facts> {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** JSON: metrics, counts. */
  readonly facts: Facts;
}

/** Where stages are kept. */
export interface Work {
  /** The folder of all stages. */
  readonly folder: string;
  /** Called after a stage's output is in place, whether it was made now or found. */
  readonly onStage: (report: StageReport) => Promise<void>;
}

export interface StageReport extends Stage {
  /** What it took to compute. */
  readonly seconds: number;
  readonly reused: boolean;
  readonly facts: unknown;
}

/** Where a stage may write while it computes, and what lies there when it is done. */
export interface StageFiles {
  readonly folder: string;
  /**
   * Where a training keeps its checkpoint. It is removed once the output is in place, and not before: what is
   * done after the training, ranking for one, may be killed too.
   */
  readonly checkpoint: string;
}

/** A stage's file of tensors and facts. */
export const OUTPUT = 'output.safetensors';

export const stageName = ({ name, key }: Stage): string => `${name}-${key}`;
export const stageFolder = (work: Work, stage: Stage): string => path.join(work.folder, stageName(stage));

export async function runStage<Facts>(
  work: Work,
  stage: Stage,
  compute: (files: StageFiles) => Promise<StageOutput<Facts>>,
): Promise<StageOutput<Facts>> {
  const folder = stageFolder(work, stage);
  const file = path.join(folder, OUTPUT);
  const kept = isThere(file) ? await readKept(file) : undefined;
  if (kept) {
    const { tensors, metadata } = kept;
    const facts = JSON.parse(metadata.facts) as Facts;
    markUsed(folder);
    await work.onStage({ ...stage, seconds: Number(metadata.seconds), reused: true, facts });
    return { tensors, facts };
  }
  prepareFolder(folder);
  const checkpoint = path.join(folder, 'checkpoint');
  const began = performance.now();
  const output = await compute({ folder, checkpoint });
  const seconds = (performance.now() - began) / 1000;
  writeKept(file, output.tensors, { facts: JSON.stringify(output.facts), seconds: String(seconds) });
  rmSync(checkpoint, { force: true });
  await work.onStage({ ...stage, seconds, reused: false, facts: output.facts });
  return output;
}

/** By its time of change it is told which folders nobody has used for long. */
function markUsed(folder: string): void {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** Tensors under names that begin so, and those that do under the rest of their names. */
export const prefixed = (tensors: NamedTensors, prefix: string): [string, NamedTensor][] =>
  Array.from(tensors, ([name, tensor]) => [prefix + name, tensor]);
export const withPrefix = (tensors: NamedTensors, prefix: string): Map<string, NamedTensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );

/** Rows of no width are no rows. */
export const matrix = (values: Float32Array, width: number): NamedTensor => ({
  shape: [width === 0 ? 0 : values.length / width, width],
  values,
});
/** Small integers are exact in float32. */
export const integers = (values: Int32Array): NamedTensor => ({
  shape: [values.length],
  values: Float32Array.from(values),
});
