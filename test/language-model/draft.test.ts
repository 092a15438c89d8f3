// Drafts that reasoning models write before their answers, whatever their tags and however they come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindDrafts, opensDraft, withoutDraft } from '../../src/language-model/draft.ts';
import { collect } from '../support/collect.ts';

async function* cut(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}

const unfinished = () => new Error('unfinished');
const SIZES = [1, 2, 3, 7, 1_000];

const ANSWERS: [string, string, boolean?][] = [
  ['<think>hm {"0": 1}</think>{"1": 1}', '{"1": 1}'],
  ['<think>\nhm\n</think>\n\n{"1": 1}', '\n\n{"1": 1}'],
  ['\n <think></think>yes', 'yes'],
  ['<thinking>a < b </thin </thinking> yes', ' yes'],
  ['<thought>x</thought>yes', 'yes'],
  ['<reasoning>x</reasoning>yes', 'yes'],
  ['<THINK>x</Think>yes', 'yes'],
  ['[THINK]x[/THINK]yes', 'yes'],
  ['<think>a</think>\n<think>b</think>yes', 'yes'],
  ['hm</think>yes', 'yes', true],
  ['<think>hm</think>yes', 'yes', true],
  ['< think >x</ think >yes', 'yes'],
  ['[ think]x[/think ]yes', 'yes'],
  ['◁think▷x◁/think▷yes', 'yes'],
  ['<scratchpad>x</scratchpad>yes', 'yes'],
  ['<|START_THINKING|>x<|END_THINKING|>yes', 'yes'],
  ['<|begin_of_thought|>x<|end_of_thought|>yes', 'yes'],
  ['<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>yes', 'yes'],
  ['<|start|>assistant<|channel|>commentary<|message|>x<|channel|>final<|message|>yes', 'yes'],
  // What is no draft stays as it is.
  ['<   think>x', '<   think>x'],
  ['< thinker >x', '< thinker >x'],
  ['◁', '◁'],
  ['<|channel|>final<|message|>yes', '<|channel|>final<|message|>yes'],
  ['yes', 'yes'],
  ['', ''],
  [' ', ' '],
  [' \n yes', ' \n yes'],
  ['<', '<'],
  ['<thin', '<thin'],
  ['<thinker>x', '<thinker>x'],
  ['<b>yes</b>', '<b>yes</b>'],
  ['yes <think>no</think>', 'yes <think>no</think>'],
];
for (const [said, answer, isOpen] of ANSWERS) {
  test(`${JSON.stringify(said)}${isOpen ? ' in a draft' : ''} gives ${JSON.stringify(answer)}`, async () => {
    for (const size of SIZES) {
      const pieces = await collect(withoutDraft(cut(said, size), { isOpen, unfinished }));
      assert.equal(pieces.join(''), answer, `pieces of ${size}`);
      assert.ok(!pieces.includes(''));
    }
  });
}

for (const [said, isOpen] of [
  ['<think>'],
  ['<think>hm {"0": 1}'],
  ['<think>a</think><thinking>b</thin'],
  ['hm', true],
  ['', true],
] as [string, boolean?][]) {
  test(`${JSON.stringify(said)}${isOpen ? ' inside a draft' : ''}: unfinished`, async () => {
    for (const size of SIZES)
      await assert.rejects(collect(withoutDraft(cut(said, size), { isOpen, unfinished })), /unfinished/);
  });
}

test('pieces of an answer are not held back', async () => {
  const pieces = ['<think>', 'x', '</think>', 'a', 'b', '<think>', 'c'];
  async function* said() {
    yield* pieces;
  }
  assert.deepEqual(await collect(withoutDraft(said(), { unfinished })), ['a', 'b', '<think>', 'c']);
});

test('of a whole answer drafts are cut off that the prompt had opened', () => {
  const answers: [string, string | undefined][] = [
    ['{"0": 1} would be wrong.\n</think>\n{"1": 1}', '\n{"1": 1}'],
    ['a</thinking>b</think>c', 'c'],
    ['<think>a</think>b', 'b'],
    ['a</think><think>b', undefined],
    ['<think>b', undefined],
    ['a <scratchpad>b', undefined],
    ['a </ think >b', 'b'],
    ['<think>a<think>b</think>c</think>d', 'd'],
    ['{"1": 1}', '{"1": 1}'],
    ['', ''],
  ];
  for (const [said, answer] of answers) assert.equal(behindDrafts(said), answer, said);
});

test('a prompt that ends in an opening tag begins a draft', () => {
  for (const prompt of ['<|assistant|><think>', 'x<think>\n', 'x[THINK]'])
    assert.ok(opensDraft(prompt), prompt);
  for (const prompt of ['', '<think></think>\n\n', 'x<think> y']) assert.ok(!opensDraft(prompt), prompt);
});
