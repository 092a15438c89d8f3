import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ndcgOfUsers, rankingMetrics } from '../../src/recommenders/metrics.ts';

test('ranks 0, 2, 6, 12 and 30: each metric is a fraction over five users', () => {
  const metrics = rankingMetrics(Int32Array.of(0, 2, 6, 12, 30));
  assert.equal(metrics['hr@5'], 2 / 5);
  assert.equal(metrics['hr@10'], 3 / 5);
  assert.equal(metrics['hr@20'], 4 / 5);
  assert.equal(metrics['mrr@5'], (1 + 1 / 3) / 5);
  assert.equal(metrics['mrr@10'], (1 + 1 / 3 + 1 / 7) / 5);
  assert.equal(metrics['mrr@20'], (1 + 1 / 3 + 1 / 7 + 1 / 13) / 5);
  // 1 / log2(rank + 2): rank 0 gives 1, rank 2 gives 1 / 2, rank 6 gives 1 / 3
  assert.equal(metrics['ndcg@5'], (1 + 1 / 2) / 5);
  assert.equal(metrics['ndcg@10'], (1 + 1 / 2 + 1 / 3) / 5);
});

test('any cut-off; recall is the hit rate, since one item is relevant', () => {
  const metrics = rankingMetrics(Int32Array.of(0, 2, 6), [1, 3]);
  assert.deepEqual(Object.keys(metrics).sort(), [
    'hr@1',
    'hr@3',
    'mrr@1',
    'mrr@3',
    'ndcg@1',
    'ndcg@3',
    'recall@1',
    'recall@3',
  ]);
  assert.equal(metrics['recall@3'], 2 / 3);
  assert.equal(metrics['hr@1'], 1 / 3);
});

test('ranks count from 0: the fifth item is among five, the sixth is not', () => {
  const metrics = rankingMetrics(Int32Array.of(4, 5), [5]);
  assert.deepEqual(
    [metrics['hr@5'], metrics['mrr@5'], metrics['ndcg@5']],
    [1 / 2, 1 / 5 / 2, 1 / Math.log2(6) / 2],
  );
  assert.deepEqual([...ndcgOfUsers(Int32Array.of(0, 4, 5), 5)], [1, 1 / Math.log2(6), 0]);
});

test('no users, no metric: zero, not NaN', () => {
  assert.equal(rankingMetrics(new Int32Array())['ndcg@10'], 0);
});
