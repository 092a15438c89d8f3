// A language model that somebody brings instead of the small one that a refresh trains: one whose files are
// read here, or hosted ones.
import type { Progress } from '../../progress.ts';
import { findHostedModels, type HostedModels, type HostedModelsFile } from './hosted-models.ts';
import { findOpenModel, type OpenModel, type OpenModelFiles } from './open-model.ts';

export type ExternalModel = OpenModel | HostedModels;

/** Where it is; nothing where nobody brings one. */
export type ExternalModelPlace = OpenModelFiles | HostedModelsFile;

export async function findExternalModel(
  place: ExternalModelPlace,
  hub: { readonly folder: string; readonly progress: Progress },
): Promise<ExternalModel | undefined> {
  return 'hosted' in place ? findHostedModels(place) : findOpenModel(place, hub);
}
