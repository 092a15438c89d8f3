// AdamW (Loshchilov and Hutter, arXiv 1711.05101) as part of the graph, with clipping by the global norm.
import { add, divide, minimum, multiply, reshape, slice, sqrt, subtract, sum } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/graph.ts';

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Of matrices: biases, scales and other vectors do not decay. */
  readonly weightDecay?: number;
  /** Largest 2-norm of all gradients together; a longer one is scaled down to it. */
  readonly clipNorm?: number;
}

export interface ParameterState {
  /** The parameter and its moments, all of one shape. */
  readonly w: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

const BETA1 = 0.9;
const BETA2 = 0.999;

/** What a step feeds as `schedule`: the learning rate and the two bias corrections. `step` counts from 1. */
export function adamWSchedule(step: number, learningRate: number, options: AdamWOptions): Float32Array {
  const { beta1 = BETA1, beta2 = BETA2 } = options;
  return Float32Array.of(learningRate, 1 - beta1 ** step, 1 - beta2 ** step);
}

/** The next state of each parameter. `schedule` [3] is what adamWSchedule gives. */
export function adamW(
  parameters: readonly ParameterState[],
  gradients: readonly Tensor[],
  schedule: Tensor,
  options: AdamWOptions,
): ParameterState[] {
  const { beta1 = BETA1, beta2 = BETA2, epsilon = 1e-8, weightDecay = 0, clipNorm } = options;
  const [learningRate, correction1, correction2] = [0, 1, 2].map((i) =>
    reshape(slice(schedule, 0, i, i + 1), []),
  );
  const scale = clipNorm === undefined ? undefined : clipScale(gradients, clipNorm);
  return parameters.map(({ w, m, v }, i) => {
    const g = scale ? multiply(gradients[i], scale) : gradients[i];
    const nextM = add(multiply(m, beta1), multiply(g, 1 - beta1));
    const nextV = add(multiply(v, beta2), multiply(multiply(g, g), 1 - beta2));
    const direction = divide(divide(nextM, correction1), add(sqrt(divide(nextV, correction2)), epsilon));
    const decays = weightDecay > 0 && w.shape.length > 1;
    const change = decays ? add(direction, multiply(w, weightDecay)) : direction;
    return { w: subtract(w, multiply(change, learningRate)), m: nextM, v: nextV };
  });
}

/** min(1, clipNorm / |g|) over all gradients. */
function clipScale(gradients: readonly Tensor[], clipNorm: number): Tensor {
  const squared = gradients.map((g) => sum(multiply(g, g))).reduce((a, b) => add(a, b));
  return minimum(divide(clipNorm, add(sqrt(squared), 1e-6)), 1);
}
