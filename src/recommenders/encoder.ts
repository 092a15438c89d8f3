// What sequence models differ in: how a history becomes hidden states that items are compared with. Legend: N
// items, d width, B batch, L length, l <= L positions of this batch.
import type { Scope } from '../network/scope.ts';
import type { Tensor } from '../tensor/graph.ts';

export interface Encoder {
  /**
   * What it is trained on: every item's successor, so that a position may see no later item; or items behind
   * masks (masked-windows.ts), of which this share is hidden, so that a position may see all but padding.
   */
  readonly task: 'next item' | { readonly maskedShare: number };
  /** items [B, l] and the item table [N, d] -> hidden states [B, l, d]; l is at most `length`, L. */
  hidden(scope: Scope, items: Tensor, table: Tensor, length: number): Tensor;
  /**
   * The hidden states [B, 1, d] of the positions `last` [B] alone, where that costs less than taking them
   * from all.
   */
  lastHidden?(scope: Scope, items: Tensor, table: Tensor, length: number, last: Tensor): Tensor;
  /** What hidden states are compared with [N, d]: the item table itself where this is left out. */
  compared?(scope: Scope, table: Tensor): Tensor;
}

/** What hidden states are compared with [N, d]. */
export const comparedTable = (encoder: Encoder, scope: Scope, table: Tensor): Tensor =>
  encoder.compared?.(scope, table) ?? table;
