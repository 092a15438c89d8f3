// A language model that somebody brings instead of the small one that a refresh trains: one whose files are
// read here, or hosted ones.
import type { Progress } from '../src/progress.ts';
import { findHostedModels, type HostedModels, type HostedModelsFile } from './hosted-models.ts';
import { findOpenModel, type OpenModel, type OpenModelFiles } from './open-model.ts';

export type BroughtModel = OpenModel | HostedModels;

/** Where it is; nothing where nobody brings one. */
export type BroughtModelPlace = OpenModelFiles | HostedModelsFile;

export async function findBroughtModel(
  place: BroughtModelPlace,
  hub: { readonly folder: string; readonly progress: Progress },
): Promise<BroughtModel | undefined> {
  return 'hosted' in place ? findHostedModels(place) : findOpenModel(place, hub);
}
