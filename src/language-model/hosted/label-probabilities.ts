// What a server may give as a text's labels. Legend: K labels.
import { z } from 'zod';
import type { Refuse } from './client.ts';

const scores = z.array(z.object({ label: z.string(), score: z.number().min(0).max(1) })).min(1);

/**
 * Servers list a text's labels by score, and not all by that name ("LABEL_10"): here they stand by name,
 * numbers as numbers.
 */
const byName = new Intl.Collator('en', { numeric: true }).compare;

/**
 * The labels in their order, each with its probability; flat as TEI answers, or as the one row of a batch.
 */
export function labelProbabilities(answer: unknown, refuse: Refuse): ReadonlyMap<string, number> {
  const row = Array.isArray(answer) && answer.length === 1 && Array.isArray(answer[0]) ? answer[0] : answer;
  const read = scores.safeParse(row);
  if (!read.success) {
    throw refuse(
      'gave no list of labels with scores from 0 to 1',
      'use the URL of a text-classification endpoint',
    );
  }
  const sorted = read.data.sort((a, b) => byName(a.label, b.label));
  if (new Set(sorted.map(({ label }) => label)).size < sorted.length)
    throw refuse('gave two scores for one label', 'name each label differently');
  const sum = sorted.reduce((total, { score }) => total + score, 0);
  if (Math.abs(sum - 1) > 0.01) {
    throw refuse(
      `gave scores that sum to ${sum.toFixed(3)} instead of 1`,
      'serve it with softmax and all of its labels',
    );
  }
  return new Map(sorted.map(({ label, score }) => [label, score / sum]));
}
