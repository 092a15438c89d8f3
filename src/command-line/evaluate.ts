import { Command, Option } from 'commander';
import { type EvaluateOptions, evaluate } from '../../jobs/evaluate.ts';
import { ARM_NAMES } from '../../jobs/evaluation/arms.ts';
import { checkReplaceable, prepareOutputFolder } from '../../jobs/outputs/output-file.ts';
import type { Config } from '../config.ts';
import { WARM_START_MODES } from '../evaluation/warm-start.ts';
import { SPLIT_NAMES } from '../interactions/split.ts';
import { terminalProgress } from '../progress.ts';
import { CUT_OFFS } from '../recommenders/metrics.ts';
import { MODEL_NAMES } from '../recommenders/models.ts';
import { addDataOptions } from './data-options.ts';
import {
  adapterOption,
  baseOption,
  type ExternalModelOptions,
  externalModel,
  hostedOption,
} from './external-model.ts';
import {
  filesFolder,
  forceOption,
  integerFrom,
  jsonOption,
  lengthOption,
  listOption,
  presetOption,
  reportReading,
  seedOption,
  workOption,
} from './options.ts';
import { evaluationTable } from './render/evaluation-table.ts';
import { reportFiles, writeReport } from './render/report/write-report.ts';

type Options = Omit<EvaluateOptions, 'folder' | 'languageModel' | 'progress'> &
  ExternalModelOptions & {
    readonly store: string;
    readonly report?: string;
    readonly json?: true;
  };

export function evaluateCommand(config: Config): Command {
  const command = new Command('evaluate').description(
    'Trains recommenders from noise, from text features and from the embeddings, and compares them.',
  );
  return addDataOptions(command)
    .addOption(listOption('--models <names>', 'which recommenders', MODEL_NAMES, ['sasrec']))
    .addOption(
      listOption('--arms <names>', 'which starts of their item tables', ARM_NAMES, [
        'random',
        'text',
        'tslrec',
      ]),
    )
    .addOption(
      listOption('--modes <names>', 'how vectors are started from', WARM_START_MODES, [
        'init',
        'frozen',
        'frozen+residual',
      ]),
    )
    .addOption(new Option('--seeds <n>', 'runs of each').argParser(integerFrom(1, 1_000)).default(3))
    .addOption(new Option('--split <name>', 'what is held out').choices(SPLIT_NAMES).default('leave-one-out'))
    .addOption(
      new Option('--candidates <n>', 'rank among so many sampled items, not the whole catalogue').argParser(
        integerFrom(1),
      ),
    )
    .addOption(lengthOption())
    .addOption(
      new Option('--cut-offs <list>', 'the K of the metrics in --report and --json; 10 always is one')
        .argParser(cutOffList)
        .default(CUT_OFFS, CUT_OFFS.join(',')),
    )
    .addOption(baseOption())
    .addOption(adapterOption())
    .addOption(hostedOption())
    .addOption(presetOption())
    .addOption(seedOption())
    .addOption(workOption(config))
    .addOption(
      new Option(
        '--report <folder>',
        'a page, index.html, and beside it evaluation.json, what --json prints',
      ),
    )
    .addOption(forceOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { report, force } = options;
      if (report !== undefined) {
        prepareOutputFolder(report);
        await checkReplaceable(reportFiles(report), force);
      }
      const folder = filesFolder(options.store, config);
      const result = await evaluate({
        ...options,
        languageModel: externalModel(options, config),
        folder,
        onRead: reportReading,
        progress: terminalProgress(),
      });
      console.log(evaluationTable(result));
      if (report !== undefined) {
        await checkReplaceable(reportFiles(report), force);
        console.log(`Report: ${writeReport(report, result)}`);
      }
      if (options.json) console.log(JSON.stringify(result));
    });
}

/** Cut-offs, 10 among them, because modes are chosen by NDCG@10. */
function cutOffList(text: string): number[] {
  const cutOffs = text.split(',').map((part) => integerFrom(1)(part));
  return [...new Set([...cutOffs, 10])].sort((a, b) => a - b);
}
