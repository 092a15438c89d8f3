// Stages that do not depend on each other train beside each other, each in a thread of its own, where there
// are cores for it: to the same result, with their progress and their errors told as if they were here.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { augment } from '../../jobs/stages/augment.ts';
import { warmStarts } from '../../jobs/stages/warm-starts.ts';
import { sideBySide } from '../../jobs/trainings/side-by-side.ts';
import { backboneOf } from '../../jobs/trainings/tasks.ts';
import { TslrecError } from '../../src/errors.ts';
import type { Progress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { configureExecution } from '../../src/tensor/session.ts';
import { categorySplit, N } from '../support/planted.ts';
import { dataOf, learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { patient } from '../support/tiny-preset.ts';

const split = categorySplit();
const preset = {
  ...patient,
  adaptation: { ...patient.adaptation, members: 2 },
  warmStartModes: ['init', 'frozen', 'frozen+residual'] as const,
};
const random = createRandom('side by side');
const words = {
  ...{ key: 'words', name: 'words', width: 6, rowLength: preset.adaptation.leadingRows },
  values: Float32Array.from({ length: 6 * N }, () => random.normal()),
};

function onCores(context: TestContext, threads: number): void {
  configureExecution({ provider: 'cpu', threads });
  context.after(() => configureExecution({ provider: 'cpu', threads: 1 }));
}

function toldTasks(): { readonly progress: Progress; readonly told: Map<string, number> } {
  const told = new Map<string, number>();
  const progress: Progress = {
    start: (task) => ({
      advance: (steps) => told.set(task, (told.get(task) ?? 0) + steps),
      done: () => told.set(`${task}: done`, 1),
    }),
  };
  return { progress, told };
}

async function learn(context: TestContext, threads: number) {
  onCores(context, threads);
  const { progress, told } = toldTasks();
  const learning = learningOn(await temporaryFolder(context), dataOf(split.train, N), {
    ...{ split, preset, progress },
  });
  const augmented = await augment(learning, 'augment', [words]);
  const { modes } = await warmStarts(learning, augmented, undefined);
  return { embeddings: augmented.embeddings, members: augmented.members, modes, told };
}

test('stages side by side find what they find one after the other, and tell the same', async (context) => {
  const inTurn = await learn(context, 1);
  const together = await learn(context, 2);
  assert.deepEqual(together.embeddings, inTurn.embeddings);
  assert.deepEqual(together.members, inTurn.members);
  assert.deepEqual(together.modes, inTurn.modes);
  const sorted = (told: ReadonlyMap<string, number>) => [...told].sort();
  assert.deepEqual(sorted(together.told), sorted(inTurn.told));
  assert.equal(together.told.size, 2 * (2 + 3));
});

test('what a training beside others refuses is told by its own sentence', async (context) => {
  onCores(context, 2);
  const { progress } = toldTasks();
  const learning = learningOn(await temporaryFolder(context), dataOf(split.train, N), { split, preset });
  const refused = sideBySide({ folder: learning.folder, progress }, ['a', 'b'], (name, train) =>
    train('recommender', {
      backbone: backboneOf(learning.backbone),
      split: { ...split, train: [Int32Array.of(1)] },
      options: { ...preset.recommender, table: { kind: 'random' }, seed: 1, name },
    }),
  );
  await assert.rejects(
    refused,
    (error) => error instanceof TslrecError && /There is nothing to learn from/.test(error.message),
  );
});
