// Nothing that is held out is learnt from. The same catalogue and training histories with other validation
// and test items, other ones for every user: whatever is learnt is the same to the bit, in the stages behind
// every start of an evaluation, in a warm start and in the recommenders that are compared.
//
// What validation chooses by design is pinned, and nothing else: either a training takes one epoch, so that
// there is none to choose, or the losses of all its epochs are compared, with patience for the last one.
// Figures on held out items are left out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { ARM_NAMES, type ArmName, learnArms } from '../../jobs/evaluation/arms.ts';
import type { Preset } from '../../jobs/presets.ts';
import { warmStarts } from '../../jobs/stages/warm-starts.ts';
import { compare } from '../../src/evaluation/compare.ts';
import { popularityGroups } from '../../src/evaluation/popularity.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import type { Dataset } from '../../src/interactions/dataset.ts';
import { generateSample } from '../../src/interactions/sample.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { type Progress, silentProgress } from '../../src/progress.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { MODELS } from '../../src/recommenders/models.ts';
import type { RecommenderModel } from '../../src/recommenders/recommender.ts';
import { learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { patient, tiny } from '../support/tiny-preset.ts';

const { dataset, coldItems } = generateSample({ users: 60, items: 40, categories: 2, seed: 1 });
const USERS = dataset.userIds.length;
const N = dataset.items.length;

/** User u's last two items from these, all before them as they are. */
const withHeldOut = (
  validation: (sequence: Int32Array, user: number) => number,
  test: (sequence: Int32Array, user: number) => number,
): Dataset => ({
  ...dataset,
  sequences: dataset.sequences.map((sequence, user) =>
    Int32Array.of(...sequence.subarray(0, -2), validation(sequence, user), test(sequence, user)),
  ),
});
const ofUser = (user: number, fromEnd: number) => dataset.sequences[user % USERS].at(-fromEnd)!;
const cold = [...coldItems];

const VARIANTS: Readonly<Record<string, Dataset>> = {
  'validation items among users, and test items': withHeldOut(
    (_, user) => ofUser(user + 7, 2),
    (_, user) => ofUser(user + 11, 1),
  ),
  'items that nobody has in training, and others from own ones, so many that what users have is ranked':
    withHeldOut(
      (sequence, user) => (user % 3 > 0 ? sequence[0] : cold[user % cold.length]),
      (sequence, user) => (user % 3 > 0 ? sequence[1] : cold[(user + 1) % cold.length]),
    ),
};
/** One training item of each user is another. */
const otherTraining: Dataset = {
  ...dataset,
  sequences: dataset.sequences.map((sequence) => sequence.with(0, (sequence[0] + 1) % N)),
};

/** Everything that is learnt, by name. Numbers keep their bits. */
type Learnt = Map<string, unknown>;

interface Flow {
  readonly arms: readonly ArmName[];
  readonly preset: Preset;
  /** What the stages tell of and is not learnt. */
  readonly toldOnly: ReadonlySet<string>;
}
/** All of it, each SASRec in one epoch. Told are figures on held out items, and how long it took. */
const EVERYTHING: Flow = {
  arms: ARM_NAMES,
  preset: tiny,
  toldOnly: new Set(['validationNdcg', 'test', 'epochs', 'tuning']),
};
/** What validation has a say in, over several epochs: that is learnt too, and only the test is told. */
const VALIDATED: Flow = { arms: ['srs', 'text'], preset: patient, toldOnly: new Set(['test']) };

async function learn(context: TestContext, { sequences }: Dataset, flow: Flow): Promise<Learnt> {
  const folder = await temporaryFolder(context);
  const learnt: Learnt = new Map();
  const { preset } = flow;
  const learning = learningOn(folder, { ...dataset, sequences }, { preset, progress: recordLosses(learnt) });
  const arms = await learnArms(flow.arms, learning);
  for (const { name, vectors } of arms) learnt.set(`arm ${name}`, vectors);
  const { key, vectors } = arms.at(-1)!;
  await warmStarts(
    { ...learning, preset: patient },
    { stage: { name: 'tslrec', key: key! }, embeddings: vectors! },
    undefined,
  );
  await addFiles(learnt, folder, flow.toldOnly);
  learnt.set('popularity groups', popularityGroups(learning.split.train, N));
  return learnt;
}

/** The loss after each epoch of everything that is trained, as the terminal shows it. */
function recordLosses(learnt: Learnt): Progress {
  return {
    start(task) {
      const losses: string[] = [];
      learnt.set(`training ${task}`, losses);
      const advance = (_: number, note = '') => {
        losses.push(...(note.match(/loss [\d.]+/) ?? []));
      };
      return { advance, done() {} };
    },
  };
}

async function addFiles(learnt: Learnt, folder: string, toldOnly: Flow['toldOnly']): Promise<void> {
  for (const named of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(folder, named);
    const name = named.replace(/-[0-9a-f]{16}/, ''); // the key of a stage is over what is held out, too
    if (statSync(file).isDirectory()) continue;
    if (!name.endsWith('.safetensors')) {
      learnt.set(name, readFileSync(file, 'utf8'));
      continue;
    }
    const { tensors, metadata } = await readSafetensors(file);
    for (const [tensor, { values }] of tensors) learnt.set(`${name} ${tensor}`, values);
    const facts = Object.entries(JSON.parse(metadata.facts ?? '{}'));
    learnt.set(
      `${name} facts`,
      facts.filter(([fact]) => !toldOnly.has(fact)),
    );
  }
}

const differing = (one: Learnt, other: Learnt): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => !same(one.get(name), other.get(name)));

