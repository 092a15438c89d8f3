// The runs of a comparison, kept: a finished one is a stage of the work, so that a comparison that broke off,
// or one of more arms, trains only what is missing. Its ranks are kept, so that any metric can be had of them
// later.
import type { CompareOptions } from '../../src/evaluation/compare.ts';
import { integers, type StageContext, stage } from '../stage.ts';

/** What the same run gives other ranks by. What else does is in the name of the work. */
export interface RankingProtocol {
  /** L. */
  readonly length: number;
  /** How many sampled items are ranked beside the right one; the whole catalogue where it is not given. */
  readonly candidates: number | undefined;
}

export function keepRuns(
  workOf: (arm: string) => StageContext,
  { length, candidates }: RankingProtocol,
): CompareOptions['once'] {
  const protocol = `${length}${candidates === undefined ? '' : `-of-${candidates}`}`;
  return async ({ model, arm, mode, seed }, run) => {
    const stageName = `evaluate-${protocol}-${model}-${arm}-${mode}-${seed}`;
    const { tensors, facts } = await stage(workOf(arm), stageName, async (checkpoint) => {
      const { validation, test, ...facts } = await run(checkpoint);
      const ranks = { validation: integers(validation), test: integers(test) };
      return { tensors: new Map(Object.entries(ranks)), facts };
    });
    const ranks = (of: 'validation' | 'test') => Int32Array.from(tensors.get(of)!.values);
    return { ...facts, validation: ranks('validation'), test: ranks('test') };
  };
}
