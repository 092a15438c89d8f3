// The exported file, opened by ONNX Runtime as anybody would, gives the recommender's own scores.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { silentProgress } from '../../src/progress.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import { encodeOnnxRecommender, shownItems } from '../../src/recommenders/onnx-file.ts';
import { alternating, lastOf, N, profile } from '../support/planted.ts';

for (const name of ['sasrec', 'gru4rec', 'narm', 'core', 'bert4rec'] as const) {
  test(`${name} as a plain ONNX file: histories and lengths in, scores out, for any batch`, async () => {
    const model = MODELS[name](profile(), 16);
    const sequences = alternating(50, 1);
    const trained = await model.train(sequences, {
      ...{ batchSize: 16, positionsPerStep: 1_000, learningRate: 5e-3, seed: 1 },
      stopping: { kind: 'early', validation: lastOf(sequences), steps: 5, patience: 5 },
      table: { kind: 'random' },
      progress: silentProgress,
      name,
    });
    const histories = [Int32Array.of(3, 1, 4), Int32Array.of(1, 5, 9, 2, 6, 5, 3, 5), Int32Array.of(39)];
    const wanted = Float32Array.from(
      await trained.recommender.score({ users: Int32Array.of(0, 1, 2), histories }),
    );
    await trained.recommender.release();

    const session = await ort.InferenceSession.create(encodeOnnxRecommender(model, trained, { model: name }));
    assert.deepEqual(session.inputNames.toSorted(), ['items', 'length']);
    const K = name === 'bert4rec' ? 7 : 8; // its mask takes a place
    assert.equal(shownItems(model), K);
    const shown = histories.map((history) => history.slice(-K));
    const items = new Int32Array(3 * K).fill(7);
    shown.forEach((history, b) => {
      items.set(history, K * b);
    });
    const { scores } = await session.run({
      items: new ort.Tensor('int32', items, [3, K]),
      length: new ort.Tensor(
        'int32',
        Int32Array.from(shown, ({ length }) => length),
        [3],
      ),
    });
    assert.deepEqual(scores.dims, [3, N]);
    wanted.forEach((score, i) => {
      assert.ok(Math.abs(score - Number(scores.data[i])) < 1e-4, `${i}: ${scores.data[i]}, wanted ${score}`);
    });
    await session.release();
  });
}
