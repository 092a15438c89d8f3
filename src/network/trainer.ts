// One training step as one graph: forward, backward and AdamW. Parameters and moments live in two sets of
// arrays that swap roles at each step, so that no step allocates or copies a weight. Graphs have fixed
// shapes; where batches come in several (length buckets), each has its own graph over the same arrays.

import type { NamedTensors } from '../formats/safetensors.ts';
import { createRandom } from '../random.ts';
import { add, divide, reshape } from '../tensor/functions.ts';
import { gradients } from '../tensor/gradients.ts';
import { sizeOf, type Tensor } from '../tensor/graph.ts';
import { createSession, type Feeds, type Session, type SessionOptions } from '../tensor/session.ts';
import { type AdamWOptions, adamW, adamWSchedule } from './optimizer.ts';
import { type Model, parameterFeeds, type Values } from './scope.ts';

export interface TrainerOptions extends AdamWOptions, SessionOptions {
  /** Decides the dropout masks. */
  readonly seed: string | number;
  /** Which parameters learn; the others cost no optimiser memory. All by default. */
  readonly trainable?: (name: string) => boolean;
}

export interface Trainer {
  /** Steps done so far. */
  readonly steps: number;
  /**
   * One step; gives the loss before it. Several feeds are parts of one batch: their gradients are averaged,
   * so that a batch may be larger than memory holds at once.
   */
  step(feeds: Feeds | readonly Feeds[], learningRate: number): Promise<number>;
  /**
   * The current parameters: copies of those that learn, and the frozen ones, which never change, themselves.
   */
  values(): Values;
  /** What continues this training elsewhere, to the bit. */
  state(): NamedTensors;
  restore(state: NamedTensors, steps: number): void;
  release(): Promise<void>;
}

/**
 * `outputs.loss` is the scalar to minimise; `initial` is not changed. Several models are one definition for
 * batches of several shapes: a step runs the first whose inputs its feeds fill.
 */
export async function createTrainer(
  models: readonly Model<{ readonly loss: Tensor }>[],
  initial: Values,
  options: TrainerOptions,
): Promise<Trainer> {
  const [{ parameters }] = models;
  const learning = parameters.filter(({ name }) => options.trainable?.(name) ?? true);
  const frozen = parameterFeeds(
    parameters.filter((parameter) => !learning.includes(parameter)),
    initial,
  );
  const names = learning.map(({ name }) => name);
  const shapes = new Map(
    learning.flatMap(({ name, tensor }) =>
      STATE_SUFFIXES.map((suffix) => [name + suffix, tensor.shape] as const),
    ),
  );
  const variants = await Promise.all(models.map((model) => createStep(model, names, options)));
  const variantOf = (feeds: Feeds): number => {
    const variant = models.findIndex(({ graph }) =>
      graph.inputs.every(({ name, shape }) => !(name in feeds) || feeds[name].length === sizeOf(shape)),
    );
    if (variant < 0) throw new Error('internal: no graph of this trainer takes a batch of this shape');
    return variant;
  };

  const zeroState = () =>
    new Map([...shapes].map(([name, shape]) => [name, new Float32Array(sizeOf(shape))]));
  let current = zeroState();
  let next = zeroState();
  for (const { name } of learning) current.get(name)!.set(initial.get(name)!.values);
  const zeroSums = () =>
    Object.fromEntries(
      learning.map(({ name, tensor }) => [`sum/${name}`, new Float32Array(sizeOf(tensor.shape))]),
    );
  let steps = 0;

  return {
    get steps() {
      return steps;
    },
    async step(feeds, learningRate) {
      steps++;
      const parts: readonly Feeds[] = Array.isArray(feeds) ? feeds : [feeds as Feeds];
      const schedule = adamWSchedule(steps, learningRate, options);
      let sums: Record<string, Float32Array> | undefined;
      let total = 0;
      for (const [i, part] of parts.entries()) {
        const variant = variantOf(part);
        const random = createRandom(`${options.seed}/${steps}${i === 0 ? '' : `/${i}`}`);
        const own = {
          ...part,
          ...frozen,
          ...Object.fromEntries(current),
          ...models[variant].dropoutFeeds(random),
        };
        if (i < parts.length - 1) {
          const { loss, ...added } = await variants[variant].accumulate({ ...own, ...(sums ?? zeroSums()) });
          sums = Object.fromEntries(names.map((name) => [`sum/${name}`, added[`sum/${name}/next`]]));
          total += loss[0];
        } else {
          const into = Object.fromEntries([...next].map(([name, values]) => [`next/${name}`, values]));
          const count = Float32Array.of(parts.length);
          const { loss } = sums
            ? await variants[variant].finish({ ...own, ...sums, count, schedule }, into)
            : await variants[variant].update({ ...own, schedule }, into);
          total += loss[0];
        }
      }
      [current, next] = [next, current];
      const loss = total / parts.length;
      if (!Number.isFinite(loss)) {
        throw new Error(
          `internal: the loss of step ${steps} is ${loss}: the training diverged (learning rate ` +
            `${learningRate})`,
        );
      }
      return loss;
    },
    values: () =>
      new Map(
        parameters.map(({ name, tensor }) => [
          name,
          current.has(name)
            ? { shape: tensor.shape, values: Float32Array.from(current.get(name)!) }
            : initial.get(name)!,
        ]),
      ),
    state: () =>
      new Map(
        [...current].map(([name, values]) => [
          name,
          { shape: shapes.get(name)!, values: Float32Array.from(values) },
        ]),
      ),
    restore(state, stepsDone) {
      for (const [name, values] of current) values.set(state.get(name)!.values);
      steps = stepsDone;
    },
    release: async () => {
      await Promise.all(variants.map((variant) => variant.release()));
    },
  };
}

