// A stage of the pipeline and its file: computed once, written whole, read back by a run that was killed and
// by later runs over the same data. What a stage gives is tensors and a few facts, so one file format serves
// all.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { readKept, writeKept } from '../src/formats/kept-file.ts';
import type { NamedTensor } from '../src/formats/safetensors.ts';
import { isThere } from '../src/named-file.ts';
import type { Progress } from '../src/progress.ts';

export interface StageOutput<Facts> {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** JSON: metrics, counts, names of other files. */
  readonly facts: Facts;
}

export interface StageContext {
  /** Where the stages of this work keep their files. */
  readonly folder: string;
  readonly progress: Progress;
  readonly seed: number;
  /** Called after a stage's file is in place, whether it was made now or found. */
  readonly onStage: (report: StageReport) => Promise<void>;
}

export interface StageReport {
  readonly name: string;
  /** What it took to compute. */
  readonly seconds: number;
  readonly reused: boolean;
  readonly facts: unknown;
}

/**
 * `compute` is told where a training keeps its checkpoint. It is removed once the stage's file is in place,
 * and not before: what is done after the training, ranking for one, may be killed too.
 */
export async function stage<Facts>(
  context: StageContext,
  name: string,
  compute: (checkpoint: string) => Promise<StageOutput<Facts>>,
): Promise<StageOutput<Facts>> {
  const file = path.join(context.folder, `${name}.safetensors`);
  const kept = isThere(file) ? await readKept(file) : undefined;
  if (kept) {
    const { tensors, metadata } = kept;
    const facts = JSON.parse(metadata.facts) as Facts;
    await context.onStage({ name, seconds: Number(metadata.seconds), reused: true, facts });
    return { tensors, facts };
  }
  const checkpoint = path.join(context.folder, `${name}.checkpoint`);
  const began = performance.now();
  const output = await compute(checkpoint);
  const seconds = (performance.now() - began) / 1000;
  writeKept(file, output.tensors, { facts: JSON.stringify(output.facts), seconds: String(seconds) });
  rmSync(checkpoint, { force: true });
  await context.onStage({ name, seconds, reused: false, facts: output.facts });
  return output;
}

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
