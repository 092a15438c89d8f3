import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawCandidates, NOT_RANKED, rankAmong, rankInCatalogue } from '../../src/recommenders/ranking.ts';
import { pickCandidates, type Recommender } from '../../src/recommenders/recommender.ts';

const N = 40;

/** Scores item i of every query as given. */
const fixed = (scores: readonly number[]): Recommender => ({
  async score({ histories }, candidates) {
    const all = Float32Array.from({ length: histories.length * N }, (_, i) => scores[i % N]);
    return candidates ? pickCandidates(all, candidates, N) : all;
  },
  release: async () => {},
});
const equal = fixed(new Array(N).fill(0.1));
const everything = { itemCount: N, repeatable: new Uint8Array(N).fill(1) };

test('ranks count the items that score higher; a tie goes to the lower index', async () => {
  const next = {
    users: Int32Array.of(0, 1, 2),
    histories: [Int32Array.of(1, 5, 6), Int32Array.of(2), new Int32Array()],
    targets: Int32Array.of(0, 7, 39),
  };
  assert.deepEqual([...(await rankInCatalogue(equal, everything, next))], [0, 7, 39]);
  const rising = fixed(Array.from({ length: N }, (_, i) => i));
  assert.deepEqual([...(await rankInCatalogue(rising, everything, next))], [39, 32, 0]);
});

test('an item that nobody meets twice has no rank for who has it', async () => {
  const own = Int32Array.of(0, 1, 2, 3, 4, 5, 30, 31, 32, 33, 33);
  const next = { users: Int32Array.of(0, 1), histories: [own, own], targets: Int32Array.of(7, 33) };
  const ranksWith = async (repeatable: Uint8Array) => [
    ...(await rankInCatalogue(equal, { itemCount: N, repeatable }, next)),
  ];
  assert.deepEqual(await ranksWith(everything.repeatable), [7, 33]);
  // Before item 7 is only item 6 that the user does not have; item 33 is the user's own: a sure miss.
  assert.deepEqual(await ranksWith(new Uint8Array(N)), [1, NOT_RANKED]);
  // Items 0 and 33 may be met again: 0 and 6 come before 7; before 33 come 0 and what the user does not have.
  const two = new Uint8Array(N);
  two[0] = 1;
  two[33] = 1;
  assert.deepEqual(await ranksWith(two), [2, 25]);
});

test('an item that the user has twice is left out once', async () => {
  const next = { users: Int32Array.of(0), histories: [Int32Array.of(2, 2, 3)], targets: Int32Array.of(7) };
  const offer = { itemCount: N, repeatable: new Uint8Array(N) };
  assert.deepEqual([...(await rankInCatalogue(equal, offer, next))], [5]);
});

test('among candidates a tie goes to the lower index too, wherever the candidate stands', async () => {
  const next = {
    users: Int32Array.of(0, 1),
    histories: [Int32Array.of(1), Int32Array.of(1)],
    targets: Int32Array.of(7, 0),
  };
  const candidates = Int32Array.of(7, 20, 3, 5, 0, 20, 3, 5);
  assert.deepEqual([...(await rankAmong(equal, { itemCount: N }, next, candidates))], [2, 0]);
});

test("each user's target ranks by that user's scores, in whatever order they are computed", async () => {
  // A user's best item is the one of the user's own number, the next the last of the history.
  const own: Recommender = {
    async score({ users, histories }, candidates) {
      const score = (b: number, item: number) =>
        item === users[b] ? 2 : item === histories[b].at(-1) ? 1 : 0;
      const all = Float32Array.from({ length: users.length * N }, (_, i) => score(Math.floor(i / N), i % N));
      return candidates ? pickCandidates(all, candidates, N) : all;
    },
    release: async () => {},
  };
  const users = Int32Array.from({ length: 100 }, (_, row) => 10 + (row % 7));
  const histories = Array.from(users, (_, row) => new Int32Array(1 + ((row * 7) % 5)).fill(20 + (row % 3)));
  const targets = Int32Array.from(users, (user, row) => (row % 2 === 0 ? user : 20 + (row % 3)));
  const wanted = Array.from(users, (_, row) => row % 2);
  const next = { users, histories, targets };
  assert.deepEqual([...(await rankInCatalogue(own, everything, next))], wanted);
  const candidates = Int32Array.from(
    [...targets].flatMap((target, row) => [target, row % 2 === 0 ? 20 + (row % 3) : users[row], 39]),
  );
  assert.deepEqual([...(await rankAmong(own, { itemCount: N }, next, candidates))], wanted);
});

test('sampled candidates: the target first, others that the user lacks, the same for a seed', async () => {
  const histories = [Int32Array.of(1, 2, 3), Int32Array.of(4)];
  const next = { users: Int32Array.of(0, 1), histories, targets: Int32Array.of(9, 8) };
  const candidates = drawCandidates(next, N, 20, 'seed');
  assert.deepEqual(drawCandidates(next, N, 20, 'seed'), candidates);
  assert.notDeepEqual(drawCandidates(next, N, 20, 'another'), candidates);
  histories.forEach((history, row) => {
    const asked = candidates.subarray(row * 21, (row + 1) * 21);
    assert.equal(asked[0], next.targets[row]);
    assert.equal(new Set(asked).size, 21);
    assert.ok(history.every((item) => !asked.includes(item)));
  });
  const higher = [0, 1].map(
    (row) => candidates.subarray(row * 21 + 1, (row + 1) * 21).filter((i) => i > 9 - row).length,
  );
  const rising = fixed(Array.from({ length: N }, (_, i) => i));
  assert.deepEqual([...(await rankAmong(rising, { itemCount: N }, next, candidates))], higher);
});

test('a diverged model is an error and not a rank', async () => {
  const next = { users: Int32Array.of(0), histories: [Int32Array.of(1)], targets: Int32Array.of(0) };
  await assert.rejects(
    rankInCatalogue(fixed(new Array(N).fill(Number.NaN)), everything, next),
    /the training diverged/,
  );
});
