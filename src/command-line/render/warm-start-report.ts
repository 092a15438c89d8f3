// What a refresh tells of the recommenders that it started from its embeddings.

import type { WarmStarts } from '../../../jobs/stages/warm-starts.ts';
import type { Reached } from '../../../jobs/train-and-rank.ts';
import { certainHitsNote } from './certain-hits-note.ts';
import { figure, percent } from './evaluation-table.ts';
import { ownTargetsNote } from './own-targets-note.ts';
import { textTable } from './text-table.ts';

export function warmStartReport({ random, modes, best, gain, ownTargets, certainHits }: WarmStarts): string {
  const row = (start: string, { validationNdcg, test, epochs }: Reached) => [
    start,
    figure(validationNdcg),
    figure(test['ndcg@10']),
    figure(test['hr@10']),
    `${epochs}`,
  ];
  return [
    'A recommender that starts from the ' +
      `embeddings${gain === undefined ? '' : `, ${percent(gain)} NDCG@10 on validation`}:`,
    textTable(
      ['start', 'val. NDCG@10', 'test NDCG@10', 'HR@10', 'epochs'],
      [
        ...(random ? [row('random', random)] : []),
        ...modes.map((mode) => row(`${mode.mode}${mode.mode === best ? ' *' : ''}`, mode)),
      ],
    ),
    '* = the mode that validation chose; one seed.',
    ...ownTargetsNote(ownTargets),
    ...certainHitsNote(certainHits),
  ].join('\n');
}
