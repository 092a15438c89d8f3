// The training loop takes any objective: here one with an input, feeds and a parameter of its own, and a loss
// that asks for more than the encoder's last states.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linear } from '../../src/network/layers.ts';
import { silentProgress } from '../../src/progress.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import { sequenceModel } from '../../src/recommenders/sequence-model.ts';
import { itemPrediction, type Objective } from '../../src/recommenders/training/objective.ts';
import { concatenate, gatherRows, multiply, reshape, subtract, sum } from '../../src/tensor/functions.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

const D = 4;
const teacherOf = (item: number) => Array.from({ length: D }, (_, j) => (item % D === j ? 1 : 0));
const crossEntropy = itemPrediction({ kind: 'cross-entropy' });

/** The square of how far a projection of two states is from what a teacher has there. */
const imitation: Objective = {
  examples(sequences, model) {
    const { feeds, ...examples } = crossEntropy.examples(sequences, model);
    return {
      ...examples,
      feeds: (shape, epoch) => {
        const others = feeds(shape, epoch);
        return (taken) => {
          const teacher = new Float32Array(shape.positions * D);
          const shown = taken.flatMap(({ sequence, start, length }) => [
            ...sequence.subarray(start, start + length),
          ]);
          teacher.set(shown.flatMap(teacherOf));
          return { ...others(taken), teacher };
        };
      },
    };
  },
  loss(scope, step) {
    const { graph } = scope;
    const [R, d] = [step.positions, step.table.shape[1]];
    const teacher = graph.input('teacher', [R, D]);
    const weights = graph.input('weights', [R]);
    const states = step.atTargets((own, items) => {
      const last = step.model.encoder.hidden(own, items, step.table, step.model.length);
      return concatenate([last, gatherRows(step.table, items)], 2);
    });
    assert.deepEqual(states.shape, [R, 2 * d]);
    const error = subtract(linear(scope, 'projection', states, D), teacher);
    const squares = reshape(sum(multiply(error, error), [1], true), [R]);
    return sum(multiply(squares, weights));
  },
};

test('an objective brings its input, its feeds and a parameter, which learns with the others', async () => {
  const model = sequenceModel({
    ...profile(),
    width: 8,
    encoder: sasrec({ blocks: 1, heads: 1, feedForward: 1, dropout: 0 }),
    objective: imitation,
  });
  const sequences = [...alternating(100, 1), Int32Array.of(1, 2, 3)]; // rows of two lengths
  const { values, history, recommender } = await model.train(sequences, {
    ...{ batchSize: 20, positionsPerStep: 1_000, learningRate: 0.02, seed: 1 },
    ...{ table: { kind: 'random' }, stopping: { kind: 'epochs', epochs: 20 } },
    ...{ progress: silentProgress, name: 'imitation' },
  });
  const losses = history.map(({ loss }) => loss);
  // Who always answers 1 / D is wrong by 3 / 4.
  assert.ok(losses[0] > 0.6 && losses[19] < 0.2, `${losses}`);
  assert.deepEqual(values.get('objective.projection.weight')!.shape, [16, D]);
  const scores = await recommender.score(lastOf(sequences.slice(0, 2)));
  assert.equal(scores.length, 2 * N);
  await recommender.release();
});
