// Rows of a hosted model that are well-formed and of no use: the same for every text, in another order, of
// another text. They are refused, in one sentence, before anybody has kept one.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHostedModel } from '../../src/language-model/hosted/hosted-model.ts';
import type { Batch } from '../../src/language-model/language-model.ts';
import { readByAsking } from '../../src/language-model/reading/read-by-asking.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { refused } from '../support/errors.ts';
import {
  type Fault,
  faults,
  type SeenRequest,
  startLanguageModelServer,
  WIDTH,
} from '../support/language-model-server.ts';

type Vectors = number[][];
type Numbered = { data: { index: number; embedding: number[] }[] };
type Change = (vectors: Vectors, texts: readonly string[], request: number) => Vectors;

/** What a server gives as vectors, numbered or not, becomes something else. */
function vectors(change: Change): Fault {
  let requests = 0;
  return (response, right, request) => {
    const texts = request.body.inputs ?? request.body.input;
    if (!Array.isArray(texts)) return faults.altered((same) => same)(response, right, request);
    const changed = (rows: Vectors) => change(rows, texts, requests++);
    const numbered = ({ data }: Numbered) => ({
      data: changed(data.map(({ embedding }) => embedding)).map((embedding, index) => ({ index, embedding })),
    });
    const alter = request.path === '/' ? faults.altered(changed) : faults.altered(numbered);
    alter(response, right, request);
  };
}

async function setUp(context: TestContext, fault: Fault, path = '') {
  const server = await startLanguageModelServer(context);
  server.failWith(fault);
  const limits = { tries: 1, concurrency: 1, perRequest: { texts: 8, tokens: 10_000 } };
  const random = createRandom('rows');
  const model = createHostedModel({ model: 'tiny', at: { endpointUrl: server.url + path }, limits, random });
  const kept: Batch[] = [];
  return { server, model, kept, onBatch: (batch: Batch) => void kept.push(batch) };
}

const WORDS = ['cat', 'dog', 'mat', 'fish', 'house', 'red hat', 'blue hat', 'green tea', 'x-ray', 'zebra'];
/** Five batches of eight, no two texts alike, of the same beginning. */
const TEXTS = Array.from(
  { length: 40 },
  (_, i) => `An item called ${WORDS[i % 10]} of kind ${'abcd'[i % 4].repeat(1 + i)}`,
);
const random = createRandom('noise');
const VECTOR = Array.from({ length: WIDTH }, (_, j) => Math.sin(j + 1));
const noisy = (noise: number) => VECTOR.map((value) => value * (1 + noise * (2 * random.next() - 1)));
const scaled = (scale: number) => VECTOR.map((value) => value * scale);
const only = (text: string, length: number) => Buffer.from(text).subarray(0, length).toString();
/** As the server would count the bytes of a part of each text. */
const ofPart =
  (part: (text: string) => string): Change =>
  (_, texts) =>
    texts.map((text) => {
      const bins = new Array<number>(WIDTH).fill(0);
      for (const byte of Buffer.from(part(text))) bins[byte % WIDTH]++;
      return bins;
    });

const SAME: Record<string, Change> = {
  'the same for every text': (rows) => rows.map(() => VECTOR),
  'the same but for rounding to 32 bits': (rows) => rows.map(() => noisy(1e-7)),
  'the same but for rounding to 16 bits': (rows) => rows.map(() => noisy(5e-4)),
  'the same at any length': (rows) => rows.map(() => VECTOR.map((value) => value * 1e6)),
  'the same, and small': (rows) => rows.map(() => VECTOR.map((value) => value * 1e-20)),
  'of one direction, longer or shorter': (rows) => rows.map((row) => scaled(row[0] + row[1] + 1)),
  'of one direction, of lengths far apart': (rows) => rows.map((row) => scaled(10 ** (9 * row[2]))),
  'of one direction and its opposite': (rows) => rows.map((row) => scaled(row[0] > row[1] ? 1 + row[0] : -1)),
  'of one direction but for rounding to 16 bits': (rows) =>
    rows.map((row) => noisy(5e-4).map((value) => value * (1 + row[0]))),
  'of the first text for each': (() => {
    let first: number[];
    return (rows) => rows.map((row) => (first ??= row));
  })(),
  'of a beginning that all texts share': ofPart((text) => only(text, 10)),
};
for (const [what, change] of Object.entries(SAME)) {
  for (const path of ['', '/v1']) {
    test(`vectors ${what}: refused, and nothing is kept (${path || 'as it stands'})`, async (context) => {
      const { model, kept, onBatch } = await setUp(context, vectors(change), path);
      const says = refused(
        /^The language model tiny gave the same row .* all of \d+ different texts, so nothing .* see that /,
      );
      await assert.rejects(model.embed(TEXTS, { onBatch }), says);
      await assert.rejects(model.embed(TEXTS.slice(0, 2), { onBatch }), says);
      await assert.rejects(model.embed(['', TEXTS[3], TEXTS[3], TEXTS[4]], { onBatch }), says);
      assert.deepEqual(kept, []);
    });
  }
}

test('of very many texts the first few hundred are enough to tell', async (context) => {
  const { server, model } = await setUp(context, vectors(SAME['the same for every text']));
  await assert.rejects(model.embed(Array.from({ length: 2_000 }, (_, i) => `text ${i}`)), /for all of 256 /);
  assert.ok(server.requests.length <= 2 * 32 + 1, `${server.requests.length}`);
});