/** To the bit. */
function same(one: unknown, other: unknown): boolean {
  if (one instanceof Float32Array && other instanceof Float32Array)
    return Buffer.from(one.buffer, one.byteOffset, one.byteLength).equals(
      Buffer.from(other.buffer, other.byteOffset, other.byteLength),
    );
  return JSON.stringify(one) === JSON.stringify(other);
}

/** In the names of what has to change with the training items: a comparison that misses it sees nothing. */
const OF_BEHAVIOUR = [
  ...[
    'pretrain/output.safetensors itemVectors',
    'categorise/output.safetensors',
    'instructions.jsonl',
    'popularity groups',
  ],
  ...['fine-tune/output.safetensors facts', 'lora_B', 'score', 'itemHidden', 'itemDistributions'],
  ...[
    'safetensors residual',
    'safetensors table',
    'adapter.inner',
    'embeddings',
    'arm srs',
    'arm text',
    'arm untuned',
    'arm tslrec',
  ],
  ...['training recommender: pre-train', 'training recommender: frozen+residual', 'training adaptation 1/1'],
] as const;
const OF_WORDS_ALONE = ['arm tf-idf', 'text-features', 'read-untuned', 'language-model/'] as const;

test('the whole flow', async (context) => {
  const learnt = await learn(context, dataset, EVERYTHING);

  for (const [what, variant] of Object.entries(VARIANTS)) {
    await context.test(`other held out items, ${what}: the same to the bit`, async (own) => {
      assert.ok(variant.sequences.every((sequence, user) => !same(sequence, dataset.sequences[user])));
      assert.deepEqual(differing(learnt, await learn(own, variant, EVERYTHING)), []);
    });
  }

  await context.test('other training items: whatever comes of what users do is another', async (own) => {
    const changed = differing(learnt, await learn(own, otherTraining, EVERYTHING));
    const named = (name: string) => [...learnt.keys()].filter((key) => key.includes(name));
    for (const [names, change] of [
      [OF_BEHAVIOUR, true],
      [OF_WORDS_ALONE, false],
    ] as const) {
      for (const name of names) {
        assert.ok(named(name).length > 0, name);
        for (const key of named(name)) assert.equal(changed.includes(key), change, key);
      }
    }
  });
});

test('over several epochs: with other test items validation chooses the same to the bit', async (context) => {
  const learnt = await learn(context, dataset, VALIDATED);
  const otherTest = withHeldOut(
    (sequence) => sequence.at(-2)!,
    (_, user) => ofUser(user + 11, 1),
  );
  assert.deepEqual(differing(learnt, await learn(context, otherTest, VALIDATED)), []);
});

test('the recommenders that are compared, of every kind and from every start', async () => {
  const vectors = Float32Array.from({ length: N * tiny.width }, (_, i) => Math.sin(i));
  const compared = async ({ sequences }: Dataset): Promise<Learnt> => {
    const split = leaveOneOut(sequences);
    const data = profileOf(dataset, split);
    const learnt: Learnt = new Map();
    const popular = MODELS.popular(data, tiny.width);
    const counted: RecommenderModel = {
      ...popular,
      train(sequences, options) {
        learnt.set('counted', sequences);
        return popular.train(sequences, options);
      },
    };
    const runs = await compare(split, {
      models: [
        { name: 'sasrec-bce', model: MODELS['sasrec-bce'](data, tiny.width) },
        { name: 'ncf', model: MODELS.ncf(data, tiny.width) },
        { name: 'popular', model: counted },
      ],
      arms: [{ name: 'srs', vectors }],
      modes: ['frozen+residual'],
      seeds: [1],
      adapter: { hidden: 8, rowLength: 8 },
      training: patient.recommender,
      progress: silentProgress,
      once: (_, run) => run(''),
    });
    for (const { model, arm, history } of runs.filter(({ model }) => model !== 'popular'))
      learnt.set(
        `${model} ${arm}`,
        history.map(({ loss }) => loss),
      );
    return learnt;
  };
  const learnt = await compared(dataset);
  for (const [what, variant] of Object.entries(VARIANTS))
    assert.deepEqual(differing(learnt, await compared(variant)), [], what);
  assert.deepEqual(differing(learnt, await compared(otherTraining)), [...learnt.keys()]);
});
