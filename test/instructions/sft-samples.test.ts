import assert from 'node:assert/strict';
import { test } from 'node:test';
import { userPreferences } from '../../src/categories/preferences.ts';
import { itemText, TEXTLESS_ITEM } from '../../src/instructions/item-text.ts';
import { buildSftSamples, DEFAULT_PROMPT, promptTemplateHash } from '../../src/instructions/sft-samples.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';

test("an item says its title, its attributes by name and its description's first words, never its id", () => {
  const item = {
    itemId: 'B00X',
    title: ' Trail\n Tent ',
    description: 'Keeps the  rain out all night',
    attributes: { brand: 'Ridgeline', genres: ['Outdoor', 'Sleep'], weight: 2, empty: '', none: [] },
  };
  assert.equal(
    itemText(item, 3),
    'Trail Tent; brand: Ridgeline; genres: Outdoor Sleep; weight: 2; Keeps the rain',
  );
  assert.equal(itemText(item, 0), 'Trail Tent; brand: Ridgeline; genres: Outdoor Sleep; weight: 2');
  assert.equal(itemText({ itemId: '1', attributes: { codes: ['a173', 'a1'] } }, 5), 'codes: a173 a1');
  assert.equal(itemText({ itemId: '1', attributes: {} }, 5), TEXTLESS_ITEM);
});

const items = 'zero one two three four'
  .split(' ')
  .map((title, i) => ({ itemId: `#${i}`, title, attributes: {} }));

test('one sample a user, the latest items newest last, the target a view of the preferences', () => {
  const dataset = { items, userIds: ['u', 'v', 'w'] };
  const train = [[0, 1, 2, 3], [], [4]].map((sequence) => Int32Array.from(sequence));
  const preferences = Float32Array.from([0.5, 0.5, 0.25, 0.75, 0, 1]);
  const samples = buildSftSamples({
    dataset,
    train,
    preferences,
    categoryCount: 2,
    maxItems: 3,
    descriptionWords: 0,
  });
  assert.deepEqual(samples, [
    {
      userId: 'u',
      prompt: 'A user chose, oldest first:\n- one\n- two\n- three\nPreferred categories:',
      target: Float32Array.of(0.5, 0.5),
    },
    {
      userId: 'w', // v has no training interactions
      prompt: 'A user chose, oldest first:\n- four\nPreferred categories:',
      target: Float32Array.of(0, 1),
    },
  ]);
  assert.equal(samples[0].target.buffer, preferences.buffer);
});

test('no held-out item leaks: neither its words into a prompt nor its category into a target', () => {
  // Each of 50 users has 6 items of its own; item 6u + t has the word "word-u-t" and, held out (t = 4, 5),
  // category 1.
  const users = 50;
  const owned = Array.from({ length: users * 6 }, (_, i) => ({
    itemId: `${i}`,
    title: `word-${Math.floor(i / 6)}-${i % 6}`,
    attributes: {},
  }));
  const categories = Int32Array.from(owned, (_, i) => (i % 6 >= 4 ? 1 : 0));
  const sequences = Array.from({ length: users }, (_, u) =>
    Int32Array.from({ length: 6 }, (_, t) => 6 * u + t),
  );
  const dataset = { items: owned, userIds: sequences.map((_, u) => `user ${u}`) };

  const leaks = (train: readonly Int32Array[]) => {
    const preferences = userPreferences(train, categories, 2);
    const samples = buildSftSamples({ dataset, train, preferences, categoryCount: 2, ...DEFAULT_PROMPT });
    return {
      samples: samples.length,
      words: samples.filter(({ prompt }) => /word-\d+-[45]/.test(prompt)).length,
      targets: samples.filter(({ target }) => target[1] > 0).length,
    };
  };
  assert.deepEqual(leaks(leaveOneOut(sequences).train), { samples: 50, words: 0, targets: 0 });
  // The same check on whole sequences finds every one, so it would see a leak.
  assert.deepEqual(leaks(sequences), { samples: 50, words: 50, targets: 50 });
});

test('the hash of the template follows its options', () => {
  const hash = promptTemplateHash(DEFAULT_PROMPT);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(promptTemplateHash({ ...DEFAULT_PROMPT }), hash);
  assert.notEqual(promptTemplateHash({ ...DEFAULT_PROMPT, maxItems: 9 }), hash);
  assert.notEqual(promptTemplateHash({ ...DEFAULT_PROMPT, descriptionWords: 5 }), hash);
});
