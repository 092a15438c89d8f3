// One training step as one graph: forward, backward and AdamW. Parameters and moments live in two sets of
// arrays that swap roles at each step, so that no step allocates or copies a weight. Graphs have fixed shapes;
// where batches come in several (length buckets), each has its own graph over the same arrays.
import { createRandom } from '../random.ts';
import { gradients } from '../tensor/gradients.ts';
import { sizeOf, type Tensor } from '../tensor/graph.ts';
import { createSession, type Feeds, type Session, type SessionOptions } from '../tensor/session.ts';
import { type AdamWOptions, adamW, adamWSchedule } from './optimizer.ts';
import type { NamedTensors } from './safetensors.ts';
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
  /** One step; gives the loss before it. */
  step(feeds: Feeds, learningRate: number): Promise<number>;
  /** A copy of the current parameters, the frozen ones included. */
  values(): Values;
  /** What continues this training elsewhere, to the bit. */
  state(): NamedTensors;
  restore(state: NamedTensors, steps: number): void;
  release(): Promise<void>;
}

/**
 * `outputs.loss` is the scalar to minimise; `initial` is copied. Several models are one definition for batches of
 * several shapes: a step runs the first whose inputs its feeds fill.
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
    learning.flatMap(({ name, tensor }) => STATE_SUFFIXES.map((suffix) => [name + suffix, tensor.shape] as const)),
  );
  const sessions: Session[] = [];
  for (const model of models) sessions.push(await createStepSession(model, names, options));
  const variantOf = (feeds: Feeds): number => {
    const variant = models.findIndex(({ graph }) =>
      graph.inputs.every(({ name, shape }) => !(name in feeds) || feeds[name].length === sizeOf(shape)),
    );
    if (variant < 0) throw new Error('internal: no graph of this trainer takes a batch of this shape');
    return variant;
  };

  const zeroState = () => new Map([...shapes].map(([name, shape]) => [name, new Float32Array(sizeOf(shape))]));
  let current = zeroState();
  let next = zeroState();
  for (const { name } of learning) current.get(name)!.set(initial.get(name)!.values);
  let steps = 0;

  return {
    get steps() {
      return steps;
    },
    async step(feeds, learningRate) {
      steps++;
      const random = createRandom(`${options.seed}/${steps}`);
      const into = Object.fromEntries([...next].map(([name, values]) => [`next/${name}`, values]));
      const variant = variantOf(feeds);
      const { loss } = await sessions[variant].run(
        {
          ...feeds,
          ...frozen,
          ...Object.fromEntries(current),
          ...models[variant].dropoutFeeds(random),
          schedule: adamWSchedule(steps, learningRate, options),
        },
        into,
      );
      [current, next] = [next, current];
      if (!Number.isFinite(loss[0])) {
        throw new Error(
          `internal: the loss of step ${steps} is ${loss[0]}: the training diverged (learning rate ${learningRate})`,
        );
      }
      return loss[0];
    },
    values: () =>
      new Map(
        parameters.map(({ name, tensor }) => [
          name,
          { shape: tensor.shape, values: Float32Array.from(current.get(name) ?? frozen[name]) },
        ]),
      ),
    state: () =>
      new Map(
        [...current].map(([name, values]) => [name, { shape: shapes.get(name)!, values: Float32Array.from(values) }]),
      ),
    restore(state, stepsDone) {
      for (const [name, values] of current) values.set(state.get(name)!.values);
      steps = stepsDone;
    },
    release: async () => {
      await Promise.all(sessions.map((session) => session.release()));
    },
  };
}

/** What a learning parameter's state is made of: itself and its moments. */
const STATE_SUFFIXES = ['', ':m', ':v'] as const;

/** Forward, backward and update of the parameters named, as one graph. */
async function createStepSession(
  { graph, parameters, outputs }: Model<{ readonly loss: Tensor }>,
  names: readonly string[],
  options: TrainerOptions,
): Promise<Session> {
  const weights = names.map((name) => parameters.find((parameter) => parameter.name === name)!.tensor);
  const slopes = gradients(outputs.loss, weights);
  const schedule = graph.input('schedule', [3]);
  const before = weights.map((w) => ({
    w,
    m: graph.input(`${w.name}:m`, w.shape),
    v: graph.input(`${w.name}:v`, w.shape),
  }));
  const after = adamW(before, slopes, schedule, options);
  const sessionOutputs: Record<string, Tensor> = { loss: outputs.loss };
  names.forEach((name, i) => {
    const { w, m, v } = after[i];
    [w, m, v].forEach((next, part) => {
      sessionOutputs[`next/${name}${STATE_SUFFIXES[part]}`] = next;
    });
  });
  return createSession(graph, sessionOutputs, options);
}
