// The runs of a comparison, kept: a finished one is a stage of the work, so that a comparison that broke off,
// or one of more arms, trains only what is missing. Its ranks are kept, so that any metric can be had of them
// later.
import type { CompareOptions } from '../../src/evaluation/compare.ts';
import type { Learning } from '../experiment.ts';
import { warmStartAdapter } from '../presets.ts';
import { defineStage, integers, runStage } from '../stage.ts';
import type { KeyedArm } from './arms.ts';

export function keepRuns(
  learning: Learning,
  arms: readonly KeyedArm[],
  /** How many sampled items are ranked beside the right one; the whole catalogue where it is not given. */
  candidates: number | undefined,
): CompareOptions['once'] {
  const { hashes, profile, preset } = learning;
  const keyOf = new Map<string, string | undefined>(arms.map(({ name, key }) => [name, key]));
  return async ({ model, arm, mode, seed }, run) => {
    const stage = defineStage(`evaluate-${model}-${arm}-${mode}-${seed}`, 1, {
      split: hashes.split,
      length: profile.length,
      width: preset.width,
      recommender: preset.recommender,
      start: keyOf.get(arm) ?? null,
      adapter: warmStartAdapter(preset),
      candidates: candidates ?? null,
    });
    const { tensors, facts } = await runStage(learning, stage, async ({ checkpoint }) => {
      const { validation, test, ...facts } = await run(checkpoint);
      const ranks = { validation: integers(validation), test: integers(test) };
      return { tensors: new Map(Object.entries(ranks)), facts };
    });
    const ranks = (of: 'validation' | 'test') => Int32Array.from(tensors.get(of)!.values);
    return { ...facts, validation: ranks('validation'), test: ranks('test') };
  };
}
