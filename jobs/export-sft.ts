// The SFT samples of a refresh, for those who tune a language model elsewhere: jobs/finetune_trl.py, or a
// trainer of their own. The stages up to the samples are those of a refresh with the same options, and are
// shared with it.
//   samples.jsonl   {"userId", "prompt", "target": [K]} a line: for a head over the K categories
//   chat.jsonl      {"messages": [...]} a line, of the same users in the same order: for models that generate
//   sft.json        what the two are; written last, so that a folder with it is whole
import { rmSync } from 'node:fs';
import path from 'node:path';
import { sha256Of } from '../src/file-hash.ts';
import { writeFileAtomically } from '../src/files.ts';
import { chatSample, chatTemplateHash } from '../src/instructions/chat-samples.ts';
import { type PromptOptions, promptTemplateHash, type SftSample } from '../src/instructions/sft-samples.ts';
import type { ReadingReport } from '../src/layouts/read-dataset.ts';
import { type ExperimentOptions, learningIn, openExperiment, skippedRowsIn } from './experiment.ts';
import { learnSamples } from './learn.ts';
import { checkReplaceable, type OutputFile, prepareOutputFolder } from './outputs/output-file.ts';
import { isListedInSft, isOwnSft } from './outputs/own-outputs.ts';
import type { PresetName } from './presets.ts';
import { promptOf } from './stages/instruct.ts';
import { readSrsEmbeddings, type SrsEmbeddings, type SrsFiles } from './stages/srs-embeddings.ts';

export interface ExportSftOptions extends ExperimentOptions {
  /** Where the three files go; made if missing. */
  readonly output: string;
  /** Where the stages are kept, and found if a refresh has made them. */
  readonly folder: string;
  /** Item vectors of a recommender that somebody runs, in place of the built-in pre-training. */
  readonly srs?: SrsFiles;
  /** Whether files of these names that are not tslrec's own are replaced. */
  readonly force?: boolean;
}

/** The contents of sft.json. */
export interface SftManifest {
  readonly dataset: { readonly name: string; readonly hash: string };
  readonly preset: PresetName;
  readonly seed: number;
  readonly srs?: SrsEmbeddings['source'];
  /** Names the samples: what is tuned on them says so, and a refresh of other samples refuses it. */
  readonly work: string;
  /** K. */
  readonly categoryCount: number;
  /** Lines of each file. */
  readonly samples: number;
  /** Users without a training interaction have none. */
  readonly usersWithoutSample: number;
  readonly prompt: PromptOptions & { readonly templateHash: string };
  readonly chat: { readonly templateHash: string };
  /** Of the two files of samples. */
  readonly sha256: Readonly<Record<string, string>>;
  /**
   * How the head that tslrec loads reads a prompt: of a longer one the beginning is cut; hidden states are
   * averaged.
   */
  readonly head: { readonly longestPrompt: number; readonly pooling: 'mean' };
}

export interface ExportSftResult extends SftManifest, ReadingReport {
  readonly output: string;
}

export async function exportSft({
  output,
  folder,
  force,
  ...options
}: ExportSftOptions): Promise<ExportSftResult> {
  prepareOutputFolder(output);
  const files = outputFiles(output);
  await checkReplaceable(files, force);
  const skippedRowsFile = await skippedRowsIn(folder, { ...options, force });
  const { experiment, report } = await openExperiment(options, skippedRowsFile);
  const { dataset, preset } = experiment;
  const srs = options.srs && (await readSrsEmbeddings(options.srs, dataset.items));
  const { categories, samples } = await learnSamples(learningIn(folder, experiment), { srs });

  const { categoryCount } = categories;
  const prompt = promptOf(preset);
  const lines = linesOf(samples.samples);
  const manifest: SftManifest = {
    dataset: { name: dataset.name, hash: dataset.hash },
    preset: options.preset,
    seed: options.seed,
    srs: srs?.source,
    work: samples.key,
    categoryCount,
    samples: samples.samples.length,
    usersWithoutSample: dataset.userIds.length - samples.samples.length,
    prompt: { ...prompt, templateHash: promptTemplateHash(prompt) },
    chat: { templateHash: chatTemplateHash(categoryCount) },
    sha256: Object.fromEntries(Object.entries(lines).map(([name, chunks]) => [name, sha256Of(chunks())])),
    head: { longestPrompt: preset.languageModel.prompt.longest, pooling: 'mean' },
  };
  await checkReplaceable(files, force);
  writeFolder(output, lines, manifest);
  return { output, ...report, ...manifest };
}

const MANIFEST = 'sft.json';

/** The lines of each file, made anew for each reader. */
type Lines = Readonly<Record<'samples.jsonl' | 'chat.jsonl', () => Iterable<string>>>;

function linesOf(samples: readonly SftSample[]): Lines {
  const lines = (json: (sample: SftSample) => object) =>
    function* () {
      for (const sample of samples) yield `${JSON.stringify(json(sample))}\n`;
    };
  return {
    'samples.jsonl': lines((sample) => ({ ...sample, target: [...sample.target] })),
    'chat.jsonl': lines(chatSample),
  };
}

function outputFiles(folder: string): OutputFile[] {
  return [
    { file: path.join(folder, MANIFEST), isOwn: isOwnSft },
    ...['samples.jsonl', 'chat.jsonl'].map((name) => ({
      file: path.join(folder, name),
      isOwn: isListedInSft,
    })),
  ];
}

function writeFolder(folder: string, lines: Lines, manifest: SftManifest): void {
  const manifestFile = path.join(folder, MANIFEST);
  rmSync(manifestFile, { force: true });
  for (const [name, chunks] of Object.entries(lines)) writeFileAtomically(path.join(folder, name), chunks());
  writeFileAtomically(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
}
