// Every stage declares what it depends on: after a change in one place exactly what depends on it is computed
// anew.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { learn, learnFromAll, samplesKey } from '../../jobs/learn.ts';
import { warmStarts } from '../../jobs/stages/warm-starts.ts';
import type { Dataset, Item } from '../../src/interactions/dataset.ts';
import { generateSample } from '../../src/interactions/sample.ts';
import { type LearningOptions, learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { tiny } from '../support/tiny-preset.ts';

const { dataset } = generateSample({ users: 40, items: 30, categories: 2, seed: 1 });

const both = (...names: string[]) => [...names, ...names.map((name) => name.replace(/(?=-\d$)|$/, '-all'))];
const BEHAVIOUR = both('pretrain', 'categorise');
const SAMPLES = both('instruct');
const TUNING = both('fine-tune', 'infer');
const LANGUAGE = ['pretrain-language-model', ...TUNING];
const AFTER_FEATURES = [...both('augment-1', 'augment'), 'warm-start-frozen+residual'];
const ALL = [...BEHAVIOUR, ...SAMPLES, ...LANGUAGE, 'text-features', ...AFTER_FEATURES];

interface Change {
  readonly what: string;
  readonly data?: Dataset;
  readonly options?: LearningOptions;
  readonly computed: readonly string[];
}

const withItem = (index: number, change: Partial<Item>): Dataset => ({
  ...dataset,
  items: dataset.items.map((item, i) => (i === index ? { ...item, ...change } : item)),
});
const otherPreset = (change: Partial<typeof tiny>): LearningOptions => ({ preset: { ...tiny, ...change } });
const { languageModel, recommender, adaptation } = tiny;

const CHANGES: readonly Change[] = [
  { what: 'nothing', computed: [] },
  {
    what: 'a title',
    data: withItem(3, { title: 'Another Thing' }),
    computed: [...SAMPLES, ...LANGUAGE, 'text-features', ...AFTER_FEATURES],
  },
  {
    what: 'an interaction',
    data: { ...dataset, sequences: dataset.sequences.map((s, u) => (u === 2 ? Int32Array.of(...s, 1) : s)) },
    computed: ALL.filter((name) => !['pretrain-language-model', 'text-features'].includes(name)),
  },
  {
    what: 'the name of a user',
    data: { ...dataset, userIds: dataset.userIds.map((id, u) => (u === 0 ? `${id}!` : id)) },
    computed: [...SAMPLES, ...TUNING, ...AFTER_FEATURES],
  },
  { what: 'the seed', options: { preset: tiny, seed: 2 }, computed: ALL },
  {
    what: 'how the adaptation is learnt',
    options: otherPreset({ adaptation: { ...adaptation, weightDecay: 0.2 } }),
    computed: AFTER_FEATURES,
  },
  {
    what: 'how many numbers the text features have',
    options: otherPreset({ textFeatures: 7 }),
    computed: ['text-features', ...AFTER_FEATURES],
  },
  {
    what: 'how the language model is tuned',
    options: otherPreset({
      languageModel: { ...languageModel, sft: { ...languageModel.sft, samplesPerEpoch: 63 } },
    }),
    computed: [...TUNING, ...AFTER_FEATURES],
  },
  {
    what: 'how the recommender is trained',
    options: otherPreset({ recommender: { ...recommender, learningRate: 2e-2 } }),
    computed: ALL.filter((name) => !['pretrain-language-model', 'text-features'].includes(name)),
  },
  {
    what: 'how recommenders are tried',
    options: otherPreset({ warmStartModes: ['frozen+residual', 'init'] }),
    computed: ['warm-start-init'],
  },
];

/** The names of the stages that were not there. */
async function computedBy(folder: string, { data = dataset, options }: Partial<Change>): Promise<string[]> {
  const computed: string[] = [];
  const learning = learningOn(folder, data, {
    preset: tiny,
    ...options,
    async onStage({ name, reused }) {
      if (!reused) computed.push(name);
    },
  });
  const learnt = await learn(learning, {});
  await learnFromAll(learning, {}, learnt);
  await warmStarts(learning, learnt.augmented, learnt.recommender.reached);
  return computed;
}

test('after a change', async (context) => {
  const folder = await temporaryFolder(context);
  before(async () => {
    assert.deepEqual((await computedBy(folder, {})).sort(), [...ALL].sort());
  });
  for (const change of CHANGES) {
    await context.test(`of ${change.what}`, async () => {
      assert.deepEqual((await computedBy(folder, change)).sort(), [...change.computed].sort());
    });
  }
});

test('what a model is tuned on elsewhere has the name of its samples', async (context) => {
  const folder = await temporaryFolder(context);
  const key = ({ data = dataset, options }: Partial<Change>) =>
    samplesKey(learningOn(folder, data, { preset: tiny, ...options }), {});
  for (const { what, data, options, computed } of CHANGES)
    assert.equal(key({ data, options }) !== key({}), computed.includes('instruct'), what);
  const given = (hash: string) =>
    samplesKey(learningOn(folder, dataset), { srs: { hash } as Parameters<typeof samplesKey>[1]['srs'] });
  assert.notEqual(given('some vectors'), given('others'));
});
