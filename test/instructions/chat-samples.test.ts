import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatPrompt, chatSample, chatTemplateHash } from '../../src/instructions/chat-samples.ts';
import { parseAnswer } from '../../src/instructions/distribution-answer.ts';

const prompt = 'A user chose, oldest first:\n- one\nPreferred categories:';

test('a conversation is the prompt with the form of the answer behind it, and an answer in that form', () => {
  const { messages } = chatSample({ prompt, target: Float32Array.of(0.25, 0, 0.75) });
  assert.deepEqual(messages, [
    {
      role: 'user',
      content:
        `${prompt}\nAnswer with one JSON object and nothing else: the numbers of categories, from 0 to 2, ` +
        'as its keys and their shares as its values, the largest first, 1 in all, as in ' +
        '{"2": 0.75, "0": 0.25}',
    },
    { role: 'assistant', content: '{"2": 0.75, "0": 0.25}' },
  ]);
  assert.deepEqual(messages.slice(0, 1), chatPrompt(prompt, 3)); // asked as it was tuned
});

for (const K of [1, 2, 64]) {
  test(`the example that it gives can be read as an answer over ${K} categories`, () => {
    const [{ content }] = chatPrompt(prompt, K);
    const read = parseAnswer(content, K);
    assert.ok(typeof read !== 'string', `${read}`);
    assert.equal(read[0] + (K > 1 ? read[K - 1] : 0), 1);
  });
}

test('the hash of the template follows the number of categories', () => {
  assert.match(chatTemplateHash(3), /^[0-9a-f]{64}$/);
  assert.equal(chatTemplateHash(3), chatTemplateHash(3));
  assert.notEqual(chatTemplateHash(3), chatTemplateHash(4));
});
