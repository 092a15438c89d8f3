// The bar of a reading: of large files alone, and never beyond its end.
import assert from 'node:assert/strict';
import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import type { Progress } from '../../src/progress.ts';
import { folderOf, lines } from '../support/folders.ts';

async function barOf(folder: string): Promise<string[]> {
  const said: string[] = [];
  let [advanced, most] = [0, 0];
  const progress: Progress = {
    start: (task, total) => {
      said.push(task, String(total));
      most = total;
      return {
        advance: (steps) => {
          advanced += steps;
          assert.ok(advanced <= most);
        },
        done: () => said.push(`done after ${advanced}`),
      };
    },
  };
  await readDataset(folder, { onBadRow: 'stop', progress });
  return said;
}

test('a reading of 100 MB has a bar, a shorter one has none', async () => {
  const folder = folderOf({
    'u.data': lines('1\t1\t5\t10', '1\t2\t5\t20'),
    'u.item': lines(...[1, 2].map((id) => `${id}|Heat|||x|${'0|'.repeat(18)}0`)),
  });
  assert.deepEqual(await barOf(folder), []);
  // Blank lines, which are no rows. What is written in which encoding is looked up first: all is read twice.
  const [data, items] = ['u.data', 'u.item'].map((name) => join(folder, name));
  for (let megabytes = 0; megabytes < 100; megabytes++) appendFileSync(data, `${' '.repeat(2 ** 20)}\n`);
  const total = statSync(data).size + statSync(items).size;
  assert.deepEqual(await barOf(folder), ['read data, bytes', String(total), `done after ${total}`]);
  truncateSync(data);
});
