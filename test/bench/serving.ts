// How long a server takes to answer `GET /embeddings/:itemId` of a folder store: alone, and while something
// is learnt. A process beside it refreshes the same folder, on one thread or on as many as it takes by
// itself; and a recommender is trained in the server's own process. Told are the times that half of the
// answers and 99 in a hundred keep, and how the latter compare with the server alone, just before.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as after } from 'node:timers/promises';
import { train } from '../../jobs/train.ts';
import { DEFAULT_SAMPLE, generateSample, type Sample, writeSample } from '../../src/interactions/sample.ts';
import { createLog } from '../../src/log.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { type Service, startService } from '../../src/service.ts';
import { openStore } from '../../src/storage/store.ts';
import { startTslrec } from '../support/command-line.ts';
import { smallDraft } from '../support/drafts.ts';
import { median, round } from './processes.ts';

const SIZES = { ...DEFAULT_SAMPLE, users: 200 };
const WIDTH = 64;
const PAUSE_MS = 5;
const ALONE_MS = 10_000;
/** Of a refresh: SASRec, the language model and the first adapters are learnt in it. */
const LEARNING_MS = 30_000;
const ROUNDS = 3;

export async function benchmarkServing() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tslrec-serving-'));
  const log = createLog('silent');
  const data = path.join(folder, 'sample');
  const served = path.join(folder, 'served');
  const sample = generateSample(SIZES);
  writeSample(data, sample);
  mkdirSync(served);
  await publishVectors(served, sample);
  const service = await startService({ storeLocation: served, port: 0, log });
  const itemIds = sample.dataset.items.map(({ itemId }) => itemId);
  const parameters = ['--data', data, '--preset', 'quick'];
  let seed = 0;
  const refreshBeside = (threads: number) => async () => {
    // Of another seed nothing has been learnt yet.
    const learnt = ['--store', served, '--seed', String(++seed)];
    const environment = { TSLREC_THREADS: String(threads) };
    const refresh = startTslrec(folder, ['refresh', ...parameters, ...learnt], environment);
    const [ended, told] = [once(refresh, 'exit'), text(refresh.stderr)];
    await Promise.race([ended, after(LEARNING_MS)]);
    refresh.kill();
    const [code] = await ended;
    if (code) throw new Error(await told);
  };
  const works: Record<string, () => Promise<unknown>> = {
    'a refresh beside it, one thread': refreshBeside(1),
    'a refresh beside it, threads by default': refreshBeside(0),
    'a training in its own process': () =>
      train({
        ...{ data, model: 'sasrec', preset: 'quick', seed: 1, onBadRow: 'stop' },
        output: path.join(folder, 'model.onnx'),
        progress: silentProgress,
        force: true,
      }),
  };
  try {
    const rows = [];
    for (const [learning, work] of Object.entries(works)) {
      const pairs: { readonly alone: AnswerTimes; readonly learning: AnswerTimes }[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const alone = await answerTimes(service, itemIds, () => after(ALONE_MS));
        pairs.push({ alone, learning: await answerTimes(service, itemIds, work) });
      }
      const medianOf = (of: (pair: (typeof pairs)[number]) => number) => round(median(pairs.map(of)));
      rows.push({
        learning,
        answers: pairs.reduce((sum, pair) => sum + pair.learning.answers, 0),
        half: medianOf((pair) => pair.learning.half),
        p99: medianOf((pair) => pair.learning.p99),
        p99Alone: medianOf((pair) => pair.alone.p99),
        ratio: medianOf((pair) => pair.learning.p99 / pair.alone.p99),
      });
    }
    console.table(rows);
    return { work: 'milliseconds of GET /embeddings/:itemId while something is learnt', sizes: SIZES, rows };
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
}

/** In milliseconds. */
interface AnswerTimes {
  readonly answers: number;
  readonly half: number;
  readonly p99: number;
}

/** Asks for one item after another until the work is done. */
async function answerTimes(
  { url }: Service,
  itemIds: readonly string[],
  work: () => Promise<unknown>,
): Promise<AnswerTimes> {
  let done = false;
  const ended = work().finally(() => {
    done = true;
  });
  const times: number[] = [];
  while (!done) {
    const asked = performance.now();
    const answer = await fetch(`${url}/embeddings/${itemIds[times.length % itemIds.length]}`);
    await answer.arrayBuffer();
    times.push(performance.now() - asked);
    if (answer.status !== 200) throw new Error(`internal: the server answered with ${answer.status}`);
    await after(PAUSE_MS);
  }
  await ended;
  const sorted = times.sort((a, b) => a - b);
  const within = (share: number) => sorted[Math.floor(share * sorted.length)];
  return { answers: times.length, half: within(0.5), p99: within(0.99) };
}

/** A version of the sample's items with made-up vectors. */
async function publishVectors(folder: string, { dataset: { items } }: Sample): Promise<void> {
  const store = await openStore(folder, { migrate: true, log: createLog('silent') });
  const { runId } = await store.beginRun({ key: 'serving', command: 'refresh', options: {} });
  const random = createRandom('serving');
  const draft = smallDraft(runId, {
    items,
    embeddings: Float32Array.from({ length: items.length * WIDTH }, () => random.normal()),
    dimension: WIDTH,
    itemCategories: new Int32Array(items.length),
    inferredItemCategories: new Float32Array(2 * items.length).fill(0.5),
  });
  await store.publish(draft);
  await store.close();
}
