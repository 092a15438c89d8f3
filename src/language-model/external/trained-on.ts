// Which categories a language model was tuned for elsewhere. Those of other work have other numbers, so that
// it would say something else of everybody, and nobody would notice.
import { TslrecError } from '../../errors.ts';

export interface TrainedOn {
  /** Where it is written down. */
  readonly file: string;
  /** The key of the samples: `work` in sft.json. */
  readonly work: string;
}

export const SAMPLES_ADVICE =
  'run `tslrec export-sft` with the options of this refresh and tune on its samples';

export function checkTrainedOn(trainedOn: TrainedOn | undefined, samplesKey: string): void {
  if (trainedOn === undefined || trainedOn.work === samplesKey) return;
  throw new TslrecError(
    'bad-data',
    `${trainedOn.file}: got a model tuned on the categories of other work (${trainedOn.work}), expected ` +
      `${samplesKey}, that of this data, preset and seed; ${SAMPLES_ADVICE}.`,
  );
}
