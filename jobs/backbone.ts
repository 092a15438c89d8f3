// The SASRec that item vectors are learnt with, in a refresh and for the text arm of an evaluation.
import type { DataProfile } from '../src/recommenders/data-profile.ts';
import { sasrecModel } from '../src/recommenders/models.ts';
import type { SequenceModel } from '../src/recommenders/sequence-model.ts';
import type { Preset } from './presets.ts';

const LONGEST = 50;

/**
 * Every position is a target, with at most 50 items before it: longer ones taught no better vectors
 * (docs/LOG.md).
 */
export function backboneFor(profile: DataProfile, { width }: Preset): SequenceModel {
  return sasrecModel({ ...profile, length: Math.min(LONGEST, profile.length) }, width);
}
