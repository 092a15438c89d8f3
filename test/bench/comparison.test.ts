import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareWithOurs, type Side } from './comparison.ts';
import type { Failure, Measurement } from './processes.ts';

/** Measures these in turn. */
const side = (engine: string, mode: string, outcomes: readonly (Measurement | Failure)[]): Side => {
  const left = [...outcomes];
  return { engine, settings: { mode }, measure: () => left.shift()! };
};
const times = (...milliseconds: number[]) =>
  milliseconds.map((each) => ({ milliseconds: each, peakMegabytes: 3 * each }));

test('the fastest round of the fastest PyTorch over our fastest; what is out is asked once', () => {
  const ours = times(10, 9, 12);
  const comparison = compareWithOurs({ work: 'a step', sizes: { length: 5 } }, () => ours.shift()!, [
    side('torch', 'eager', times(20, 30, 18)),
    side('torch', 'compiled', [{ failed: 'no compiler' }]),
    side('torch', 'slow', times(31)),
    side('torch', 'close', times(29, 26, 27)),
    side('prototype', 'fast', times(11, 10, 12)),
  ]);
  const { variants, ...rest } = comparison;
  const peer = { engine: 'torch', settings: { mode: 'eager' }, milliseconds: 18, peakMegabytes: 54 };
  assert.deepEqual(rest, {
    work: 'a step',
    sizes: { length: 5 },
    threads: 2,
    ours: { milliseconds: 9, peakMegabytes: 27 },
    peer,
    ratio: 2,
    memoryRatio: 2,
  });
  assert.deepEqual(
    variants.map((variant) => ('failed' in variant ? variant.failed : variant.milliseconds)),
    [18, 'no compiler', 31, 26, 10],
  );
});

test('without PyTorch there is neither a peer nor a ratio', () => {
  const comparison = compareWithOurs({ work: 'a step', sizes: {} }, () => ({ milliseconds: 7 }), []);
  assert.deepEqual(comparison, {
    work: 'a step',
    sizes: {},
    threads: 2,
    ours: { milliseconds: 7 },
    variants: [],
  });
});
