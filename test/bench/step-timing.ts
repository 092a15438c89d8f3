// Our side of torch_timing.py: the steps of a trainer on one batch, and the line that the process prints.
import type { Trainer } from '../../src/network/trainer.ts';
import type { Feeds } from '../../src/tensor/session.ts';
import { type MEASURED_WITH, median, report } from './processes.ts';

/** The median of the measured steps; the first ones also claim memory. */
export async function reportSteps(
  trainer: Trainer,
  feeds: Feeds,
  { warmUpSteps, measuredSteps }: typeof MEASURED_WITH,
  more: object = {},
): Promise<void> {
  const times: number[] = [];
  for (let step = 0; step < warmUpSteps + measuredSteps; step++) {
    const began = performance.now();
    await trainer.step(feeds, 1e-3);
    times.push(performance.now() - began);
  }
  report(median(times.slice(warmUpSteps)), more);
}
