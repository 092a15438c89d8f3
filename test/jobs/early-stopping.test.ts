// Validation decides how long is trained and what is chosen; the test is only told. Planted: the next item is
// mostly the successor, often the same popular one. A recommender learns first what is popular, then what
// comes next, so that who is asked for the popular item is served best early, and who is asked for the
// successor late.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { compareStarts } from '../../jobs/stages/warm-starts.ts';
import { train } from '../../jobs/train.ts';
import { type Reached, trainAndRank } from '../../jobs/train-and-rank.ts';
import { warmStartReport } from '../../src/command-line/render/warm-start-report.ts';
import { compare, RANDOM_ARM } from '../../src/evaluation/compare.ts';
import type { WarmStartMode } from '../../src/evaluation/warm-start.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import type { NextItems, Split } from '../../src/interactions/dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { rankingMetrics } from '../../src/recommenders/metrics.ts';
import { MODELS, type ModelName } from '../../src/recommenders/models.ts';
import { rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { profile } from '../support/planted.ts';
import { temporaryFolder } from '../support/stores.ts';

const [ITEMS, POPULAR, USERS, LENGTH] = [20, 0, 100, 13];
const successorOf = (item: number) => (item % (ITEMS - 1)) + 1;

function plant(): Split {
  const random = createRandom('popular or successor');
  const walks = Array.from({ length: USERS }, () => {
    let item = 1 + random.integer(ITEMS - 1);
    const walk = [item];
    while (walk.length < LENGTH) {
      item = successorOf(item);
      walk.push(...(random.next() < 0.4 ? [POPULAR, item] : [item]));
    }
    return { walk, item };
  });
  const asked = (targetAfter: (item: number) => number): NextItems => ({
    users: Int32Array.from(walks.keys()),
    histories: walks.map(({ walk }) => Int32Array.from(walk)),
    targets: Int32Array.from(walks, ({ item }) => targetAfter(item)),
  });
  return {
    name: 'leave-one-out',
    train: walks.map(({ walk }) => Int32Array.from(walk)),
    validation: asked(() => POPULAR),
    test: asked(successorOf),
  };
}

const split = plant();
const data = profile({
  itemCount: ITEMS,
  userCount: USERS,
  repeatable: new Uint8Array(ITEMS).fill(1),
  length: 16,
});
const model = MODELS.sasrec(data, 16);
const training = { batchSize: 32, positionsPerStep: 400, steps: 120, patience: 100, learningRate: 5e-3 };
const options = {
  ...training,
  table: { kind: 'random' } as const,
  seed: 'warm-start/1', // as the runs of a comparison
  progress: silentProgress,
  name: 'early stopping',
};

/** What is reached when an epoch is chosen on these. */
async function chosenOn(asked: NextItems) {
  const { steps, patience } = training;
  const { recommender, history, bestEpoch } = await model.train(split.train, {
    ...{ ...options, stopping: { kind: 'early', validation: asked, steps, patience } },
  });
  const ranks = async (of: NextItems) => [...(await rankInCatalogue(recommender, model, of))];
  const [validation, ofTest] = [await ranks(split.validation), await ranks(split.test)];
  await recommender.release();
  return { curve: history.map(({ metric }) => metric!), bestEpoch, validation, test: ofTest };
}
const [onValidation, onTest] = [await chosenOn(split.validation), await chosenOn(split.test)];
const ndcg = (ranks: readonly number[]) => rankingMetrics(Int32Array.from(ranks))['ndcg@10'];

test('planted: validation is served best early, the test late', () => {
  assert.equal(onValidation.curve.length, onTest.curve.length);
  assert.ok(onValidation.bestEpoch < onTest.bestEpoch / 2, `${onValidation.bestEpoch} ${onTest.bestEpoch}`);
  assert.ok(ndcg(onValidation.test) < 0.8 * ndcg(onTest.test));
  assert.ok(ndcg(onTest.validation) < ndcg(onValidation.validation));
});

test('refresh tells the epoch that validation has chosen', async () => {
  const { reached } = await trainAndRank(model, split, options);
  assert.deepEqual(reached, {
    epochs: onValidation.bestEpoch + 1,
    validationNdcg: Math.max(...onValidation.curve),
    test: rankingMetrics(Int32Array.from(onValidation.test)),
  });
});

const compareOn = (of: Split, name: ModelName, steps: number) =>
  compare(of, {
    models: [{ name, model: MODELS[name](data, 16) }],
    arms: [{ name: RANDOM_ARM }],
    modes: [],
    seeds: [1],
    adapter: { hidden: 8, rowLength: 8 },
    training: { ...training, steps },
    progress: silentProgress,
    once: (_, run) => run(''),
  });

test('evaluate ranks by the epoch that validation has chosen', async () => {
  const [{ epochs, history, validation, test: ofTest }] = await compareOn(split, 'sasrec', training.steps);
  assert.equal(epochs, onValidation.bestEpoch + 1);
  assert.deepEqual(
    history.map(({ metric }) => metric),
    onValidation.curve,
  );
  assert.deepEqual([...validation], onValidation.validation);
  assert.deepEqual([...ofTest], onValidation.test);
});

for (const name of ['gru4rec', 'ncf'] as const) {
  test(`${name}: what the test asks for changes nothing but the ranks of the test`, async () => {
    const decided = async (of: Split) => {
      const [{ epochs, history, validation }] = await compareOn(of, name, 24);
      return { epochs, validation, curve: history.map(({ loss, metric }) => [loss, metric]) };
    };
    const { validation, test: ofTest } = split;
    const first = await decided(split);
    assert.ok(first.curve.length > 1);
    assert.deepEqual(await decided({ ...split, test: validation }), first);
    assert.notDeepEqual((await decided({ ...split, validation: ofTest })).curve, first.curve);
  });
}

test('train: what the test asks for changes no weight', async (context) => {
  const folder = await temporaryFolder(context);
  const [users, items] = [20, 15];
  const trained = async (name: string, lastOf: (user: number) => number) => {
    const rows = Array.from({ length: users }, (_, user) =>
      [0, 1, 2, 3, 4, 5, 6].map((step) => (user + step ** 2) % items).concat(lastOf(user)),
    ).flatMap((sequence, user) => sequence.map((item, i) => `u${user},i${item},${1000 * i + user}\n`));
    mkdirSync(path.join(folder, name));
    const catalogue = Array.from({ length: items }, (_, item) => `{"item_id":"i${item}"}\n`);
    writeFileSync(path.join(folder, name, 'items.jsonl'), catalogue.join(''));
    writeFileSync(path.join(folder, name, 'interactions.csv'), `user_id,item_id,timestamp\n${rows.join('')}`);
    const result = await train({
      ...{ data: path.join(folder, name), output: path.join(folder, `${name}.onnx`), model: 'sasrec' },
      ...{ preset: 'quick', seed: 1, onBadRow: 'stop', progress: silentProgress },
    });
    const { epochs, validation } = result;
    return { decided: { epochs, validation }, result };
  };
  const [one, other] = [await trained('one', (user) => user % 3), await trained('other', (user) => user % 7)];
  const weightsOf = async ({ result }: typeof one) => (await readSafetensors(result.weights)).tensors;
  assert.deepEqual(other.decided, one.decided);
  assert.deepEqual(await weightsOf(other), await weightsOf(one));
  assert.notDeepEqual(other.result.test, one.result.test);
});

test('refresh takes the mode that is best on validation, and tells its gain there', () => {
  const reached = (validationNdcg: number, ofTest: number, epochs: number): Reached => ({
    validationNdcg,
    test: { 'ndcg@10': ofTest, 'hr@10': ofTest },
    epochs,
  });
  // The better on validation, the worse on the test.
  const modes: readonly (readonly [WarmStartMode, Reached])[] = [
    ['init', reached(0.2, 0.3, 7)],
    ['frozen', reached(0.3, 0.2, 5)],
    ['frozen+residual', reached(0.1, 0.4, 3)],
  ];
  const tried = compareStarts(
    { split, backbone: model },
    modes.map(([mode, facts]) => ({ mode, ...facts })),
    reached(0.25, 0.1, 9),
  );
  assert.equal(tried.best, 'frozen');
  assert.ok(Math.abs(tried.gain! - 0.2) < 1e-12, `${tried.gain}`);
  const lines = warmStartReport(tried).split('\n');
  assert.match(lines[0], /, \+20\.0 % NDCG@10 on validation:$/);
  assert.deepEqual(
    lines.slice(1, 7).map((line) => line.trim().split(/ {2,}/)),
    [
      ['start', 'val. NDCG@10', 'test NDCG@10', 'HR@10', 'epochs'],
      [15, 12, 12, 6, 6].map((width) => '-'.repeat(width)),
      ['random', '0.2500', '0.1000', '0.1000', '9'],
      ['init', '0.2000', '0.3000', '0.3000', '7'],
      ['frozen *', '0.3000', '0.2000', '0.2000', '5'],
      ['frozen+residual', '0.1000', '0.4000', '0.4000', '3'],
    ],
  );
});
