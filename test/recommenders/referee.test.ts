// Every recommender that learns against PyTorch's own layers with the same weights
// (test/fixtures/recommenders.py made what is expected): the scores of a catalogue, and the loss of a step.
// There each history is computed alone; here short and long ones stand in one batch, so that padding which
// is seen shows. The models score without the dropout that they are trained with.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Model, Parameter, Values } from '../../src/network/scope.ts';
import { parameterFeeds } from '../../src/network/scope.ts';
import { bert4rec } from '../../src/recommenders/bert4rec.ts';
import * as candidate from '../../src/recommenders/candidate-model.ts';
import { core } from '../../src/recommenders/core.ts';
import { dien } from '../../src/recommenders/dien.ts';
import { din } from '../../src/recommenders/din.ts';
import type { Encoder } from '../../src/recommenders/encoder.ts';
import { gru4rec } from '../../src/recommenders/gru4rec.ts';
import { narm } from '../../src/recommenders/narm.ts';
import { ncf } from '../../src/recommenders/ncf.ts';
import type { Queries, Recommender } from '../../src/recommenders/recommender.ts';
import { sasrec } from '../../src/recommenders/sasrec.ts';
import * as sequence from '../../src/recommenders/sequence-model.ts';
import { type BatchShape, fillBatch } from '../../src/recommenders/training/batches.ts';
import { paddingToken } from '../../src/recommenders/training/masked-windows.ts';
import { itemPrediction } from '../../src/recommenders/training/objective.ts';
import type { Tensor } from '../../src/tensor/graph.ts';
import { sizeOf } from '../../src/tensor/graph.ts';
import { createSession, type Feeds } from '../../src/tensor/session.ts';

interface Row {
  readonly items: readonly number[];
  readonly asked: readonly number[];
  readonly targets: readonly number[];
}

interface Expected {
  readonly histories: readonly (readonly number[])[];
  readonly judgedHistories: readonly (readonly number[])[];
  readonly nextItem: readonly Row[];
  readonly cloze: readonly Row[];
  readonly judgements: readonly (readonly number[])[];
  readonly wrongItems: readonly (readonly number[])[];
  readonly models: Readonly<Record<string, { scores: readonly (readonly number[])[]; loss: number }>>;
}
const expected: Expected = JSON.parse(
  readFileSync(new URL('../fixtures/recommenders.json', import.meta.url), 'utf8'),
);

const [N, L, USERS] = [6, 8, 4];
const random = { kind: 'random' } as const;

/** The k-th number, from 1, of the parameters in the order of their names: 0.7 sin(k * k). */
function weightsOf(parameters: readonly Parameter[]): Values {
  let k = 0;
  const named = parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return new Map(
    named.map(({ name, tensor: { shape } }) => [
      name,
      { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => 0.7 * Math.sin(++k * k)) },
    ]),
  );
}

function assertClose(got: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(got.length, wanted.length);
  wanted.forEach((value, i) => {
    assert.ok(Math.abs(got[i] - value) < 1e-4, `${what} [${i}]: ${got[i]}, PyTorch ${value}`);
  });
}

async function checkScores(
  recommender: Recommender,
  rows: readonly (readonly number[])[],
  wanted: readonly (readonly number[])[],
): Promise<void> {
  const histories = rows.map((items) => Int32Array.from(items));
  const users = Int32Array.from(histories.keys());
  const queries: Queries = { users, histories };
  assertClose(await recommender.score(queries), wanted.flat(), 'scores of all');
  for (const user of users) {
    const alone = { users: Int32Array.of(user), histories: [histories[user]] };
    assertClose(await recommender.score(alone), wanted[user], `scores of user ${user} alone`);
  }
  const candidates = Int32Array.from({ length: 2 * users.length }, (_, i) => (5 * i + 5) % N);
  const asked = [...candidates].map((item, i) => wanted[Math.floor(i / 2)][item]);
  assertClose(await recommender.score(queries, candidates), asked, 'scores of two candidates each');
  await recommender.release();
}