/** What a learning parameter's state is made of: itself and its moments. */
const STATE_SUFFIXES = ['', ':m', ':v'] as const;

interface Step {
  /** Forward, backward and update in one graph. */
  readonly update: Session['run'];
  /** Forward and backward: adds the gradients to the sums that it is fed. */
  readonly accumulate: Session['run'];
  /** The last part of a batch: the same, and the update by the mean of `count` gradients. */
  readonly finish: Session['run'];
  release(): Promise<void>;
}

/** The graphs over one definition. Those that accumulate are made when they are first needed. */
async function createStep(
  { graph, parameters, outputs: { loss } }: Model<{ readonly loss: Tensor }>,
  names: readonly string[],
  options: TrainerOptions,
): Promise<Step> {
  const weights = names.map((name) => parameters.find((parameter) => parameter.name === name)!.tensor);
  const ofLoss = gradients(loss, weights);
  const schedule = graph.input('schedule', [3]);
  const before = weights.map((w) => ({
    w,
    m: graph.input(`${w.name}:m`, w.shape),
    v: graph.input(`${w.name}:v`, w.shape),
  }));
  const updateBy = (gradient: readonly Tensor[]): Record<string, Tensor> => {
    const after = adamW(before, gradient, schedule, options);
    return Object.fromEntries(
      names.flatMap((name, i) => {
        const { w, m, v } = after[i];
        return [w, m, v].map((next, part) => [`next/${name}${STATE_SUFFIXES[part]}`, next]);
      }),
    );
  };
  const sessions: Session[] = [];
  const open = async (outputs: Record<string, Tensor>) => {
    const session = await createSession(graph, { loss, ...outputs }, options);
    sessions.push(session);
    return session;
  };
  const update = await open(updateBy(ofLoss));
  const accumulating = once(async () => {
    const count = reshape(graph.input('count', [1]), []);
    const sums = ofLoss.map((gradient, i) => add(graph.input(`sum/${names[i]}`, gradient.shape), gradient));
    const accumulate = await open(Object.fromEntries(sums.map((sum, i) => [`sum/${names[i]}/next`, sum])));
    return { accumulate, finish: await open(updateBy(sums.map((sum) => divide(sum, count)))) };
  });
  return {
    update: update.run,
    accumulate: async (...feeds) => (await accumulating()).accumulate.run(...feeds),
    finish: async (...feeds) => (await accumulating()).finish.run(...feeds),
    release: async () => {
      await Promise.all(sessions.map((session) => session.release()));
    },
  };
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
