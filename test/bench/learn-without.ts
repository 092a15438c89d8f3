// The pipeline on data that lack all interactions with some items, and every kind of item vector that it
// makes on its way: TSLRec's and what they are to be compared with.

import { learningIn } from '../../jobs/experiment.ts';
import { learn } from '../../jobs/learn.ts';
import type { Preset } from '../../jobs/presets.ts';
import { augment } from '../../jobs/stages/augment.ts';
import { textFeatures } from '../../jobs/stages/text-features.ts';
import { blockScalings, joinBlocks } from '../../src/embeddings/item-features.ts';
import { TslrecError } from '../../src/errors.ts';
import type { Dataset } from '../../src/interactions/dataset.ts';
import { leaveOneOut } from '../../src/interactions/split.ts';
import { findOpenModel } from '../../src/language-model/external/open-model.ts';
import type { Progress } from '../../src/progress.ts';
import { profileOf } from '../../src/recommenders/data-profile.ts';
import { withoutInteractions } from './held-out-items.ts';

export interface VectorKind {
  readonly name: string;
  readonly width: number;
  /** [N, width]. */
  readonly values: Float32Array;
}

export interface LearntWithout {
  /** What was learnt from, of each user. */
  readonly train: readonly Int32Array[];
  readonly kinds: readonly VectorKind[];
}

export interface LearnWithoutOptions {
  /** Where the stages keep their files. */
  readonly folder: string;
  readonly preset: Preset;
  readonly seed: number;
  /**
   * A language model that is tuned in place of one trained on the catalogue's words: a folder or hub:NAME.
   */
  readonly base?: string;
  readonly progress: Progress;
}

export const TSLREC = 'tslrec';
export const TEXT = 'text';
export const ADAPTED_TEXT = 'text, adapted';

export async function learnWithout(
  complete: Dataset,
  heldOut: ReadonlySet<number>,
  { preset, base, ...options }: LearnWithoutOptions,
): Promise<LearntWithout> {
  const dataset = withoutInteractions(complete, heldOut);
  const split = leaveOneOut(dataset.sequences);
  const learning = learningIn(options.folder, {
    dataset,
    split,
    profile: profileOf(dataset, split),
    preset,
    seed: options.seed,
    progress: options.progress,
  });
  const text = await textFeatures(learning);
  if (text.length === 0)
    throw new TslrecError(
      'bad-data',
      `${dataset.name} has no text that two items share: there is nothing to compare with.`,
    );
  const languageModel = await findOpenModel({ base }, options);
  const { augmented, inferred } = await learn(learning, { languageModel });
  const textArm = await augment(learning, 'text-arm', text);

  const N = dataset.items.length;
  const kind = (name: string, values: Float32Array): VectorKind => ({
    name,
    width: values.length / N,
    values,
  });
  const hidden = { ...kind('hidden vectors', inferred.itemHidden), rowLength: 1 };
  return {
    train: split.train,
    kinds: [
      kind(TSLREC, augmented.embeddings),
      kind(TEXT, text[0].values),
      kind(ADAPTED_TEXT, textArm.embeddings),
      // Centred: such vectors have a common direction.
      { ...hidden, values: joinBlocks([hidden], blockScalings([hidden])) },
      kind('category distributions', inferred.itemDistributions),
    ],
  };
}
