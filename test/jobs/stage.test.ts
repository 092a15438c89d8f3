import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { defineStage, runStage, type Work } from '../../jobs/stage.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { refused } from '../support/errors.ts';
import { temporaryFolder } from '../support/stores.ts';

const RANK = defineStage('rank', 1, {});

test("a stage's checkpoint stays until its file is there: what comes after may fail", async (context) => {
  const folder = await temporaryFolder(context);
  const work: Work = { folder, onStage: async () => {} };
  const rank = (found: boolean[], rankingFails: boolean) =>
    runStage(work, RANK, async ({ checkpoint }) => {
      found.push(existsSync(checkpoint));
      writeFileSync(checkpoint, 'a finished training');
      if (rankingFails) throw new Error('killed while ranking');
      return { tensors: new Map(), facts: { ndcg: 0.5 } };
    });
  const found: boolean[] = [];
  await assert.rejects(rank(found, true), /killed while ranking/);
  assert.deepEqual((await rank(found, false)).facts, { ndcg: 0.5 });
  assert.deepEqual(found, [false, true]);
  assert.deepEqual(readdirSync(path.join(folder, `rank-${RANK.key}`)), ['output.safetensors']);
  assert.deepEqual((await rank(found, true)).facts, { ndcg: 0.5 }); // read, not computed
});

interface Contents {
  readonly tensors: Map<string, NamedTensor>;
  readonly metadata: Record<string, string>;
}

/** What somebody else has made of a stage's file, which is whole by the rules of its format. */
const CHANGED: Readonly<Record<string, (contents: Contents) => void>> = {
  'another bit in a number': ({ tensors }) => {
    tensors.get('ranks')!.values[1] = 2.0000002;
  },
  'another fact': ({ metadata }) => {
    metadata.facts = '{"ndcg":0.6}';
  },
  'another name of a tensor': ({ tensors }) => {
    tensors.set('rank', tensors.get('ranks')!);
    tensors.delete('ranks');
  },
  'another shape': ({ tensors }) => {
    tensors.set('ranks', { ...tensors.get('ranks')!, shape: [3, 1] });
  },
  'no tensor any more': ({ tensors }) => {
    tensors.clear();
  },
};

/** Computes a stage, changes its file, and gives what computes it again and says where its result is from. */
async function keptRanks(
  folder: string,
  change: (contents: Contents) => void,
): Promise<() => Promise<string>> {
  const work: Work = { folder, onStage: async () => {} };
  const ranks = { shape: [3], values: Float32Array.of(1, 2, 3) };
  const rank = async () => {
    let from = 'its file';
    await runStage(work, RANK, async () => {
      from = 'a computation';
      return { tensors: new Map([['ranks', ranks]]), facts: { ndcg: 0.5 } };
    });
    return from;
  };
  await rank();
  const file = path.join(folder, `rank-${RANK.key}`, 'output.safetensors');
  const { tensors, metadata } = await readSafetensors(file);
  const contents = { tensors, metadata: { ...metadata } };
  change(contents);
  writeSafetensors(file, contents.tensors, contents.metadata);
  return rank;
}

for (const [what, change] of Object.entries(CHANGED)) {
  test(`a stage's file with ${what} is refused`, async (context) => {
    const rank = await keptRanks(await temporaryFolder(context), change);
    await assert.rejects(
      rank(),
      refused(/output\.safetensors: got another content than .*; remove it, and /),
    );
  });
}

test("a stage's file is read again; one without a hash, of before, is made anew", async (context) => {
  const whole = await keptRanks(await temporaryFolder(context), () => {});
  assert.equal(await whole(), 'its file');
  const without = await keptRanks(await temporaryFolder(context), ({ metadata }) => {
    delete metadata.sha256;
  });
  assert.equal(await without(), 'a computation');
  assert.equal(await without(), 'its file');
});
