import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { TslrecError } from '../../src/errors.ts';
import { multiply } from '../../src/tensor/functions.ts';
import { Graph } from '../../src/tensor/graph.ts';
import { configureExecution, createSession } from '../../src/tensor/session.ts';

async function twice(x: readonly number[]): Promise<number[]> {
  const graph = new Graph();
  const session = await createSession(graph, { doubled: multiply(graph.input('x', [x.length]), 2) });
  const { doubled } = await session.run({ x: Float32Array.from(x) });
  await session.release();
  return [...doubled];
}

// Each of these needs more than npm brings: where it is there it computes, where it is not the caller is told
// what to do.
const bringTheirOwn = ort.listSupportedBackends().filter(({ name, bundled }) => name !== 'cpu' && !bundled);

for (const { name } of bringTheirOwn) {
  test(`the execution provider ${name} computes, or says that it cannot and what to do`, async (context) => {
    configureExecution({ provider: name, threads: 1 });
    context.after(() => configureExecution({ provider: 'cpu', threads: 0 }));
    const result = await twice([1, 2, 3]).catch((error: unknown) => error);
    if (Array.isArray(result)) return assert.deepEqual(result, [2, 4, 6]);
    assert.ok(result instanceof TslrecError, String(result));
    const sentence = new RegExp(
      `^The execution provider ${name} cannot be used here \\(.+\\); install what it needs, or set ` +
        `TSLREC_EXECUTION_PROVIDER=cpu\\.$`,
    );
    assert.match(result.message, sentence);
  });
}
