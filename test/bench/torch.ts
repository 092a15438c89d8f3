// The PyTorch side of a benchmark: programs of this folder, which PYTHON's interpreter runs (python3 by
// default), and what they can be told to do in several ways, of which the fastest counts.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type Failure, runProgram } from './processes.ts';

/** How a program of PyTorch does its work: see peer_models.py and peer_train.py. */
export type Settings = Readonly<Record<string, string>>;

const MODES = ['eager', 'compiled'];
const ATTENTIONS = ['plain', 'sdpa'];

/** All ways to train. */
export const TRAINING_SETTINGS = {
  sasrec: combinations({ mode: MODES, attention: ATTENTIONS, loss: ['logits', 'chunked'] }),
  gru4rec: combinations({ mode: MODES, loss: ['logits', 'chunked'] }),
};
/** All ways to rank with SASRec. */
export const RANKING_SETTINGS = combinations({
  mode: MODES,
  attention: ATTENTIONS,
  grouping: ['none', 'length'],
});
/** All ways to train what transformers has. */
export const TRANSFORMERS_SETTINGS = combinations({ mode: MODES, attention: ['eager', 'sdpa'] });

function combinations(choices: Readonly<Record<string, readonly string[]>>): Settings[] {
  return Object.entries(choices).reduce<Settings[]>(
    (all, [name, values]) =>
      all.flatMap((settings) => values.map((value) => ({ ...settings, [name]: value }))),
    [{}],
  );
}

const interpreter = (): string => process.env.PYTHON || 'python3';

/** Whether the interpreter has these modules; says what to do where it lacks one. */
export function hasModules(modules: readonly string[], peer = 'PyTorch'): boolean {
  const { status, stderr, error } = spawnSync(interpreter(), ['-c', `import ${modules.join(', ')}`], {
    encoding: 'utf8',
  });
  if (status === 0) return true;
  const reason = error?.message ?? stderr.trimEnd().split('\n').at(-1);
  console.error(
    `NOT MEASURED: ${peer}. ${interpreter()} cannot import ${modules.join(', ')} (${reason}): install them ` +
      'there, or set PYTHON to an interpreter that has them.',
  );
  return false;
}

export function runTorch<Result extends object>(
  file: string,
  parameters: readonly string[],
): Result | Failure {
  return runProgram(interpreter(), [path.join(import.meta.dirname, file), ...parameters]);
}
