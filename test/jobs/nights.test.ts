// A night does only what changed, and drift decides when everything is learnt anew: planted catalogues, one
// of which tastes move away from, and one of which they do not.
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { keepLastVersion } from '../../jobs/last-version.ts';
import { type LearntVersion, learnVersion } from '../../jobs/learn-version.ts';
import type { Preset } from '../../jobs/presets.ts';
import { loadItemEncoder } from '../../src/embeddings/item-encoder.ts';
import type { Dataset, Item } from '../../src/interactions/dataset.ts';
import { hashDataset } from '../../src/interactions/hash-dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { learningOn } from '../support/stages.ts';
import { temporaryFolder } from '../support/stores.ts';
import { tiny } from '../support/tiny-preset.ts';

const GROUPS = 4;
const OF_GROUP = 15;
const N = GROUPS * OF_GROUP;
const USERS = 120;
const WORDS = ['tents of green cloth', 'lamps of warm light', 'knives of hard steel', 'boots of brown hide'];

/** Learns the groups in a second. */
const preset: Preset = {
  ...tiny,
  width: 16,
  recommender: { ...tiny.recommender, steps: 60, patience: 20, batchSize: 32, learningRate: 1e-2 },
  adaptation: { ...tiny.adaptation, hidden: 16 },
  categories: { most: GROUPS, itemsPerCategory: OF_GROUP },
  night: { ...tiny.night, leastReplay: 32 },
};

const itemOf = (item: number): Item => ({
  itemId: `item ${String(item).padStart(3, '0')}`,
  title: `${WORDS[item % GROUPS]} number ${item}`,
  attributes: {},
});

interface World {
  readonly items: number;
  /** sequences[u], of items. */
  readonly sequences: number[][];
}

const dataOf = ({ items, sequences }: World): Dataset => {
  const contents = {
    items: Array.from({ length: items }, (_, item) => itemOf(item)),
    userIds: sequences.map((_, user) => `user ${String(user).padStart(3, '0')}`),
    sequences: sequences.map((sequence) => Int32Array.from(sequence)),
    times: sequences.map((sequence) => Float64Array.from(sequence.keys())),
  };
  return { name: 'planted', ...contents, hash: hashDataset(contents) };
};

/** Each user stays in one group. */
function world(seed: number): World {
  const random = createRandom(`nights/${seed}`);
  const sequences = Array.from({ length: USERS }, (_, user) =>
    Array.from({ length: 8 }, () => (user % GROUPS) + GROUPS * random.integer(OF_GROUP)),
  );
  return { items: N, sequences };
}

/** A store's folder in which one version follows another. */
async function nights(context: TestContext) {
  let folder = await temporaryFolder(context);
  let count = 0;
  const move = (to: string) => {
    renameSync(folder, to);
    folder = to;
  };
  const next = async (
    data: Dataset,
    full = false,
  ): Promise<LearntVersion & { readonly computed: string[] }> => {
    const computed: string[] = [];
    const used: string[] = [];
    const learning = learningOn(folder, data, {
      preset,
      async onStage({ name, reused }) {
        used.push(name);
        if (!reused) computed.push(name);
      },
    });
    const version = await learnVersion(learning, {}, `run ${++count}`, full);
    keepLastVersion(learning, { version: `run ${count}`, ...version.last, used });
    return { ...version, computed };
  };
  return { next, move };
}

