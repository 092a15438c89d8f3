// Parquet as pyarrow writes it (test/fixtures/parquet-files.py), value by value, and files that are none.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Instant } from '../../src/tables/instant.ts';
import { openParquetTable } from '../../src/tables/parquet-table.ts';
import { refused } from '../support/errors.ts';
import { folderOf } from '../support/folders.ts';

const { rows, files } = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '..', 'fixtures', 'parquet-files.json'), 'utf8'),
) as { rows: Record<string, unknown>[]; files: Record<string, string> };
const bytesOf = (name: string) => Buffer.from(files[name], 'base64');
const fileOf = (bytes: Buffer) => path.join(folderOf({ 'x.parquet': bytes }), 'x.parquet');

/** As the script writes it. */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Instant) return Math.round(value.seconds * 1e6);
  if (value instanceof Date && value.getTime() % 86_400_000 === 0) return value.toISOString().slice(0, 10);
  if (value instanceof Date) return value.getTime() * 1000;
  if (typeof value === 'bigint') return value > 2n ** 53n ? String(value) : Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
  return Number.isNaN(value) ? 'NaN' : value;
}

for (const name of Object.keys(files)) {
  test(`${name}: every row of every type is what pyarrow wrote`, async () => {
    const table = await openParquetTable(fileOf(bytesOf(name)));
    assert.deepEqual(table.columns, Object.keys(rows[0]));
    const read: Record<string, unknown>[] = [];
    await table.records((record, { line }) => {
      assert.equal(line, read.length + 1);
      read.push(Object.fromEntries(Object.entries(record).map(([key, value]) => [key, plain(value)])));
    });
    assert.deepEqual(read, rows);
  });
}

test('of some columns only those are given, in the order that they are asked for', async () => {
  const table = await openParquetTable(fileOf(bytesOf('snappy')));
  const read: unknown[] = [];
  await table.rows(['int32', 'none', 'text'], (values) => read.push([...values]));
  assert.deepEqual(
    read.map((values) => (values as unknown[]).map(plain)),
    rows.map(({ int32, text }) => [int32, null, text]),
  );
});

test('a file that is cut, flipped, encrypted or empty ends in one sentence', async () => {
  const good = bytesOf('zstd');
  const flipped = Buffer.from(good);
  for (let i = 4; i < 400; i++) flipped[i] ^= 0xff;
  for (const bytes of [good.subarray(0, good.length / 2), flipped, Buffer.from('PAR1PAR1')]) {
    const file = fileOf(bytes);
    const read = openParquetTable(file).then((table) => table.records(() => {}));
    await assert.rejects(
      read,
      refused(/: got a damaged Parquet file, or one of a kind .*; copy it again/, file),
    );
  }
  const encrypted = Buffer.concat([good.subarray(0, -4), Buffer.from('PARE')]);
  await assert.rejects(
    openParquetTable(fileOf(encrypted)),
    refused(/: got an encrypted Parquet file, .*; write it without encryption/),
  );
});

test('text that is no UTF-8 is told of its rows, and U+FFFD that is written so is text', async () => {
  const good = bytesOf('plain values');
  const at = good.indexOf(Buffer.from('größer'));
  const broken = Buffer.from(good);
  broken[at + 2] = 0xff;
  const whole = Buffer.from(good);
  Buffer.from('\uFFFDs').copy(whole, at + 2); // as long as "öß"
  for (const [bytes, expected] of [
    [broken, [true, true, false]],
    [whole, [true, true, true]],
    [good, [true, true, true]],
  ] as const) {
    const table = await openParquetTable(fileOf(bytes));
    const found: boolean[] = [];
    await table.rows(['text'], (_, { isWhole }) => found.push(isWhole));
    assert.deepEqual(found, expected);
  }
});

test('a row is shown as JSON, large numbers and all', async () => {
  const table = await openParquetTable(fileOf(bytesOf('gzip')));
  const raw: string[] = [];
  await table.rows(['text', 'int64', 'us', 'id38'], (_, row) => raw.push(row.raw));
  assert.deepEqual(JSON.parse(raw[0]), {
    text: 'a',
    int64: '9007199254740993',
    us: '2024-05-31T18:00:00.123Z',
    id38: '12345678901234567890123',
  });
});
