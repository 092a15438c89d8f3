import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readTokenizer } from '../../src/language-model/files/folder-tokenizer.ts';
import { END_OF_TEXT, tokenizerFromJson, trainTokenizer } from '../../src/language-model/tokenizer.ts';
import { refused } from '../support/errors.ts';
import { copyOf, fixtures } from '../support/model-folders.ts';

/** Of the BERT among the fixtures. */
const vocabularySize = 64;

const texts = [
  'low low low low low',
  'lower lower newest newest newest newest newest newest',
  'widest widest widest',
];

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

test('any text comes back; equal texts give equal tokens; an empty one gives none', async () => {
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

test('the tokenizer of a folder: special tokens, no padding, no cutting', async () => {
  const folder = path.join(fixtures, 'bert'); // its tokenizer.json says: 6 tokens, shorter ones padded
  const text = 'a green tent for the warm trail';
  const [whole, short, empty] = await (await readTokenizer(folder, { vocabularySize })).encode([
    text,
    'tent',
    '',
  ]);
  const [cls, sep] = [2, 3];
  assert.deepEqual([whole.length, whole[0], whole[8]], [9, cls, sep]);
  assert.deepEqual([short.length, short[0], short[2]], [3, cls, sep]);
  assert.deepEqual([...empty], [cls, sep]);
});

test('more texts than are encoded at once keep their order', async () => {
  const tokenizer = await readTokenizer(path.join(fixtures, 'bert'), { vocabularySize });
  const many = Array.from({ length: 2_500 }, (_, i) => 'tent '.repeat(i % 7));
  const encoded = await tokenizer.encode(many);
  assert.deepEqual(
    encoded.map(({ length }) => length),
    many.map((_, i) => 2 + (i % 7)),
  );
});

test('a tokenizer.json that is none is refused', async (context) => {
  const folder = await copyOf(context, 'bert');
  writeFileSync(path.join(folder, 'tokenizer.json'), '{"model": 7}');
  await assert.rejects(
    readTokenizer(folder, { vocabularySize }),
    refused(/tokenizer\.json: got what is no tokenizer \(.+\), expected one as/),
  );
});