const rowOf = (values: Float32Array, row: number, of: number) => {
  const width = values.length / of;
  return values.subarray(row * width, (row + 1) * width);
};
const cosine = (a: Float32Array, b: Float32Array) => {
  const product = a.reduce((sum, x, i) => sum + x * b[i], 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
};

test('a night reads and learns what is new, and keeps what was', async (context) => {
  const { next, move } = await nights(context);
  const before = world(1);
  const first = await next(dataOf(before));
  assert.deepEqual(first.how.kind, 'full');
  assert.equal(first.how.reason, 'there is no version to go on from here');

  // One user goes on, and there is a new item.
  const sequences = before.sequences.map((sequence, user) => (user === 5 ? [...sequence, 1, N] : sequence));
  const after = dataOf({ items: N + 1, sequences });
  const night = await next(after);
  const { how, learnt } = night;

  await context.test('one user and one item are read, nothing is tuned', () => {
    assert.equal(how.kind, 'night');
    assert.deepEqual(how.changes, { interactions: 2, users: 1, items: 1, textsRead: 2 });
    const names = ['pretrain', 'categorise', 'instruct', 'infer', 'augment', 'augment-1'].map((name) =>
      name.replace(/(?=-\d$)|$/, '-night'),
    );
    assert.deepEqual(night.computed.sort(), [...names, 'item-encoder', 'state'].sort());
  });

  await context.test('categories keep their meaning, and the new item gets one', () => {
    const [then, now] = [first.learnt.categories.categories, learnt.categories.categories];
    assert.deepEqual(now.subarray(0, N), then);
    assert.ok(now[N] >= 0);
    assert.deepEqual(learnt.categories.centroids, first.learnt.categories.centroids);
  });

  await context.test('vectors are near those of the last version, and the manifest says how near', () => {
    const cosines = Array.from({ length: N }, (_, item) =>
      cosine(
        rowOf(first.learnt.augmented.embeddings, item, N),
        rowOf(learnt.augmented.embeddings, item, N + 1),
      ),
    ).sort((a, b) => a - b);
    assert.ok(cosines[0] > 0.9, `${cosines[0]}`);
    const { version, items, median, percentile5 } = how.comparability!;
    assert.deepEqual([version, items], ['run 1', N]);
    assert.ok(Math.abs(median - cosines[Math.floor(0.5 * (N - 1))]) < 1e-6);
    assert.ok(Math.abs(percentile5 - cosines[Math.floor(0.05 * (N - 1))]) < 1e-6);
  });

  await context.test('its encoder gives its vectors less the residuals', async () => {
    const encoder = await loadItemEncoder(night.encoder, { hubFolder: '', progress: silentProgress });
    const { embeddings } = await encoder.encode(after.items);
    await encoder.release();
    const { augmented } = learnt;
    embeddings.forEach((x, i) => {
      assert.ok(Math.abs(x + augmented.residual[i] - augmented.embeddings[i]) < 1e-5);
    });
  });

  await context.test('the same night once more has the same stages', async () => {
    const again = await next(after);
    assert.deepEqual(again.computed, []);
    assert.deepEqual(again.learnt.augmented.embeddings, learnt.augmented.embeddings);
  });

  move(path.join(await temporaryFolder(context), 'moved'));
  await context.test('moved: another title is read again, an item that left is dropped', async () => {
    const items = after.items.map((item, i) => (i === 3 ? { ...item, title: 'boots of red hide' } : item));
    const edited = { ...after, items };
    const reread = await next({ ...edited, hash: hashDataset(edited) });
    assert.equal(reread.how.kind, 'night');
    assert.ok(reread.how.changes!.textsRead >= 1 && reread.how.changes!.textsRead < USERS / 2);
    const left = await next(dataOf(before));
    assert.equal(left.how.kind, 'night');
    assert.equal(left.learnt.categories.categories.length, N);
  });

  await context.test('from scratch, where it is asked for or too much is new', async () => {
    const asked = await next(after, true);
    assert.deepEqual([asked.how.kind, asked.how.reason], ['full', 'it was asked for']);
    assert.ok(asked.how.comparability!.items >= N);
    const matched = asked.how.categoriesBefore!;
    assert.deepEqual([...new Set(matched)].length, matched.length);
    const much = world(2).sequences.map((sequence, user) => [...sequences[user], ...sequence.slice(0, 4)]);
    assert.match(
      (await next(dataOf({ items: N + 1, sequences: much }))).how.reason!,
      /^\d+ % of the interac/,
    );
  });
});

/** Nights in which each of some users does one thing more, in the group that `groupOf` says. */
async function twentyNights(context: TestContext, active: number, groupOf: (user: number) => number) {
  const { next } = await nights(context);
  const random = createRandom('twenty nights');
  const { sequences } = world(3);
  await next(dataOf({ items: N, sequences }));
  const reasons: (string | undefined)[] = [];
  for (let night = 0; night < 20; night++) {
    for (let i = 0; i < active; i++) {
      const user = (night * active + i) % USERS;
      sequences[user] = [...sequences[user], groupOf(user) + GROUPS * random.integer(OF_GROUP)];
    }
    const { how } = await next(dataOf({ items: N, sequences }));
    reasons.push(how.kind === 'full' ? how.reason : undefined);
    if (how.kind === 'full') break;
  }
  return reasons;
}

test('twenty nights in which tastes stay: nothing is learnt from scratch', async (context) => {
  const reasons = await twentyNights(context, 12, (user) => user % GROUPS);
  assert.deepEqual(
    reasons.filter((reason) => reason !== undefined),
    [],
  );
});

test('all go over to one group: before the twentieth night everything is learnt anew', async (context) => {
  const reasons = await twentyNights(context, 12, () => 0);
  const first = reasons.findIndex((reason) => reason !== undefined);
  assert.ok(first > 0, `${first}`);
  assert.match(
    reasons[first]!,
    /^the users' category distributions have moved by 0\.1\d since the last full/,
  );
});
