// What comes out of a training is its best epoch, the recommender too, which ranked every later one as well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { silentProgress } from '../../src/progress.ts';
import { createCandidateRecommender } from '../../src/recommenders/candidate-model.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import { createScorer } from '../../src/recommenders/sequence-model.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

const NOBODYS = N - 1;
const train = alternating(60, 1).map((sequence) => sequence.map((item) => item % NOBODYS));
/** Everybody is asked for an item that nobody takes: the more is learnt, the lower it ranks. */
const asked = lastOf(train);
const validation = { ...asked, targets: asked.targets.map(() => NOBODYS) };

/** 60 windows in batches of 16, and 420 interactions in one batch: so many epochs have 24 steps. */
const EPOCHS = { sasrec: Math.ceil(24 / (60 / 16)), ncf: 24 };

for (const name of ['sasrec', 'ncf'] as const) {
  test(`${name}: an early epoch is the best, and it is what ranks`, async () => {
    const model = MODELS[name](profile({ userCount: 60 }), 8);
    const { recommender, values, bestEpoch, history } = await model.train(train, {
      ...{ batchSize: 16, positionsPerStep: 1_000, learningRate: 0.02, seed: 1 },
      stopping: { kind: 'early', validation, steps: 24, patience: 100 },
      ...{ table: { kind: 'random' }, progress: silentProgress, name },
    });
    assert.equal(history.length, EPOCHS[name]);
    assert.ok(bestEpoch < EPOCHS[name] - 2, `epoch ${bestEpoch}`);
    const again = model.takesItemTable
      ? await createScorer(model, { kind: 'random' })
      : await createCandidateRecommender(model, { kind: 'random' });
    await again.load(values);
    const [got, wanted] = [await recommender.score(asked), await again.score(asked)];
    assert.ok(isDeepStrictEqual(got, wanted), 'it ranks by other values than the best');
    await Promise.all([recommender.release(), again.release()]);
  });
}
