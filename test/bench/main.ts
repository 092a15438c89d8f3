// Benchmarks: npm run bench -- NAME [options]. Each prints a table and, with --json, one JSON object as the last line of
// stdout; what a benchmark leaves out it says on stderr.
import { parseArgs } from 'node:util';
import { benchmarkColdItems } from './cold-items.ts';
import { benchmarkLanguageModels } from './language-models.ts';
import { benchmarkLoraStep } from './lora-step.ts';
import { benchmarkParity } from './parity.ts';
import { benchmarkRanking } from './rank.ts';
import { benchmarkScaling } from './scaling.ts';
import { benchmarkGru4recStep, benchmarkSasrecStep } from './training-step.ts';

const BENCHMARKS: Record<
  string,
  { readonly help: string; readonly run: (options: Options) => object | Promise<object> }
> = {
  'sasrec-step': {
    help: 'a training step of SASRec against PyTorch (PYTHON) and the prototype (PROTOTYPE); --length 200|50',
    run: benchmarkSasrecStep,
  },
  'gru4rec-step': { help: 'a training step of GRU4Rec against PyTorch', run: benchmarkGru4recStep },
  'lora-step': {
    help: 'a step of LoRA fine-tuning on a small Llama against PyTorch with PEFT: tokens a second and memory',
    run: benchmarkLoraStep,
  },
  'language-models': {
    help: 'tokens a second that language models of several sizes read, learn from and answer with here',
    run: benchmarkLanguageModels,
  },
  rank: { help: 'ranking a test set in the whole catalogue against PyTorch; --data DIR', run: benchmarkRanking },
  scaling: { help: 'how the step time of SASRec grows with batch, length and catalogue', run: benchmarkScaling },
  parity: {
    help: 'the same training here and in PyTorch, quality and time; --data DIR --model sasrec|gru4rec --length L --seeds N',
    run: benchmarkParity,
  },
  'cold-items': {
    help: 'neighbours of items held out of all training, TSLRec against text; --data DIR --preset --seed --base --store',
    run: benchmarkColdItems,
  },
};

export interface Options {
  readonly length?: string;
  readonly data?: string;
  readonly model?: string;
  readonly seeds?: string;
  readonly preset?: string;
  readonly seed?: string;
  readonly base?: string;
  readonly store?: string;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    length: { type: 'string' },
    data: { type: 'string' },
    model: { type: 'string' },
    seeds: { type: 'string' },
    preset: { type: 'string' },
    seed: { type: 'string' },
    base: { type: 'string' },
    store: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const [name] = positionals;
const benchmark = Object.hasOwn(BENCHMARKS, name ?? '') ? BENCHMARKS[name] : undefined;
if (benchmark) {
  const result = await benchmark.run(values);
  if (values.json) console.log(JSON.stringify({ name, ...result }));
} else {
  console.error('npm run bench -- NAME [--json], where NAME is one of');
  for (const [known, { help }] of Object.entries(BENCHMARKS)) console.error(`  ${known.padEnd(15)} ${help}`);
  process.exitCode = 1;
}
