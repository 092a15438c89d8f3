// Ten nights in a row, each as it comes, and beside each the same data learnt from scratch: what both cost,
// in seconds of the command and of the processor, and what both are worth: the NDCG@10 of a SASRec that
// starts from the vectors of that night and keeps them, on what came later.
//
//   time       the last 2.5 % of the interactions by their times, in ten parts (ml-100k: its last weeks)
//   position   of 1 % of the users a night their last interaction comes, and .5 % of the items are new that
//              night, with all that was ever done with them
//
// Each side has a store of its own, so that nothing of one is used by the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findLastVersion, tensorsOf } from '../../jobs/last-version.ts';
import { PRESETS } from '../../jobs/presets.ts';
import type { RefreshResult } from '../../jobs/refresh.ts';
import { trainAndRank } from '../../jobs/train-and-rank.ts';
import { TslrecError } from '../../src/errors.ts';
import type { Dataset, NextItems, Split } from '../../src/interactions/dataset.ts';
import { hashDataset } from '../../src/interactions/hash-dataset.ts';
import { writeDataset } from '../../src/interactions/write-dataset.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { silentProgress } from '../../src/progress.ts';
import { createRandom } from '../../src/random.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { sasrecModel } from '../../src/recommenders/models.ts';
import type { Work } from './comparison.ts';
import { dataFolder, type Options, oneOf, wholeNumber } from './options.ts';
import { round, runNode } from './processes.ts';

const NIGHTS = 10;
const LATE_SHARE = 0.025;
const ACTIVE_SHARE = 0.01;
const NEW_ITEM_SHARE = 0.005;

/** When each interaction becomes known [U][i], and each item [N]: 0 before the first night, then 1, 2, ... */
interface Arrivals {
  readonly interactions: readonly Int32Array[];
  readonly items: Int32Array;
}

const ARRIVALS: Readonly<Record<string, (dataset: Dataset) => Arrivals>> = {
  time({ items, times }) {
    const all = times.flatMap((ofUser) => [...ofUser]).sort((a, b) => a - b);
    const from = Math.floor((1 - LATE_SHARE) * all.length);
    const ends = Array.from(
      { length: NIGHTS },
      (_, night) =>
        all[Math.min(all.length - 1, from + Math.floor((night * (all.length - from)) / (NIGHTS + 1)))],
    );
    const nightOf = (time: number) => {
      const night = ends.findIndex((end) => time <= end);
      return night < 0 ? NIGHTS + 1 : night;
    };
    return {
      interactions: times.map((ofUser) => Int32Array.from(ofUser, nightOf)),
      items: new Int32Array(items.length),
    };
  },
  position({ items, sequences }) {
    const random = createRandom('nights');
    const newItems = random.shuffle([...items.keys()]);
    const perNight = Math.max(1, Math.round(NEW_ITEM_SHARE * items.length));
    const ofItems = new Int32Array(items.length);
    for (let i = 0; i < NIGHTS * perNight; i++) ofItems[newItems[i]] = 1 + Math.floor(i / perNight);
    const users = random.shuffle([...sequences.keys()]);
    const active = Math.max(1, Math.round(ACTIVE_SHARE * users.length));
    const nightOfUser = new Int32Array(users.length).fill(NIGHTS + 1);
    for (let i = 0; i < NIGHTS * active; i++) nightOfUser[users[i]] = 1 + Math.floor(i / active);
    return {
      // Of who comes in no night the last interaction comes later.
      interactions: sequences.map((sequence, user) =>
        sequence.map((item, i) => Math.max(ofItems[item], i === sequence.length - 1 ? nightOfUser[user] : 0)),
      ),
      items: ofItems,
    };
  },
};

/** The data as they are known after a night, and what each user does next. */
function knownAfter(dataset: Dataset, { interactions, items }: Arrivals, night: number) {
  const isKnown = Array.from(items, (of) => of <= night);
  const rowOf = new Int32Array(items.length);
  let rows = 0;
  isKnown.forEach((known, item) => {
    rowOf[item] = known ? rows++ : -1;
  });
  const kept = dataset.sequences.map((sequence, user) =>
    [...sequence.keys()].filter((i) => interactions[user][i] <= night && isKnown[sequence[i]]),
  );
  const users = [...kept.keys()].filter((user) => kept[user].length > 0);
  const rowsOf = (user: number) => Int32Array.from(kept[user], (i) => rowOf[dataset.sequences[user][i]]);
  const contents = {
    items: dataset.items.filter((_, item) => isKnown[item]),
    userIds: users.map((user) => dataset.userIds[user]),
    sequences: users.map(rowsOf),
    times: users.map((user) => Float64Array.from(kept[user], (i) => dataset.times[user][i])),
  };
  const known: Dataset = { name: dataset.name, ...contents, hash: hashDataset(contents) };
  const next = users.flatMap((user, row) => {
    const later = [...dataset.sequences[user].keys()].find(
      (i) => interactions[user][i] > night && isKnown[dataset.sequences[user][i]],
    );
    return later === undefined ? [] : [{ row, target: rowOf[dataset.sequences[user][later]] }];
  });
  const test: NextItems = {
    users: Int32Array.from(next, ({ row }) => row),
    histories: next.map(({ row }) => contents.sequences[row]),
    targets: Int32Array.from(next, ({ target }) => target),
  };
  return { known, test };
}

