import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, isComplete, parseAnswer } from '../../src/instructions/distribution-answer.ts';

test('an answer names the likeliest categories first and comes back as the distribution that it was', () => {
  const target = Float32Array.of(0, 0.25, 0, 0.5, 0.25, 0.0001);
  assert.equal(answerOf(target), '{"3": 0.5, "1": 0.25, "4": 0.25}');
  assert.deepEqual(parseAnswer(answerOf(target), 6), Float32Array.of(0, 0.25, 0, 0.5, 0.25, 0));
});

test('words around the JSON do not matter, and shares that nearly sum to 1 are made to', () => {
  assert.deepEqual(
    parseAnswer('Sure! ```json\n{"0": 0.75, "2": 0.28125}\n```', 3),
    Float32Array.of(8 / 11, 0, 3 / 11),
  );
  const withBraces = 'Of the categories {0 to 2}: { "1": 1 }';
  assert.deepEqual(parseAnswer(withBraces, 3), Float32Array.of(0, 1, 0));
});

const DRAFT = '{"0": 0.5, "1": 0.5}';
const ANSWER = '{"2": 1}';
for (const answer of [
  `First I would say ${DRAFT}. But no: ${ANSWER}`,
  `\`\`\`json\n${DRAFT}\n\`\`\`\nOn second thought:\n\`\`\`json\n${ANSWER}\n\`\`\``,
  `${DRAFT}\n${ANSWER}`,
  `**Draft** ${DRAFT} **Answer** ${ANSWER} Is that {all}?`,
  `analysis They want ${DRAFT}assistantfinal${ANSWER}`,
  `${ANSWER} ${DRAFT} ${ANSWER} ${ANSWER}`,
  `{"draft": ${DRAFT}, "answer": ${ANSWER}}`,
]) {
  test(`the last object is the answer: ${JSON.stringify(answer)}`, () =>
    assert.deepEqual(parseAnswer(answer, 3), Float32Array.of(0, 0, 1)));
}

test('an object may be a draft, so that an answer is complete only where it comes again', () => {
  for (const answer of [`${DRAFT}\n${ANSWER}`, `${DRAFT} would be wrong.`, 'Of {0 to 2}: { "1": 1 }', ANSWER])
    for (let end = 0; end <= answer.length; end++) assert.ok(!isComplete(answer.slice(0, end)), answer);
  for (const answer of [ANSWER + ANSWER, `${ANSWER}\n${ANSWER}`, `\`\`\`json\n${ANSWER}\n\`\`\`${ANSWER}`]) {
    for (let end = 0; end < answer.length; end++) assert.ok(!isComplete(answer.slice(0, end)), answer);
    assert.ok(isComplete(answer) && isComplete(`${answer} and`), answer);
  }
});

for (const [answer, complaint] of [
  ['I do not know.', 'it holds no JSON object'],
  ['{"0": 0.5, }', 'its JSON cannot be read'],
  ['{"3": 1}', '"3" is no category from 0 to 2'],
  ['{"tents": 1}', '"tents" is no category from 0 to 2'],
  ['{"-1": 1}', '"-1" is no category from 0 to 2'],
  ['{"0": "1"}', 'the share of category 0 is no number from 0 on'],
  ['{"0": -1, "1": 2}', 'the share of category 0 is no number from 0 on'],
  ['{"0": 0.5, "1": 0.5, "0": 0.2}', 'category 0 stands twice in it'],
  ['{"0": 1, "\\u0030": 1}', 'category 0 stands twice in it'],
  ['{"1": 0.5, "01": 0.5}', 'category 1 stands twice in it'],
  ['{"0": 1} or rather {"1": 0.5, ', 'its last JSON object cannot be read'],
  ['{"0": 1} or rather {\'1\': 1}', 'its last JSON object cannot be read'],
  ['{"0": 1} or rather {1: 1}', 'its last JSON object cannot be read'],
  ['{"0": 1} or rather {"1": 0.5, }', 'its JSON cannot be read'],
  ['{"0": 0.5}', 'its shares sum to 0.500, not to 1'],
  ['{}', 'its shares sum to 0.000, not to 1'],
] as const) {
  test(`a malformed answer is told: ${answer}`, () => assert.equal(parseAnswer(answer, 3), complaint));
}
