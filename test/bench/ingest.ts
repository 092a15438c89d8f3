// Reading many interactions: a CSV file of made-up rows in no order, from the disk to sequences of numbered
// items, one a user. DuckDB does the same in SQL: it reads the file, numbers users and items, and gives the
// rows sorted by user and time.
//   --rows N  20 million without it, of a twentieth as many users
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRandom } from '../../src/random.ts';
import { type Comparison, comparisonOf, measured, show } from './comparison.ts';
import { type Options, wholeNumber } from './options.ts';
import { MEASURED_WITH, runOurs } from './processes.ts';
import { hasModules, runTorch } from './torch.ts';

export function benchmarkIngest(options: Options): Comparison {
  const rows = wholeNumber('rows', options.rows ?? '20000000', 1_000);
  const sizes = { rows, users: Math.ceil(rows / 20), items: 100_000 };
  const folder = mkdtempSync(path.join(tmpdir(), 'tslrec-ingest-'));
  try {
    const file = path.join(folder, 'interactions.csv');
    writeRows(file, sizes);
    const work = { work: `reading ${rows.toLocaleString('en')} interactions of CSV`, sizes };
    const ours = runOurs<{ milliseconds: number }>('ingest-ours.ts', [folder]);
    const duckdb = {
      engine: 'DuckDB',
      settings: {},
      measure: () => runTorch<{ milliseconds: number }>('ingest.py', [file, String(MEASURED_WITH.threads)]),
    };
    const variants = hasModules(['duckdb'], 'DuckDB') ? [measured(duckdb)] : [];
    const peer = variants.find((variant) => !('failed' in variant));
    const comparison = comparisonOf(work, ours, variants, peer as Comparison['peer']);
    show(comparison);
    return comparison;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ROWS_AT_ONCE = 50_000;

/** Popular items are popular: half of all interactions are of an eighth of the items. */
function writeRows(
  file: string,
  { rows, users, items }: { rows: number; users: number; items: number },
): void {
  const random = createRandom(1);
  const handle = openSync(file, 'w');
  writeSync(handle, 'user_id,item_id,timestamp\n');
  for (let done = 0; done < rows; done += ROWS_AT_ONCE) {
    const lines = Array.from({ length: Math.min(ROWS_AT_ONCE, rows - done) }, () => {
      const [user, item] = [random.integer(users), Math.floor(items * random.next() ** 3)];
      return `u${user},B${item},${1_400_000_000 + random.integer(2e8)}\n`;
    });
    writeSync(handle, lines.join(''));
  }
  closeSync(handle);
}
