// A trained recommender as a plain ONNX file, weights and all, which any ONNX Runtime opens:
//   items   int32 [batch, L]  the last L items of each history as rows of the catalogue, oldest first; anything behind
//   length  int32 [batch]     how many of them are real, from 1 to L
//   scores  float32 [batch, N]
import { buildModel, parameterFeeds } from '../network/scope.ts';
import { subtract } from '../tensor/functions.ts';
import { BATCH } from '../tensor/graph.ts';
import { encodeOnnxModel } from '../tensor/onnx-model.ts';
import type { TrainedRecommender } from './recommender.ts';
import { type SequenceModel, scoresOf } from './sequence-model.ts';

/** For models that are trained on next items; one that is trained on masks would have to be fed them. */
export function encodeOnnxRecommender(
  recommender: SequenceModel,
  { values, itemVectors }: Pick<TrainedRecommender, 'values' | 'itemVectors'>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { itemCount: N, width: d, length: L } = recommender;
  const model = buildModel('inference', (scope) => {
    const items = scope.graph.input('items', [BATCH, L], 'int32');
    const length = scope.graph.input('length', [BATCH], 'int32');
    const last = subtract(length, scope.graph.constant([1], [], 'int32'));
    return { scores: scoresOf(scope, recommender, items, last, scope.graph.constant(itemVectors, [N, d])) };
  });
  return encodeOnnxModel(model.graph, model.outputs, { values: parameterFeeds(model.parameters, values), metadata });
}
