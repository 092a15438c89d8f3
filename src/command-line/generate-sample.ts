import { Command, Option } from 'commander';
import { writeNewSample } from '../../jobs/generate-sample.ts';
import { DEFAULT_SAMPLE } from '../interactions/sample.ts';
import { forceOption, integerFrom, seedOption } from './options.ts';

export function generateSampleCommand(): Command {
  return new Command('generate-sample')
    .description('Writes a SYNTHETIC catalogue with users, for trying everything without data of your own.')
    .argument('<folder>', 'where to; created if missing')
    .addOption(new Option('--users <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.users))
    .addOption(new Option('--items <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.items))
    .addOption(new Option('--categories <n>').argParser(integerFrom(1)).default(DEFAULT_SAMPLE.categories))
    .addOption(seedOption())
    .addOption(forceOption())
    .action(async (folder: string, { force, ...size }: typeof DEFAULT_SAMPLE & { force: boolean }) => {
      const { items, userIds } = (await writeNewSample(folder, size, force)).dataset;
      console.log(
        `Wrote ${items.length} synthetic items and ${userIds.length} synthetic users to ${folder}.`,
      );
    });
}
