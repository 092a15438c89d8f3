import { Command, Option } from 'commander';
import { DEFAULT_SAMPLE, generateSample, writeSample } from '../interactions/sample.ts';
import { integerFrom, seedOption } from './options.ts';

export function generateSampleCommand(): Command {
  return new Command('generate-sample')
    .description('Writes a SYNTHETIC catalogue with users, for trying everything without data of your own.')
    .argument('<folder>', 'where to; created if missing')
    .addOption(new Option('--users <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.users))
    .addOption(new Option('--items <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.items))
    .addOption(new Option('--categories <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.categories))
    .addOption(seedOption())
    .action(async (folder: string, size: typeof DEFAULT_SAMPLE) => {
      const sample = generateSample(size);
      writeSample(folder, sample);
      const { items, userIds } = sample.dataset;
      console.log(
        `Wrote ${items.length} synthetic items and ${userIds.length} synthetic users to ${folder}.`,
      );
    });
}
