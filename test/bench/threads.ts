// What a second thread gives a training step, alone and with a second training beside it on the same cores:
// SASRec on the sample of `npm start` and on a catalogue like ml-1m, and user-level SFT of the language model
// that the preset quick trains. All in turn, several times; the medians are told.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { PRESETS } from '../../jobs/presets.ts';
import type { LoraStepSizes } from './lora-step.ts';
import { type Measurement, median, round } from './processes.ts';
import { SASREC, type StepSizes } from './training-step.ts';

interface Graph {
  readonly program: string;
  readonly sizes: StepSizes | LoraStepSizes;
  readonly measuredSteps: number;
}

const { own, lora } = PRESETS.quick.languageModel;
const QUICK: LoraStepSizes = {
  architecture: {
    kind: 'decoder',
    config: {
      vocab_size: own.vocabularySize,
      hidden_size: own.hiddenSize,
      intermediate_size: 176,
      num_hidden_layers: own.layers,
      num_attention_heads: own.heads,
      max_position_embeddings: own.positions,
      rms_norm_eps: 1e-6,
      rope_theta: 10_000,
    },
  },
  ...{ lora, pooling: 'mean', categoryCount: 12, batchSize: 32, length: 128 },
};
const GRAPHS: Readonly<Record<string, Graph>> = {
  'SASRec, 600 items': {
    program: 'training-step-ours.ts',
    sizes: { ...SASREC, length: 20, items: 600, dropout: 0.5 },
    measuredSteps: 200,
  },
  'SASRec, 3,417 items': {
    program: 'training-step-ours.ts',
    sizes: { ...SASREC, length: 50, batchSize: 64 },
    measuredSteps: 50,
  },
  'LoRA, hidden size 64': { program: 'lora-step-ours.ts', sizes: QUICK, measuredSteps: 50 },
};
const WARM_UP_STEPS = 5;
const ROUNDS = 3;

export async function benchmarkThreads() {
  const cases = Object.keys(GRAPHS).flatMap((graph) =>
    [1, 2].flatMap((threads) => [1, 2].map((atOnce) => ({ graph, threads, atOnce }))),
  );
  const measured = cases.map(() => [] as StepMeasurement[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { graph, threads, atOnce }] of cases.entries()) {
      const trainings = Array.from({ length: atOnce }, () => startTraining(GRAPHS[graph], threads));
      measured[i].push(...(await Promise.all(trainings)));
    }
  }
  const rows = cases.map((one, i) => ({
    ...one,
    milliseconds: round(median(measured[i].map(({ milliseconds }) => milliseconds))),
    processorMilliseconds: round(median(measured[i].map((step) => step.processorMilliseconds))),
  }));
  console.table(rows);
  return { work: 'a training step by threads, alone and two at once', sizes: GRAPHS, rows };
}

interface StepMeasurement extends Measurement {
  readonly processorMilliseconds: number;
}

async function startTraining(
  { program, sizes, measuredSteps }: Graph,
  threads: number,
): Promise<StepMeasurement> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    path.join(import.meta.dirname, program),
    JSON.stringify({ ...sizes, threads, measuredSteps, warmUpSteps: WARM_UP_STEPS }),
  ]);
  return JSON.parse(stdout) as StepMeasurement;
}
