// Linear layers in the [outputs, inputs] layout of a Hugging Face folder, and low-rank adapters on them
// (LoRA, Hu et al., arXiv 2106.09685): y = x W^T + b + (alpha / rank) x A^T B^T. B starts at zero, so that a
// fresh adapter changes nothing.
import { TslrecError } from '../../errors.ts';
import { add, matmul, multiply, swapLast } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { normal, type Parameter, type Scope, zeros } from '../scope.ts';

export interface LoraConfig {
  readonly rank: number;
  readonly alpha: number;
  readonly dropout: number;
  /** Which linear layers are adapted: full names, or how names end ("q_proj"). All where this is left out. */
  readonly targetModules?: readonly string[];
}

export const isLoraParameter = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);

/** x [..., inputs] -> [..., outputs]. */
export function projection(
  scope: Scope,
  name: string,
  x: Tensor,
  outputs: number,
  { bias = false, lora }: { readonly bias?: boolean; readonly lora?: LoraConfig },
): Tensor {
  const own = scope.within(name);
  const inputs = x.shape.at(-1)!;
  const weight = own.parameter('weight', [outputs, inputs], normal(0.02));
  const product = matmul(x, swapLast(weight));
  const y = bias ? add(product, own.parameter('bias', [outputs], zeros)) : product;
  const { targetModules } = lora ?? {};
  if (!lora || (targetModules && !endsInOneOf(moduleOf(weight.name), new Set(targetModules)))) return y;
  const A = own.parameter('lora_A.weight', [lora.rank, inputs], normal(1 / Math.sqrt(inputs)));
  const B = own.parameter('lora_B.weight', [outputs, lora.rank], zeros);
  // Scaled where rows are shortest.
  const low = multiply(matmul(scope.dropout(x, lora.dropout), swapLast(A)), lora.alpha / lora.rank);
  return add(y, matmul(low, swapLast(B)));
}

/** The names of a model's linear layers: the matrices of its numbered layers. */
export function linearModules(parameters: readonly Parameter[]): string[] {
  return parameters
    .filter(({ name, tensor }) => tensor.shape.length === 2 && /\.\d+\./.test(name) && !isLoraParameter(name))
    .map(({ name }) => moduleOf(name));
}

/** PEFT's rule for names in a list: the whole name, or its last parts. */
export function endsInOneOf(module: string, names: ReadonlySet<string>): boolean {
  const parts = module.split('.');
  return parts.some((_, i) => names.has(parts.slice(i).join('.')));
}

/** A name that no layer has would adapt nothing, and nobody would notice. */
export function checkTargets(parameters: readonly Parameter[], { targetModules = [] }: LoraConfig): void {
  const modules = linearModules(parameters);
  const unknown = targetModules.find(
    (name) => !modules.some((module) => endsInOneOf(module, new Set([name]))),
  );
  if (unknown === undefined) return;
  const known = [...new Set(modules.map((module) => module.split('.').at(-1)!))];
  throw new TslrecError(
    'bad-request',
    `The adapter is to stand on "${unknown}", which is no linear layer of this model; it has ` +
      `${known.join(', ')}: name some of them.`,
  );
}

const moduleOf = (weight: string): string => weight.slice(0, -'.weight'.length);
