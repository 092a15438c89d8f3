// What refresh starts from its embeddings has the chances of the random start that it is compared with: the
// same seed, the same budget. Started from the noise of that one it becomes that one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pretrainRecommender } from '../../jobs/stages/pretrain-recommender.ts';
import { warmStarts } from '../../jobs/stages/warm-starts.ts';
import { normal } from '../../src/network/scope.ts';
import { createRandom } from '../../src/random.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import { categorySplit, N, profile } from '../support/planted.ts';
import { dataOf, learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { patient } from '../support/tiny-preset.ts';

test('a warm start from the noise of the random start reaches the very same', async (context) => {
  const folder = await temporaryFolder(context);
  const split = categorySplit();
  const recommender = { ...patient.recommender, steps: 60 };
  const preset = { ...patient, recommender, warmStartModes: ['init', 'frozen'] as const };
  const learning = {
    ...learningOn(folder, dataOf(split.train, N), { split, preset }),
    backbone: sasrecModel(profile({ userCount: 300 }), 8),
  };
  const { reached } = await pretrainRecommender(learning);
  const noise = normal(0.02)(createRandom('1/pretrain').fork('items.weight'), [N, 8]);
  const { random, modes } = await warmStarts(
    learning,
    { stage: { name: 'noise', key: 'noise' }, embeddings: noise },
    reached,
  );
  assert.deepEqual(random, reached);
  assert.deepEqual(modes[0], { mode: 'init', ...reached });
  assert.notDeepEqual(modes[1], { mode: 'frozen', ...reached });
});
