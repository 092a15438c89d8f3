// One piece of work, ours and a peer's: what every benchmark against PyTorch prints and gives, under the same
// names.
import { type Failure, MEASURED_WITH, type Measurement, round } from './processes.ts';
import { hasModules, type Settings } from './torch.ts';

/** What takes the milliseconds, and how much of it. */
export interface Work {
  readonly work: string;
  readonly sizes: object;
}

export interface Comparison extends Work {
  /** Of each side. */
  readonly threads: number;
  readonly ours: Measurement;
  /** PyTorch at its fastest. Without it, this and both ratios are left out. */
  readonly peer?: Variant;
  /** The peer's time, and its peak memory, over ours. */
  readonly ratio?: number;
  readonly memoryRatio?: number;
  /** All that ours was compared with. */
  readonly variants: readonly (Variant | FailedVariant)[];
}

interface Contender {
  readonly engine: string;
  readonly settings: Settings;
}
type Variant = Contender & Measurement;
type FailedVariant = Contender & Failure;

/** Does the same work as ours. */
export interface Side extends Contender {
  measure(): Measurement | Failure;
}

const TORCH = 'torch';

/** PyTorch with each of the settings; none where it is not installed. */
export function torchSides(
  variants: readonly Settings[],
  measure: (settings: Settings) => Measurement | Failure,
  modules = ['torch'],
): Side[] {
  if (!hasModules(modules)) return [];
  return variants.map((settings) => ({ engine: TORCH, settings, measure: () => measure(settings) }));
}

const ROUNDS = 3;
/** A side that takes this many times as long as the fastest one of its engine is not measured again. */
const OUT_OF_THE_RUNNING = 1.5;

/**
 * All sides in turn, several times, and of each side the fastest: other work on a machine makes a round
 * slower, nothing makes it faster than it is.
 */
export function compareWithOurs(
  work: Work,
  measureOurs: () => Measurement,
  sides: readonly Side[],
): Comparison {
  let ours = measureOurs();
  let variants = sides.map(measured);
  for (let done = 1; done < ROUNDS; done++) {
    ours = faster(ours, measureOurs());
    const before = variants;
    const fastest = ({ engine }: Side) =>
      Math.min(...before.filter((one) => one.engine === engine).map(timeOf));
    variants = sides.map((side, i) =>
      timeOf(before[i]) < OUT_OF_THE_RUNNING * fastest(side) ? faster(before[i], measured(side)) : before[i],
    );
  }
  return comparisonOf(work, ours, variants);
}

export const measured = ({ measure, ...contender }: Side): Variant | FailedVariant => ({
  ...contender,
  ...measure(),
});

const timeOf = (variant: Measurement | Failure): number =>
  'failed' in variant ? Number.POSITIVE_INFINITY : variant.milliseconds;

const faster = <Outcome extends Measurement | Failure>(a: Outcome, b: Outcome): Outcome =>
  timeOf(b) < timeOf(a) ? b : a;

const hasRun = (variant: Variant | FailedVariant): variant is Variant => !('failed' in variant);

export function fastestOfTorch(variants: readonly (Variant | FailedVariant)[]): Variant | undefined {
  const [first, ...others] = variants.filter(hasRun).filter(({ engine }) => engine === TORCH);
  return first && others.reduce(faster, first);
}

export function comparisonOf(
  work: Work,
  ours: Measurement,
  variants: readonly (Variant | FailedVariant)[],
  peer = fastestOfTorch(variants),
): Comparison {
  const memoryRatio =
    peer?.peakMegabytes && ours.peakMegabytes && round(peer.peakMegabytes / ours.peakMegabytes);
  return {
    ...work,
    threads: MEASURED_WITH.threads,
    ours,
    ...(peer && { peer, ratio: round(peer.milliseconds / ours.milliseconds) }),
    ...(memoryRatio && { memoryRatio }),
    variants,
  };
}

/** A table, and on stderr what could not be measured. */
export function show({ work, threads, ours, variants }: Comparison): void {
  console.log(`${work}, ${threads} threads each`);
  const theirs = variants.filter(hasRun).map(({ engine, settings, ...measurement }) => {
    return {
      engine,
      ...settings,
      ...measurement,
      ratio: round(measurement.milliseconds / ours.milliseconds),
    };
  });
  console.table([{ engine: 'tslrec', ...ours }, ...theirs]);
  for (const variant of variants) {
    if (hasRun(variant)) continue;
    const name = [variant.engine, ...Object.values(variant.settings)].join(', ');
    console.error(`NOT MEASURED: ${name}. ${variant.failed}`);
  }
}
