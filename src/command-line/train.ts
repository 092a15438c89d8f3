import { Command, Option } from 'commander';
import { type TrainOptions, train } from '../../jobs/train.ts';
import { terminalProgress } from '../progress.ts';
import { SEQUENCE_MODEL_NAMES } from '../recommenders/models.ts';
import { addDataOptions } from './data-options.ts';
import { forceOption, jsonOption, lengthOption, presetOption, reportReading, seedOption } from './options.ts';
import { certainHitsNote } from './render/certain-hits-note.ts';
import { ownTargetsNote } from './render/own-targets-note.ts';

export function trainCommand(): Command {
  const command = new Command('train').description(
    'Trains one recommender and writes it as an ONNX file: histories in, scores of all items out.',
  );
  return addDataOptions(command)
    .addOption(new Option('--model <name>', 'which one').choices(SEQUENCE_MODEL_NAMES).default('sasrec'))
    .addOption(
      new Option('--output <file>', 'where to; the ids of its rows and its weights go beside it').default(
        'model.onnx',
      ),
    )
    .addOption(lengthOption())
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(async (options: Omit<TrainOptions, 'progress'> & { json?: true }) => {
      const result = await train({ ...options, onRead: reportReading, progress: terminalProgress() });
      const { output, ids, weights, items, length, epochs, test } = result;
      console.log(
        `${output}: ${options.model}, ${items} items (${ids}), weights in ${weights}, the last ${length} ` +
          `of a history, ${epochs} epochs, test NDCG@10 ${test['ndcg@10'].toFixed(4)}.`,
      );
      const notes = [...ownTargetsNote(result.ownTargets), ...certainHitsNote(result.certainHits)];
      for (const note of notes) console.log(note);
      if (options.json) console.log(JSON.stringify(result));
    });
}
