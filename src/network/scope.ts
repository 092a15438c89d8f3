// What a model definition is written against. The same definition builds a training graph and an inference
// graph; they share parameters by name. Model code owns no memory: values live in a map beside the graph.

import type { NamedTensor } from '../formats/safetensors.ts';
import { createRandom, type Random } from '../random.ts';
import { multiply } from '../tensor/functions.ts';
import { Graph, type Shape, sizeOf, type Tensor } from '../tensor/graph.ts';

/** The first values of a parameter. */
export type Initializer = (random: Random, shape: Shape) => Float32Array;

export const zeros: Initializer = (_, shape) => new Float32Array(sizeOf(shape));
export const ones: Initializer = (_, shape) => new Float32Array(sizeOf(shape)).fill(1);
export const normal =
  (deviation: number): Initializer =>
  (random, shape) =>
    Float32Array.from({ length: sizeOf(shape) }, () => deviation * random.normal());
/** Normal with variance 2 / (inputs + outputs) (Glorot and Bengio 2010). */
export const xavier: Initializer = (random, shape) =>
  normal(Math.sqrt(2 / (shape[0] + shape[1])))(random, shape);

export interface Parameter {
  readonly name: string;
  readonly tensor: Tensor;
  readonly initializer: Initializer;
}

/** Values by parameter name. */
export type Values = Map<string, NamedTensor>;

export interface Scope {
  readonly graph: Graph;
  /** A weight, fed at every run under its full name (scope names joined by dots). */
  parameter(name: string, shape: Shape, initializer: Initializer): Tensor;
  /** Inverted dropout; the identity outside training. */
  dropout(x: Tensor, rate: number): Tensor;
  within(name: string): Scope;
  /**
   * The same parameters once more, for other inputs of one graph, with dropout of their own; one that is not
   * there yet is an error.
   */
  again(): Scope;
}

/** A tensor of random factors that a training step is fed. */
interface MaskSite {
  readonly name: string;
  readonly size: number;
  readonly rate: number;
}

export interface Model<Outputs> {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  readonly outputs: Outputs;
  /** What a training step has to feed beside data and parameters: fresh random masks. */
  dropoutFeeds(random: Random): Record<string, Float32Array>;
}

/**
 * Dropout masks are windows into a pool of ready-made masks (0 or 1 / (1 - rate)), at an offset drawn for
 * every step and site, and fed without a copy: ONNX Runtime's own Dropout draws on one thread and took 8 to
 * 12 % of a step. The offsets follow from seed and step, so that a resumed training repeats them.
 */
const SHORTEST_POOL = 2 ** 22;

export function buildModel<Outputs>(
  mode: 'training' | 'inference',
  define: (scope: Scope) => Outputs,
): Model<Outputs> {
  const graph = new Graph();
  const parameters: Parameter[] = [];
  const sites: MaskSite[] = [];
  const mask = (shape: Shape, rate: number): Tensor => {
    const tensor = graph.input(`dropout.${sites.length}`, shape);
    sites.push({ name: tensor.name, size: sizeOf(shape), rate });
    return tensor;
  };
  const own = (name: string, shape: Shape, initializer: Initializer): Tensor => {
    const tensor = graph.input(name, shape);
    parameters.push({ name, tensor, initializer });
    return tensor;
  };
  const known = (name: string, shape: Shape): Tensor => {
    const tensor = parameters.find((parameter) => parameter.name === name)?.tensor;
    if (String(tensor?.shape) === String(shape)) return tensor!;
    throw new Error(`internal: there is no parameter ${name} of [${shape}] to take again`);
  };
  const scope = (prefix: string, parameter: typeof own): Scope => ({
    graph,
    parameter: (name, ...rest) => parameter(prefix + name, ...rest),
    dropout: (x, rate) => (mode === 'inference' || rate === 0 ? x : multiply(x, mask(x.shape, rate))),
    within: (name) => scope(`${prefix}${name}.`, parameter),
    again: () => scope(prefix, known),
  });

  const outputs = define(scope('', own));
  return {
    graph,
    parameters,
    outputs,
    dropoutFeeds(random) {
      const poolLength = sites.reduce((length, { size }) => Math.max(length, 2 * size), SHORTEST_POOL);
      return Object.fromEntries(
        sites.map(({ name, size, rate }) => {
          const start = random.integer(poolLength - size + 1);
          return [name, maskPool(rate, poolLength).subarray(start, start + size)];
        }),
      );
    },
  };
}

/** One pool a rate, made when it is first needed and shared by all models of the process. */
const maskPools = new Map<number, Float32Array>();

function maskPool(rate: number, length: number): Float32Array {
  let pool = maskPools.get(rate);
  if (!pool || pool.length < length) {
    const draw = createRandom(`dropout/${rate}`);
    pool = new Float32Array(length);
    for (let i = 0; i < length; i++) pool[i] = draw.next() < rate ? 0 : 1 / (1 - rate);
    maskPools.set(rate, pool);
  }
  return pool;
}

/**
 * Fresh values of a model's parameters. Each parameter has its own stream, so that adding one changes no
 * other.
 */
export function initialValues(parameters: readonly Parameter[], random: Random): Values {
  return new Map(
    parameters.map(({ name, tensor, initializer }) => [
      name,
      { shape: tensor.shape, values: initializer(random.fork(name), tensor.shape) },
    ]),
  );
}

/** The feeds of a model's parameters. */
export function parameterFeeds(
  parameters: readonly Parameter[],
  values: Values,
): Record<string, Float32Array> {
  return Object.fromEntries(
    parameters.map(({ name, tensor }) => {
      const value = values.get(name);
      if (!value || String(value.shape) !== String(tensor.shape)) {
        throw new Error(
          `internal: parameter ${name} needs [${tensor.shape}], got ` +
            `${value ? `[${value.shape}]` : 'nothing'}`,
        );
      }
      return [name, value.values];
    }),
  );
}
