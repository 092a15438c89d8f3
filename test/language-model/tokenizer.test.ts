import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END_OF_TEXT, tokenizerFromJson, trainTokenizer } from '../../src/language-model/tokenizer.ts';

const texts = ['low low low low low', 'lower lower newest newest newest newest newest newest', 'widest widest widest'];

test('bytes come first, then merges in the order of their frequency', async () => {
  const tokenizer = await trainTokenizer(texts, 260);
  assert.equal(tokenizer.vocabularySize, 260);
  assert.equal(tokenizer.endOfText, 0);
  const { model } = JSON.parse(tokenizer.json);
  // "es" occurs 6 + 3 times, then "est" as often: the classic example of Sennrich et al.
  assert.deepEqual(model.merges.slice(0, 2), [
    ['e', 's'],
    ['es', 't'],
  ]);
  assert.equal(model.vocab[END_OF_TEXT], 0);
  assert.equal(model.vocab.es, 257);
});

test('any text comes back, whatever its letters; equal texts give equal tokens; an empty one gives none', async () => {
  const tokenizer = tokenizerFromJson((await trainTokenizer(texts, 280)).json);
  const [japanese, emoji, again, empty] = await tokenizer.encode(['日本', '🎿 lowest', '日本', '']);
  assert.equal(japanese.length, 6, 'six bytes, none of them merged');
  assert.deepEqual(japanese, again);
  assert.ok(emoji.length < Buffer.byteLength('🎿 lowest'), 'known letters are merged');
  assert.equal(empty.length, 0);
  assert.ok([...japanese, ...emoji].every((token) => token > 0 && token < 280));
});

test('the same texts give the same tokenizer', async () => {
  assert.equal((await trainTokenizer(texts, 300)).json, (await trainTokenizer(texts, 300)).json);
});
