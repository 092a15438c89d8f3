// Texts to vectors by a folder alone, against AutoTokenizer and AutoModel with the mean over all tokens
// (test/fixtures/language-models.py).
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { loadLocalModel } from '../../src/language-model/local/local-model.ts';
import { embedSentences } from '../support/embed-sentences.ts';
import { refused } from '../support/errors.ts';
import { copyOf, editJson, editTensors, fixtures } from '../support/model-folders.ts';

for (const name of ['llama-2', 'bert']) {
  test(`${name}: empty, unknown, too long and all other texts have the vectors of transformers`, async () => {
    const folder = path.join(fixtures, name);
    const { texts, embeddings } = JSON.parse(await readFile(path.join(folder, 'embedded.json'), 'utf8'));
    const { vectors: got, width } = await embedSentences(folder, texts);
    assert.equal(width, 16);
    const wanted = embeddings.flat();
    const error = Math.max(...wanted.map((x: number, i: number) => Math.abs(x - got[i])));
    assert.equal(got.length, wanted.length);
    assert.ok(error < 1e-5, `they differ by ${error}`);
  });
}

test('texts of all lengths at once: each has the vector that it has alone', async () => {
  const encoder = await loadLocalModel(path.join(fixtures, 'bert'));
  const texts = Array.from({ length: 150 }, (_, i) => 'warm green tent '.repeat(i % 9));
  const { vectors: together } = await encoder.embed(texts);
  for (const i of [0, 1, 8, 80, 149]) {
    const { vectors: alone } = await encoder.embed([texts[i]]);
    assert.ok(alone.every((x, c) => Math.abs(x - together[i * 16 + c]) < 1e-6));
  }
  assert.equal((await encoder.embed([])).vectors.length, 0);
  await encoder.release();
});

test('a tokenizer that knows more tokens than the model is refused where one occurs', async (context) => {
  const folder = await copyOf(context, 'bert');
  await editJson(path.join(folder, 'config.json'), { vocab_size: 7 });
  await editTensors(path.join(folder, 'model.safetensors'), (tensors) => {
    const name = 'embeddings.word_embeddings.weight';
    tensors.set(name, { shape: [7, 16], values: tensors.get(name)!.values.subarray(0, 7 * 16) });
  });
  assert.equal((await embedSentences(folder, ['a an the'])).vectors.length, 16);
  await assert.rejects(
    embedSentences(folder, ['a', 'green']),
    refused(
      /tokenizer\.json: got the token 7, expected numbers from 0 to below the vocab_size 7 of config\.json;/,
    ),
  );
});

test('weights that are no numbers are refused; what becomes none is not passed on', async (context) => {
  const folder = await copyOf(context, 'bert');
  const setNorm = (value: number) =>
    editTensors(path.join(folder, 'model.safetensors'), (tensors) => {
      tensors.get('encoder.layer.1.output.LayerNorm.weight')!.values.fill(value);
    });
  await setNorm(Number.NaN);
  await assert.rejects(
    loadLocalModel(folder),
    refused(/got numbers in the tensor encoder\.layer\.1\.output\.LayerNorm\.weight that are not finite/),
  );
  await setNorm(3.4e38);
  await assert.rejects(
    embedSentences(folder, ['a']),
    refused(/got numbers that are not finite from the language model/),
  );
});

test('rows that are all the same are told of 8 texts, in however many calls', async (context) => {
  const folder = await copyOf(context, 'bert');
  await editTensors(path.join(folder, 'model.safetensors'), (tensors) => {
    tensors.get('encoder.layer.1.output.LayerNorm.weight')!.values.fill(0);
  });
  const model = await loadLocalModel(folder);
  const texts = Array.from({ length: 8 }, (_, i) => `${'green '.repeat(i)}tent`);
  await model.embed(texts.slice(0, 4));
  await model.embed(texts.slice(0, 4));
  await assert.rejects(
    model.embed(texts.slice(4)).finally(model.release),
    refused(/the language model gave the same row .* all of 8 different texts.*: copy its folder again\.$/),
  );
  // In a night, and of items that come one by one, all texts may be alike.
  const proven = await loadLocalModel(folder, { proven: true });
  assert.equal((await proven.embed(texts)).vectors.length, 8 * 16);
  await proven.release();
});