/** The last known item of each user is validation, what came later is the test. */
function splitOf({ sequences }: Dataset, test: NextItems): Split {
  const users = [...sequences.keys()].filter((user) => sequences[user].length > 1);
  return {
    name: 'leave-one-out',
    train: sequences.map((sequence) => (sequence.length > 1 ? sequence.subarray(0, -1) : sequence)),
    validation: {
      users: Int32Array.from(users),
      histories: users.map((user) => sequences[user].subarray(0, -1)),
      targets: Int32Array.from(users, (user) => sequences[user].at(-1)!),
    },
    test,
  };
}

interface Refreshed {
  readonly seconds: number;
  readonly kind: string;
  readonly reason?: string;
  readonly cosine?: number;
  readonly taste?: number;
  readonly embeddings: Float32Array;
}

async function refreshed(data: string, store: string, preset: string, full: boolean): Promise<Refreshed> {
  const began = performance.now();
  const { how } = runNode<RefreshResult>(path.resolve(import.meta.dirname, '../../src/main.ts'), [
    ...['refresh', '--data', data, '--store', store, '--preset', preset, '--json'],
    ...(full ? ['--full'] : []),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const work = { folder: path.join(store, 'work'), onStage: async () => {} };
  const { state } = (await findLastVersion(work))!;
  const { values } = (await tensorsOf(work, state.stages.augment)).get('embeddings')!;
  return {
    seconds,
    kind: how.kind,
    reason: how.reason,
    cosine: how.comparability?.median,
    taste: how.drift?.taste,
    embeddings: values,
  };
}

export interface NightRow {
  readonly night: number;
  readonly kind: string;
  readonly seconds: number;
  readonly fullSeconds: number;
  readonly share: number;
  readonly ndcg: readonly number[];
  readonly fullNdcg: readonly number[];
  readonly asked: number;
  readonly cosine?: number;
  readonly taste?: number;
  readonly reason?: string;
}

export async function benchmarkNights(options: Options): Promise<Work & { readonly rows: NightRow[] }> {
  const by = oneOf('by', options.by ?? 'time', ARRIVALS);
  const presetName = oneOf('preset', options.preset ?? 'quick', PRESETS);
  const seeds = wholeNumber('seeds', options.seeds ?? '3', 1);
  const { dataset } = await readDataset(dataFolder(options), { onBadRow: 'stop' });
  if (dataset.items.length < NIGHTS)
    throw new TslrecError('bad-data', `${dataset.name} has too few items for ${NIGHTS} nights.`);
  const arrivals = ARRIVALS[by](dataset);
  const folder = mkdtempSync(path.join(tmpdir(), 'tslrec-nights-'));
  const preset = PRESETS[presetName];
  const rows: NightRow[] = [];
  try {
    for (let night = 0; night <= NIGHTS; night++) {
      const { known, test } = knownAfter(dataset, arrivals, night);
      const data = path.join(folder, `data-${night}`, dataset.name);
      writeDataset(data, known, 'For a benchmark.');
      const split = splitOf(known, test);
      const model = sasrecModel(profileOf(known, split), preset.width);
      const ndcg = async ({ embeddings }: Refreshed) => {
        const figures: number[] = [];
        for (let seed = 1; seed <= seeds; seed++) {
          const { reached } = await trainAndRank(model, split, {
            ...preset.recommender,
            table: { kind: 'frozen', vectors: embeddings },
            seed: `nights/${seed}`,
            progress: silentProgress,
            name: 'nights',
          });
          figures.push(reached.test['ndcg@10']);
        }
        return figures;
      };
      const incremental = await refreshed(data, path.join(folder, 'nights'), presetName, false);
      const full =
        night === 0
          ? incremental
          : await refreshed(data, path.join(folder, `full-${night}`), presetName, true);
      const worth = await ndcg(incremental);
      const row: NightRow = {
        night,
        kind: incremental.kind,
        seconds: round(incremental.seconds),
        fullSeconds: round(full.seconds),
        share: round((100 * incremental.seconds) / full.seconds) / 100,
        ndcg: worth,
        fullNdcg: night === 0 ? worth : await ndcg(full),
        asked: test.targets.length,
        cosine: incremental.cosine,
        taste: incremental.taste,
        reason: night === 0 ? undefined : incremental.reason,
      };
      rows.push(row);
      rmSync(path.join(folder, `full-${night}`), { recursive: true, force: true });
      console.log(rowText(row));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    work: `ten nights of ${dataset.name} by ${by}, ${presetName}`,
    sizes: { items: dataset.items.length, users: dataset.userIds.length },
    rows,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((x) => (x - mean(values)) ** 2)));
const shown = (values: readonly number[]) => `${mean(values).toFixed(4)} +- ${deviation(values).toFixed(4)}`;

function rowText({ night, kind, seconds, fullSeconds, ndcg, fullNdcg, cosine, reason }: NightRow): string {
  const costs = `${seconds.toFixed(1)} s of ${fullSeconds.toFixed(0)} s`;
  const worth = `NDCG@10 ${shown(ndcg)}, from scratch ${shown(fullNdcg)}`;
  const near = cosine === undefined ? '' : `, median cosine ${cosine.toFixed(3)}`;
  return `night ${night} (${kind}): ${costs}, ${worth}${near}${reason ? `: ${reason}` : ''}`;
}