test('one text, and equal ones, have one vector, which is handed over', async (context) => {
  const { model, kept, onBatch } = await setUp(
    context,
    vectors((rows) => rows),
  );
  for (const texts of [['cat'], ['cat', 'cat', 'cat'], ['', 'cat'], ['', ''], []]) {
    kept.length = 0;
    const { vectors: rows } = await model.embed(texts, { onBatch });
    assert.equal(
      kept.reduce((sum, { count }) => sum + count, 0),
      texts.length,
    );
    assert.equal(rows.length, texts.length * (texts.length && WIDTH));
  }
});

test('labels that are the same for every text: refused, and nothing is kept', async (context) => {
  type Labels = { label: string; score: number }[];
  for (const noise of [0, 1e-5]) {
    const change = (labels: Labels) =>
      labels
        .toSorted((a, b) => a.label.localeCompare(b.label))
        .map(({ label }, i) => ({ label, score: [0.5, 0.3, 0.2][i] + noise * (i - 1) * random.next() }));
    const { model, kept, onBatch } = await setUp(context, faults.altered(change));
    const says = refused(
      /gave the same row of numbers, or nearly, or multiples of it, for all of \d+ different texts, /,
    );
    await assert.rejects(model.classify(TEXTS, { onBatch }), says);
    assert.deepEqual(kept, []);
    await model.classify([TEXTS[0], TEXTS[0], ''], { onBatch });
    assert.equal(kept.length, 3);
  }
});

test('a single label is the same for every text', async (context) => {
  const { model } = await setUp(
    context,
    faults.altered(() => [{ label: '0', score: 1 }]),
  );
  assert.deepEqual((await model.classify(['a', 'b'])).probabilities, Float32Array.of(1, 1));
});

const turned = (by: number) => (rows: Vectors) => rows.map((_, i) => rows[(i + by) % rows.length]);
/** Two requests are of the first batch's rows alone; another one of each later batch. */
const behindTheFirst: (change: (rows: Vectors) => Vectors) => Change = (change) => (rows, _, request) =>
  request < 3 ? rows : change(rows);
const ORDERS: Record<string, Change> = {
  'turned round': (rows) => rows.toReversed(),
  'moved on by one': turned(1),
  'moved back by one': (rows) => turned(rows.length - 1)(rows),
  'sorted by their numbers': (rows) => rows.toSorted((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]),
  'moved on by one behind the first batch': behindTheFirst(turned(1)),
  'turned round behind the first batch': behindTheFirst((rows) => rows.toReversed()),
  'of the batch before': (() => {
    let before: Vectors | undefined;
    return (rows) => {
      if (rows.length === 1) return rows;
      const given = before ?? rows;
      before = rows;
      return given;
    };
  })(),
};
for (const [how, change] of Object.entries(ORDERS)) {
  for (const path of ['', '/v1']) {
    test(`rows ${how}: no wrong one is kept (${path ? 'numbered' : 'without numbers'})`, async (context) => {
      const { server, model, kept, onBatch } = await setUp(context, vectors(change), path);
      await assert.rejects(model.embed(TEXTS, { onBatch }), {
        reason: 'bad-response',
        message: /gave rows in another order than that of the texts, or other ones than to a text alone, so /,
      });
      server.work();
      for (const { start, count, rows } of kept)
        assert.deepEqual(rows, (await model.embed(TEXTS.slice(start, start + count))).vectors);
    });
  }
}

// A whole read
// -----------------------------------------------------------------------------------------------------------

async function readItems(context: TestContext, texts: readonly string[], fault: Fault, checkpoint?: string) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tslrec-useless-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = checkpoint ?? path.join(folder, 'infer.checkpoint');
  const { server, model } = await setUp(context, (response, right, request: SeenRequest) => {
    const answer = request.body.messages ? faults.saying([{ content: '{"1": 1}' }]) : fault;
    answer(response, right, request);
  });
  const models = { embed: model, infer: { by: 'generate', model } } as const;
  const reader = await readByAsking(models, 2, { journal: file, progress: silentProgress });
  return { file, server, reading: reader.readItems(texts) };
}

test('a model that reads a few words of each text: most share a vector, and are refused', async (context) => {
  const { file, reading } = await readItems(context, TEXTS, vectors(ofPart((text) => only(text, 18))));
  await assert.rejects(
    reading,
    refused(/^tiny: got \d+ different vectors for 40 different texts, .* half as many; .* remove \S+ .*\.$/),
  );
  // What is kept is not taken for right the next time.
  const again = await readItems(
    context,
    TEXTS,
    vectors((rows) => rows),
    file,
  );
  await assert.rejects(again.reading, {
    code: 'bad-data',
    message: /different vectors for 40 different texts/,
  });
});

test('some texts that share a vector are counted', async (context) => {
  const texts = [...TEXTS, 'CAT', 'cat', 'Cat', 'DOG', 'dog', 'dog', ''];
  const lower = vectors(ofPart((text) => text.toLowerCase()));
  const { sharedVectors, hidden } = await (await readItems(context, texts, lower)).reading;
  assert.equal(sharedVectors, 5);
  assert.equal(hidden.length, texts.length * WIDTH);
  const none = await (
    await readItems(
      context,
      TEXTS,
      vectors((rows) => rows),
    )
  ).reading;
  assert.equal(none.sharedVectors, undefined);
});

test('a broken server leaves nothing behind: repaired, it is asked for all of it', async (context) => {
  const broken = await readItems(context, TEXTS, vectors(SAME['the same for every text']));
  await assert.rejects(
    broken.reading,
    /gave the same row of numbers, or nearly, or multiples of it, for all of 40 different texts/,
  );
  assert.throws(() => readFileSync(broken.file), { code: 'ENOENT' });
  const { reading } = await readItems(
    context,
    TEXTS,
    vectors((rows) => rows),
    broken.file,
  );
  assert.equal((await reading).hidden.length, TEXTS.length * WIDTH);
});
