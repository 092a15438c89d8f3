// Reading piece by piece with a cache against reading the whole text at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCachedDecoder, decoderParameters } from '../../src/language-model/local/cached-decoder.ts';
import { buildModel, initialValues, parameterFeeds } from '../../src/network/scope.ts';
import {
  type LlamaConfig,
  llama,
  outputTable,
  tokenEmbeddings,
} from '../../src/network/transformer/llama.ts';
import { createRandom } from '../../src/random.ts';
import { matmul, reshape, swapLast } from '../../src/tensor/functions.ts';
import { createSession } from '../../src/tensor/session.ts';

const config: LlamaConfig = {
  vocab_size: 40,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  windows: [null, 50],
  untied: true,
};
const LENGTH = 200; // behind the first size of the cache and of a piece
const random = createRandom('cached decoder');
const values = initialValues(decoderParameters(config), random);
for (const { values: weights } of values.values()) for (let i = 0; i < weights.length; i++) weights[i] *= 10;
const tokens = Int32Array.from({ length: LENGTH }, () => random.integer(config.vocab_size));

/** Logits behind every token [L, V]. */
async function atOnce(): Promise<Float32Array> {
  const { graph, parameters, outputs } = buildModel('inference', (scope) => {
    const E = tokenEmbeddings(scope, config);
    const hidden = llama(scope, scope.graph.input('tokens', [1, LENGTH], 'int32'), E, config);
    return {
      logits: matmul(reshape(hidden, [LENGTH, config.hidden_size]), swapLast(outputTable(scope, E, config))),
    };
  });
  const session = await createSession(graph, outputs);
  const { logits } = await session.run({ ...parameterFeeds(parameters, values), tokens });
  await session.release();
  return logits;
}

const expected = await atOnce();
const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
function isBehind(logits: Float32Array, position: number): void {
  const V = config.vocab_size;
  const wanted = expected.subarray(position * V, (position + 1) * V);
  const error = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted[i])), 0);
  assert.ok(error < 1e-4 * scale, `behind token ${position} the logits differ by ${error} of ${scale}`);
}

for (const sizes of [[200], [1, 199], [120, 8, 1, 1, 70], [31, 1, 32, 33, 64, 39]]) {
  test(`read in pieces of ${sizes}`, async () => {
    const decoder = createCachedDecoder(config, values);
    const reading = decoder.begin();
    let from = 0;
    for (const size of sizes) {
      const logits = await reading.read(tokens.subarray(from, from + size));
      from += size;
      isBehind(logits, from - 1);
      assert.equal(reading.length, from);
    }
    await decoder.release();
  });
}

test('what was rewound leaves no trace, and two readings do not meet', async () => {
  const decoder = createCachedDecoder(config, values);
  const [one, other] = [decoder.begin(), decoder.begin()];
  await one.read(tokens.subarray(0, 150));
  await other.read(tokens.subarray(60, 90));
  await one.read(Int32Array.of(3, 1, 4, 1, 5));
  one.rewind(149);
  isBehind(await one.read(tokens.subarray(149, 160)), 159);
  one.rewind(10);
  isBehind(await one.read(tokens.subarray(10, 12)), 11);
  await decoder.release();
});
