// Reverse-mode differentiation: appends to the graph the operations that compute d loss / d w.
import { add } from './functions.ts';
import { gradientRules } from './gradient-rules.ts';
import type { Node, Tensor } from './graph.ts';
import type { OperationName } from './operations.ts';

/** The gradients of a scalar loss with respect to each tensor of `withRespectTo`, in the same order. */
export function gradients(loss: Tensor, withRespectTo: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0)
    throw new Error(`internal: a loss must be a scalar, got the shape [${loss.shape}]`);
  const forward = [...loss.graph.nodes];
  const needsGradient = new Set(withRespectTo);
  for (const node of forward) {
    if (node.inputs.some((input) => needsGradient.has(input)))
      for (const output of node.outputs) needsGradient.add(output);
  }
  const gradientOf = new Map<Tensor, Tensor>([[loss, loss.graph.scalar(1)]]);
  for (const node of forward.reverse()) {
    const g = gradientOf.get(node.outputs[0]);
    if (!g || !needsGradient.has(node.outputs[0])) continue;
    inputGradients(node, g).forEach((build, i) => {
      const input = node.inputs[i];
      if (!build || !needsGradient.has(input)) return;
      const known = gradientOf.get(input);
      gradientOf.set(input, known ? add(known, build()) : build());
    });
  }
  return withRespectTo.map((tensor) => {
    const gradient = gradientOf.get(tensor);
    if (!gradient) throw new Error(`internal: the loss does not depend on ${tensor.name}`);
    return gradient;
  });
}

function inputGradients<N extends OperationName>(node: Node<N>, g: Tensor) {
  return gradientRules[node.operation](node, g);
}