async function lossOf({ graph, outputs, parameters }: Model<{ loss: Tensor }>, feeds: Feeds) {
  const session = await createSession(graph, outputs);
  const { loss } = await session.run({ ...parameterFeeds(parameters, weightsOf(parameters)), ...feeds });
  await session.release();
  return loss;
}

const encoders: Readonly<Record<string, (dropout: number) => Encoder>> = {
  sasrec: (dropout) => sasrec({ blocks: 2, heads: 1, feedForward: 2, dropout }),
  core: (dropout) =>
    core({ blocks: 2, heads: 2, feedForward: 2, temperature: 0.07, dropout, itemDropout: dropout }),
  gru4rec: (dropout) => gru4rec({ layers: 2, hidden: 5, dropout }),
  narm: (dropout) => narm({ embeddingDropout: dropout, stateDropout: dropout }),
  bert4rec: (dropout) => bert4rec({ blocks: 1, heads: 2, feedForward: 4, dropout, maskedShare: 0.4 }),
};

for (const [name, encoder] of Object.entries(encoders)) {
  const { scores, loss } = expected.models[name];
  const model = (dropout: number) =>
    sequence.sequenceModel({
      ...{ objective: itemPrediction({ kind: 'cross-entropy' }), encoder: encoder(dropout) },
      ...{ itemCount: N, width: 4, length: L, repeatable: new Uint8Array(N) },
    });
  const shape: BatchShape = { buckets: [{ rows: 3, length: L }], positions: 12 };

  test(`${name}: scores and loss are PyTorch's`, async () => {
    const scorer = await sequence.createScorer(model(0.5), random);
    await scorer.load(weightsOf(sequence.trainingModel(model(0.5), random, shape).parameters));
    await checkScores(scorer, expected.histories, scores);

    const isMasked = encoder(0).task !== 'next item';
    const rows = (isMasked ? expected.cloze : expected.nextItem).map(({ items, asked, targets }) => ({
      ...{ items: Int32Array.from(items), asked, targets: Int32Array.from(targets) },
    }));
    const batch = fillBatch(rows, shape, isMasked ? paddingToken(N) : 0);
    assertClose(await lossOf(sequence.trainingModel(model(0), random, shape), batch), [loss], 'loss');
  });
}

const scorers: Readonly<Record<string, (dropout: number) => candidate.CandidateScorer>> = {
  din: (dropout) => din({ activation: 3, layers: [5, 4], dropout }),
  dien: (dropout) => dien({ layers: [5], dropout, auxiliary: 1 }),
  ncf: (dropout) => ncf({ userCount: USERS, layers: [5, 3], dropout }),
};

for (const [name, scorer] of Object.entries(scorers)) {
  const { scores, loss } = expected.models[name];
  const model = (dropout: number) => ({
    ...{ scorer: { ...scorer(dropout), negatives: 2 }, itemCount: N, width: 4, length: L },
  });

  test(`${name}: scores and loss are PyTorch's`, async () => {
    const recommender = await candidate.createCandidateRecommender(model(0.5), random);
    recommender.load(weightsOf(candidate.trainingModel(model(0.5), random, USERS).parameters));
    await checkScores(recommender, expected.judgedHistories, scores);

    const rowsOf = (rows: readonly (readonly number[])[]) => {
      const filled = new Int32Array(rows.length * L);
      rows.forEach((row, b) => {
        filled.set(row.slice(-L), b * L);
      });
      return filled;
    };
    const feeds = {
      users: Int32Array.from({ length: USERS }, (_, user) => user),
      items: rowsOf(expected.judgedHistories),
      real: Float32Array.from(
        expected.judgedHistories.flatMap(({ length }) => Array.from({ length: L }, (_, i) => +(i < length))),
      ),
      candidates: Int32Array.from(expected.judgements.flat()),
      weights: new Float32Array(USERS).fill(1 / USERS),
      wrong: rowsOf(expected.wrongItems),
    };
    assertClose(await lossOf(candidate.trainingModel(model(0), random, USERS), feeds), [loss], 'loss');
  });
}
