// The synthetic sample, written where nothing of somebody else's is.
import path from 'node:path';
import { generateSample, type Sample, type SampleSize, writeSample } from '../src/interactions/sample.ts';
import { checkReplaceable, prepareOutputFolder } from './outputs/output-file.ts';
import { isListedInSample, isOwnSample } from './outputs/own-outputs.ts';

/** `force` as checkReplaceable has it. */
export async function writeNewSample(folder: string, size: SampleSize, force?: boolean): Promise<Sample> {
  const sample = generateSample(size);
  prepareOutputFolder(folder);
  const files = {
    'dataset.json': isOwnSample,
    'items.jsonl': isListedInSample,
    'interactions.csv': isListedInSample,
    'planted.json': isOwnSample,
  };
  const inFolder = Object.entries(files).map(([name, isOwn]) => ({ file: path.join(folder, name), isOwn }));
  await checkReplaceable(inFolder, force);
  writeSample(folder, sample);
  return sample;
}
