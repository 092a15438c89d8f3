// Benchmarks, one a file: npm run bench -- NAME [options]. Each prints a table and, with --json, one JSON object as
// the last line of stdout; what a benchmark leaves out it says on stderr.
import { parseArgs } from 'node:util';
import { benchmarkSasrecStep } from './sasrec-step.ts';

const BENCHMARKS: Record<string, { readonly help: string; readonly run: (options: Options) => Promise<object> }> = {
  'sasrec-step': {
    help: 'one training step of SASRec against PyTorch (PYTHON) and the prototype (PROTOTYPE); --length 200|50',
    run: benchmarkSasrecStep,
  },
};

export interface Options {
  readonly length?: string;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { length: { type: 'string' }, json: { type: 'boolean' } },
});
const [name] = positionals;
const benchmark = Object.hasOwn(BENCHMARKS, name ?? '') ? BENCHMARKS[name] : undefined;
if (benchmark) {
  const result = await benchmark.run(values);
  if (values.json) console.log(JSON.stringify({ name, ...result }));
} else {
  console.error('npm run bench -- NAME [--json], where NAME is one of');
  for (const [known, { help }] of Object.entries(BENCHMARKS)) console.error(`  ${known.padEnd(12)} ${help}`);
  process.exitCode = 1;
}
