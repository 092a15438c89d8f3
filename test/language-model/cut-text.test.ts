// What is left of a text that is too long.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { loadBaseModel } from '../../src/language-model/files/model-folder.ts';
import { createLocalModel } from '../../src/language-model/local/local-model.ts';
import { cutPrompt, cutSentence, type TextKind } from '../../src/language-model/pooled/cut-text.ts';
import { fixtures } from '../support/model-folders.ts';
import { numberTokenizer } from '../support/read-tokens.ts';

const text = Int32Array.of(2, 11, 12, 13, 14, 3);

test('of a prompt the end is read; a first token that is the vector stays', () => {
  assert.deepEqual([...cutPrompt(text, 6, 'cls')], [...text]);
  assert.deepEqual([...cutPrompt(text, 3, 'mean')], [13, 14, 3]);
  assert.deepEqual([...cutPrompt(text, 3, 'lasttoken')], [13, 14, 3]);
  assert.deepEqual([...cutPrompt(text, 3, 'cls')], [2, 14, 3]);
});

test('of a sentence the beginning is read, and the special tokens that close it', () => {
  assert.deepEqual([...cutSentence(text, 6, 1)], [...text]);
  assert.deepEqual([...cutSentence(text, 3, 1)], [2, 11, 3]);
  assert.deepEqual([...cutSentence(text, 3, 0)], [2, 11, 12]);
  assert.deepEqual([...cutSentence(text, 1, 2)], [3]);
});

test('a model reads too long a text as the part that is left of it', async () => {
  const { tokenizer, ...base } = await loadBaseModel(path.join(fixtures, 'llama-2'));
  tokenizer.release();
  const embed = async (kind: TextKind, tokens: string, maxTokens = 3) => {
    const limit = { maxTokens, kind };
    const model = createLocalModel({ name: 'cut', model: base, tokenizer: numberTokenizer, limit });
    return (await model.embed([tokens]).finally(model.release)).vectors;
  };
  const whole = text.join(' ');
  assert.deepEqual(await embed('prompt', whole), await embed('prompt', '13 14 3'));
  assert.deepEqual(await embed('sentence', whole), await embed('sentence', '2 11 12'));
  assert.notDeepEqual(await embed('prompt', whole, 6), await embed('prompt', whole));
});
