// Benchmarks: npm run bench -- NAME [options]. Each prints tables and, with --json, one JSON object as the
// last line of stdout; what a benchmark leaves out it says on stderr. Those against PyTorch all give a
// Comparison (comparison.ts), the others some Work and its rows.
import { parseArgs } from 'node:util';
import { printable, TslrecError } from '../../src/errors.ts';
import { stopBars } from '../../src/progress.ts';
import { benchmarkColdItems } from './cold-items.ts';
import type { Comparison, Work } from './comparison.ts';
import { benchmarkIngest } from './ingest.ts';
import { benchmarkLanguageModels } from './language-models.ts';
import { benchmarkLoraStep } from './lora-step.ts';
import { benchmarkNights } from './nights.ts';
import type { Options } from './options.ts';
import { benchmarkParity } from './parity.ts';
import { benchmarkRanking } from './rank.ts';
import { benchmarkScaling } from './scaling.ts';
import { benchmarkServing } from './serving.ts';
import { benchmarkThreads } from './threads.ts';
import { benchmarkGru4recStep, benchmarkSasrecStep } from './training-step.ts';

type Outcome = Comparison | (Work & { readonly rows: readonly object[] });

interface Benchmark {
  readonly help: string;
  /** What it takes, and what is told of it. */
  readonly options?: Options;
  readonly run: (options: Options) => Outcome | Promise<Outcome>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  'sasrec-step': {
    help:
      'a training step of SASRec against PyTorch, and against the prototype where PROTOTYPE names its ' +
      'folder',
    options: { length: 'L, 200 and 50 without it' },
    run: benchmarkSasrecStep,
  },
  'gru4rec-step': { help: 'a training step of GRU4Rec against PyTorch', run: benchmarkGru4recStep },
  'lora-step': {
    help: 'a step of LoRA fine-tuning on a small Llama against PyTorch with transformers and PEFT',
    run: benchmarkLoraStep,
  },
  rank: {
    help: 'ranking a test set in the whole catalogue against PyTorch',
    options: { data: 'DIR' },
    run: benchmarkRanking,
  },
  parity: {
    help: 'the same training here and in PyTorch, quality and time',
    options: { data: 'DIR', model: 'sasrec|gru4rec', length: 'L', seeds: 'N' },
    run: benchmarkParity,
  },
  ingest: {
    help: 'reading many interactions against DuckDB',
    options: { rows: 'N, 20 million without it' },
    run: benchmarkIngest,
  },
  scaling: {
    help: 'how the step time of SASRec grows with batch, length and catalogue',
    run: benchmarkScaling,
  },
  serving: {
    help: 'how long a server takes to answer while something is learnt beside it',
    run: benchmarkServing,
  },
  threads: {
    help: 'a training step on one thread and on two, alone and two trainings at once',
    run: benchmarkThreads,
  },
  'language-models': {
    help: 'tokens a second that language models of several sizes read, learn from and answer with here',
    run: benchmarkLanguageModels,
  },
  nights: {
    help: 'ten nights that go on from the last version, beside learning from scratch each time',
    options: { data: 'DIR', by: 'time|position', preset: 'quick|standard', seeds: 'N' },
    run: benchmarkNights,
  },
  'cold-items': {
    help: 'neighbours of items held out of all training, TSLRec against text',
    options: {
      ...{ data: 'DIR', preset: 'quick|standard', seeds: 'N' },
      ...{ base: 'FOLDER|hub:NAME', store: 'DIR, which keeps the stages' },
    },
    run: benchmarkColdItems,
  },
};

const HELP = [
  'npm run bench -- NAME [--json] [options]; PYTHON names the interpreter that has the peer, python3 by ' +
    'default. NAME is one of',
  ...Object.entries(BENCHMARKS).flatMap(([name, { help, options = {} }]) => [
    `  ${name.padEnd(15)} ${help}`,
    ...Object.entries(options).map(([option, value]) => `${' '.repeat(20)}--${option} ${value}`),
  ]),
].join('\n');

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...{ length: text, data: text, model: text, seeds: text, preset: text, base: text, store: text },
        ...{ rows: text, by: text },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    const [problem] = (error as Error).message.split('. '); // Node adds how to write a positional argument
    throw new TslrecError('bad-request', `${problem}; --help tells more.`);
  }
}

try {
  const {
    positionals: [name, ...more],
    values: { json, help, ...options },
  } = readArguments();
  if (help || name === undefined) {
    console.log(HELP);
    process.exitCode = help ? 0 : 1;
  } else {
    const known = Object.keys(BENCHMARKS).join(', ');
    const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
    if (!benchmark || more.length > 0) {
      throw new TslrecError(
        'bad-request',
        `Name one benchmark, of ${known}; got ${[name, ...more].join(' ')}.`,
      );
    }
    const surplus = Object.keys(options).find((option) => !Object.hasOwn(benchmark.options ?? {}, option));
    if (surplus !== undefined)
      throw new TslrecError('bad-request', `${name} has no --${surplus}; --help tells more.`);
    const result = await benchmark.run(options);
    if (json) console.log(JSON.stringify({ name, ...result }));
  }
} catch (error) {
  stopBars();
  console.error(printable(error));
  process.exitCode = 1;
}
