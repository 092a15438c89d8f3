// One training step as one graph: forward, backward and AdamW. Parameters and moments live in two sets of
// arrays that swap roles at each step, so that no step allocates or copies a weight.
import { createRandom } from '../random.ts';
import { gradients } from '../tensor/gradients.ts';
import type { Shape, Tensor } from '../tensor/graph.ts';
import { createSession, type Feeds, type SessionOptions } from '../tensor/session.ts';
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

/** `model.outputs.loss` is the scalar to minimise; `initial` is copied. */
export async function createTrainer(
  model: Model<{ readonly loss: Tensor }>,
  initial: Values,
  options: TrainerOptions,
): Promise<Trainer> {
  const { graph, parameters, outputs } = model;
  const learning = parameters.filter(({ name }) => options.trainable?.(name) ?? true);
  const frozen = parameterFeeds(
    parameters.filter((parameter) => !learning.includes(parameter)),
    initial,
  );
  const slopes = gradients(
    outputs.loss,
    learning.map(({ tensor }) => tensor),
  );
  const schedule = graph.input('schedule', [3]);
  const before = learning.map(({ name, tensor }) => ({
    w: tensor,
    m: graph.input(`${name}:m`, tensor.shape),
    v: graph.input(`${name}:v`, tensor.shape),
  }));
  const after = adamW(before, slopes, schedule, options);

  const sessionOutputs: Record<string, Tensor> = { loss: outputs.loss };
  const shapes = new Map<string, Shape>();
  learning.forEach(({ name, tensor }, i) => {
    for (const [suffix, next] of [
      ['', after[i].w],
      [':m', after[i].m],
      [':v', after[i].v],
    ] as const) {
      sessionOutputs[`next/${name}${suffix}`] = next;
      shapes.set(name + suffix, tensor.shape);
    }
  });
  const session = await createSession(graph, sessionOutputs, options);

  const zeroState = () =>
    new Map([...shapes].map(([name, shape]) => [name, new Float32Array(shape.reduce((size, n) => size * n, 1))]));
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
      const { loss } = await session.run(
        {
          ...feeds,
          ...frozen,
          ...Object.fromEntries(current),
          ...model.dropoutFeeds(random),
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
    release: () => session.release(),
  };
}
