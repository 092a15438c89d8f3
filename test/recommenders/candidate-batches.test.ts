// What a recommender that judges candidates is shown of a training history.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/random.ts';
import {
  type CandidateModel,
  candidateModel,
  samplesOf,
  trainingBatches,
} from '../../src/recommenders/candidate-model.ts';
import { din } from '../../src/recommenders/din.ts';
import { ncf } from '../../src/recommenders/ncf.ts';
import { createNegativeSampler } from '../../src/recommenders/training/negatives.ts';
import type { Feeds } from '../../src/tensor/session.ts';

const [N, L, B, NEGATIVES] = [12, 3, 4, 2];
const C = 1 + NEGATIVES;
const sequences = [
  Int32Array.of(0, 1, 2, 3, 4),
  Int32Array.of(5, 6),
  Int32Array.of(),
  Int32Array.of(7, 8, 7, 9),
];
/** Nothing but item 7 is met again. */
const repeatable = Uint8Array.from({ length: N }, (_, item) => (item === 7 ? 1 : 0));

const modelOf = (readsHistory: boolean) =>
  candidateModel({
    ...{ itemCount: N, userCount: 4, width: 4, length: L, repeatable },
    scorer: {
      ...(readsHistory
        ? din({ activation: 2, layers: [2], dropout: 0 })
        : ncf({ userCount: 4, layers: [2], dropout: 0 })),
      negatives: NEGATIVES,
    },
  });

function batchesOf(model: CandidateModel, epoch = 1): Feeds[] {
  const samples = samplesOf(sequences, model.scorer.readsHistory);
  const negatives = createNegativeSampler(model);
  return [...trainingBatches(model, samples, B, negatives, createRandom(epoch))] as Feeds[];
}

/** Who is asked, the right candidate, and the items that are shown before it. */
function told({ users, items, real, candidates, weights }: Feeds): string[] {
  return [...weights.keys()]
    .filter((b) => weights[b] > 0)
    .map((b) => {
      const shown = items?.slice(b * L, (b + 1) * L).filter((_, i) => real[b * L + i] === 1) ?? [];
      return `user ${users[b]}: ${candidates[b * C]} after ${shown.join(' ')}`.trim();
    });
}

test('each item but the first is right once an epoch, after its last L items, none of what follows', () => {
  assert.deepEqual(batchesOf(modelOf(true)).flatMap(told).sort(), [
    ...['user 0: 1 after 0', 'user 0: 2 after 0 1', 'user 0: 3 after 0 1 2', 'user 0: 4 after 1 2 3'],
    'user 1: 6 after 5',
    ...['user 3: 7 after 7 8', 'user 3: 8 after 7', 'user 3: 9 after 7 8 7'],
  ]);
});

test('where a user is known by row alone, every item is right once an epoch, and no history is shown', () => {
  const wanted = sequences.flatMap((sequence, user) =>
    [...sequence].map((item) => `user ${user}: ${item} after`),
  );
  assert.deepEqual(batchesOf(modelOf(false)).flatMap(told).sort(), wanted.sort());
});

test("wrong candidates are none of the user's, unless they are met again; weights are a mean", () => {
  for (const { items, real, candidates, weights, wrong } of batchesOf(modelOf(true))) {
    const total = [...weights].reduce((sum, weight) => sum + weight, 0);
    assert.ok(Math.abs(total - 1) < 1e-6, `weights sum to ${total}`);
    [...weights.keys()]
      .filter((b) => weights[b] > 0)
      .forEach((b) => {
        const right = candidates[b * C];
        const own = sequences.find((sequence) => sequence.includes(right))!;
        const shown = [...items.keys()].slice(b * L, (b + 1) * L).filter((i) => real[i] === 1);
        const drawn = [...candidates.slice(b * C + 1, (b + 1) * C), ...shown.map((i) => wrong[i])];
        for (const item of drawn) assert.ok(item === 7 || !own.includes(item), `${item} of ${own}`);
        assert.ok(shown.length > 0);
      });
  }
});

test('another epoch has another order and other wrong candidates', () => {
  const drawn = (epoch: number) =>
    batchesOf(modelOf(true), epoch).flatMap(({ candidates }) => [...candidates]);
  assert.deepEqual(drawn(1), drawn(1));
  assert.notDeepEqual(drawn(1), drawn(2));
});
