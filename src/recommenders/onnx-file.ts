// A trained recommender as a plain ONNX file, weights and all, which any ONNX Runtime opens.
import { buildModel, parameterFeeds } from '../network/scope.ts';
import { add, concatenate, minimum, multiply, relu, reshape, subtract } from '../tensor/functions.ts';
import { BATCH, type Tensor } from '../tensor/graph.ts';
import { encodeOnnxModel } from '../tensor/onnx-model.ts';
import { type SequenceModel, scoresOf, type TrainedSequenceModel } from './sequence-model.ts';
import { maskToken, paddingToken } from './training/masked-windows.ts';

/**
 * K: how many items of a history the file is shown; L, or L - 1 where the model is asked by a mask behind
 * them.
 */
export const shownItems = ({ encoder, length: L }: SequenceModel): number =>
  encoder.task === 'next item' ? L : L - 1;

/** What goes in and comes out, written into the file for whoever opens it. */
const CONTRACT = {
  items:
    'int32 [batch, K]: the last K items of each history as rows of the catalogue, oldest first; anything ' +
    'behind them',
  length: 'int32 [batch]: how many of them are real, from 1 to K',
  scores: 'float32 [batch, N]: of every row of the catalogue, higher is better',
};

export function encodeOnnxRecommender(
  recommender: SequenceModel,
  { values, itemVectors }: Pick<TrainedSequenceModel, 'values' | 'itemVectors'>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { itemCount: N, width: d } = recommender;
  const model = buildModel('inference', (scope) => {
    const items = scope.graph.input('items', [BATCH, shownItems(recommender)], 'int32');
    const length = scope.graph.input('length', [BATCH], 'int32');
    const table = scope.graph.constant(itemVectors, [N, d]);
    if (recommender.encoder.task !== 'next item') {
      return { scores: scoresOf(scope, recommender, withMask(items, length, N), length, table) };
    }
    const last = subtract(length, scope.graph.constant([1], [], 'int32'));
    return { scores: scoresOf(scope, recommender, items, last, table) };
  });
  return encodeOnnxModel(model.graph, model.outputs, {
    values: parameterFeeds(model.parameters, values),
    metadata: { ...CONTRACT, ...metadata },
  });
}

/**
 * items [batch, K], length [batch] -> the first `length` items, a mask, and padding behind it [batch, K + 1].
 */
function withMask(items: Tensor, length: Tensor, N: number): Tensor {
  const { graph } = items;
  const whole = (value: number) => graph.constant([value], [], 'int32');
  const L = items.shape[1] + 1;
  const positions = graph.constant(
    Array.from({ length: L }, (_, position) => position),
    [L],
    'int32',
  );
  /** Of whole numbers, for which there is no isPositive: 1 where x is positive, else 0. */
  const oneWherePositive = (x: Tensor) => relu(minimum(x, whole(1)));
  const lengths = reshape(length, [BATCH, 1]);
  const itemsLeft = subtract(lengths, positions);
  const isItem = oneWherePositive(itemsLeft);
  const isToken = subtract(whole(1), isItem);
  const isBehindMask = oneWherePositive(multiply(itemsLeft, whole(-1)));
  const tokens = add(
    multiply(isToken, whole(maskToken(N))),
    multiply(isBehindMask, whole(paddingToken(N) - maskToken(N))),
  );
  // What fills the last column never is an item.
  return add(multiply(concatenate([items, lengths], 1), isItem), tokens);
}
