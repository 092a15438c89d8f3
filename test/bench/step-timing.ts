// Our side of torch_timing.py: the steps of a trainer on one batch, and the line that the process prints.
import type { Trainer } from '../../src/network/trainer.ts';
import type { Feeds } from '../../src/tensor/session.ts';
import { type MEASURED_WITH, median, report, round } from './processes.ts';

/** The median of the measured steps, and their mean of the processor; the first ones also claim memory. */
export async function reportSteps(
  trainer: Trainer,
  feeds: Feeds,
  { warmUpSteps, measuredSteps }: typeof MEASURED_WITH,
  more: object = {},
): Promise<void> {
  const times: number[] = [];
  let used = process.cpuUsage();
  for (let step = 0; step < warmUpSteps + measuredSteps; step++) {
    if (step === warmUpSteps) used = process.cpuUsage();
    const began = performance.now();
    await trainer.step(feeds, 1e-3);
    times.push(performance.now() - began);
  }
  const { user, system } = process.cpuUsage(used);
  const processorMilliseconds = round((user + system) / 1000 / measuredSteps);
  report(median(times.slice(warmUpSteps)), { processorMilliseconds, ...more });
}
