// Frequencies of rotary positions against transformers, in the settings of published models
// (test/fixtures/language-models.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type RopeScaling, ropeFrequencies } from '../../../src/network/transformer/rope.ts';

interface Expected {
  readonly headWidth: number;
  readonly theta: number;
  readonly scaling: RopeScaling | null;
  readonly frequencies: readonly number[];
  readonly scale: number;
}

const cases: readonly Expected[] = JSON.parse(
  readFileSync(new URL('../../fixtures/rope.json', import.meta.url), 'utf8'),
);

for (const { headWidth, theta, scaling, frequencies, scale } of cases) {
  test(`theta ${theta}, width ${headWidth}, ${JSON.stringify(scaling)}`, () => {
    const got = ropeFrequencies(headWidth, theta, scaling ?? undefined);
    assert.equal(got.frequencies.length, frequencies.length);
    assert.ok(frequencies.every((frequency, i) => Math.abs(got.frequencies[i] / frequency - 1) < 1e-6));
    assert.ok(Math.abs(got.scale - scale) < 1e-9, `${got.scale}, expected ${scale}`);
  });
}
