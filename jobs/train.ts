// One recommender, trained and written as an ONNX file and its weights, for those who serve it or go on
// training it.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { sha256Of } from '../src/file-hash.ts';
import { writeFileAtomically } from '../src/files.ts';
import { writeSafetensors } from '../src/formats/safetensors.ts';
import { hashSplit } from '../src/interactions/hash-dataset.ts';
import type { ReadingReport } from '../src/layouts/read-dataset.ts';
import { type CertainHits, certainHits } from '../src/recommenders/certain-hits.ts';
import { type RankingMetrics, rankingMetrics } from '../src/recommenders/metrics.ts';
import { SEQUENCE_MODELS, type SequenceModelName } from '../src/recommenders/models.ts';
import { encodeOnnxRecommender, shownItems } from '../src/recommenders/onnx-file.ts';
import { type OwnTargets, ownTargets } from '../src/recommenders/own-targets.ts';
import { rankInCatalogue } from '../src/recommenders/ranking.ts';
import { SKIPPED_ROWS } from '../src/storage/store-folder.ts';
import { type ExperimentOptions, openExperiment } from './experiment.ts';
import { checkReplaceable, prepareOutput } from './outputs/output-file.ts';
import {
  isOwnIdsOf,
  isOwnOnnx,
  isOwnSkippedRows,
  isOwnWeights,
  WEIGHTS_MARK,
} from './outputs/own-outputs.ts';
import { defineStage } from './stage.ts';

export interface TrainOptions extends ExperimentOptions {
  readonly model: SequenceModelName;
  /**
   * The .onnx file; beside it the ids of its rows, NAME.ids.txt, one a line, NAME.safetensors with the
   * weights by name, and bad rows that were skipped. A checkpoint lies there while it trains: the same
   * training goes on from it.
   */
  readonly output: string;
  /** Whether files of these names that are not tslrec's own are replaced. */
  readonly force?: boolean;
}

export interface TrainResult extends ReadingReport {
  readonly output: string;
  readonly ids: string;
  readonly weights: string;
  readonly items: number;
  /** How many items of a history the .onnx file is shown. */
  readonly length: number;
  readonly epochs: number;
  readonly validation: RankingMetrics;
  readonly test: RankingMetrics;
  readonly ownTargets: OwnTargets;
  /** At each cut-off, users for whom no more items are ranked than it has. */
  readonly certainHits: readonly CertainHits[];
}

export async function train(options: TrainOptions): Promise<TrainResult> {
  const { output, ids, weights, skippedRowsFile, checkpointOf } = outputFiles(options.output);
  const { force = false } = options;
  const skipped = { file: skippedRowsFile, isOwn: isOwnSkippedRows };
  const results = [
    { file: weights, isOwn: isOwnWeights },
    { file: ids, isOwn: isOwnIdsOf(weights) },
    { file: output, isOwn: isOwnOnnx },
  ];
  await checkReplaceable(options.onBadRow === 'skip' ? [...results, skipped] : results, force);
  const { experiment, report } = await openExperiment(options, skippedRowsFile);
  const { dataset, split, profile, preset, seed } = experiment;
  const { model: name } = options;
  const model = SEQUENCE_MODELS[name](profile, preset.width);
  // A checkpoint of the same training is gone on from.
  const training = defineStage('train', 1, {
    split: hashSplit(split, dataset.items.length),
    model: name,
    length: model.length,
    width: model.width,
    recommender: preset.recommender,
    seed,
  });
  const checkpoint = checkpointOf(training.key);
  const { steps, patience, ...recommender } = preset.recommender;
  const trained = await model.train(split.train, {
    ...recommender,
    stopping: { kind: 'early', validation: split.validation, steps, patience },
    table: { kind: 'random' },
    seed,
    checkpoint,
    progress: options.progress,
    name,
  });
  const metricsOn = async (of: 'validation' | 'test') =>
    rankingMetrics(await rankInCatalogue(trained.recommender, model, split[of]));
  const [validation, test] = [await metricsOn('validation'), await metricsOn('test')];
  await trained.recommender.release();
  await checkReplaceable(results, force);
  const metadata = { model: name, dataset: dataset.name, data: dataset.hash, idsFile: path.basename(ids) };
  const idLines = dataset.items.map(({ itemId }) => `${itemId}\n`);
  writeSafetensors(weights, trained.values, { ...metadata, ...WEIGHTS_MARK, idsSha256: sha256Of(idLines) });
  writeFileAtomically(output, [encodeOnnxRecommender(model, trained, metadata)]);
  writeFileAtomically(ids, idLines);
  rmSync(checkpoint);
  return {
    output,
    ids,
    weights,
    items: dataset.items.length,
    ...report,
    length: shownItems(model),
    epochs: trained.bestEpoch + 1,
    validation,
    test,
    ownTargets: ownTargets(split, dataset.items.length),
    certainHits: certainHits(split, model),
  };
}

/** What is written, in a folder that is there. */
function outputFiles(output: string) {
  prepareOutput(output, '.onnx');
  const { dir, name } = path.parse(output);
  const beside = (extension: string) => path.join(dir, `${name}.${extension}`);
  return {
    output,
    ids: beside('ids.txt'),
    weights: beside('safetensors'),
    skippedRowsFile: beside(SKIPPED_ROWS),
    /** Where a training goes on that was killed, until all of the above is written. */
    checkpointOf: (key: string) => beside(`${key}.checkpoint`),
  };
}
