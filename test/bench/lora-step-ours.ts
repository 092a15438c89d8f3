// Our part of the benchmark of a LoRA step: node lora-step-ours.ts SIZES_AS_JSON
import { SFT_TRAINING, sftBatch, sftModel } from '../../src/language-model/training/user-level-sft.ts';
import { initialValues } from '../../src/network/scope.ts';
import { createTrainer } from '../../src/network/trainer.ts';
import { createRandom } from '../../src/random.ts';
import type { LoraStepSizes } from './lora-step.ts';
import type { MEASURED_WITH } from './processes.ts';
import { reportSteps } from './step-timing.ts';

const sizes = JSON.parse(process.argv[2]) as LoraStepSizes & typeof MEASURED_WITH;
const { architecture, categoryCount, batchSize, length, threads } = sizes;
const random = createRandom('LoRA step');
const examples = Array.from({ length: batchSize }, () => {
  const tokens = Int32Array.from({ length }, () => random.integer(architecture.config.vocab_size));
  const target = new Float32Array(categoryCount);
  for (let i = 0; i < 4; i++) target[random.integer(categoryCount)] += 1 / 4;
  return { tokens, target };
});
const model = sftModel('training', sizes, batchSize, length);
const trainer = await createTrainer([model], initialValues(model.parameters, random), {
  ...SFT_TRAINING,
  seed: 1,
  threads,
});
await reportSteps(trainer, sftBatch(examples, batchSize, length, categoryCount), sizes);
