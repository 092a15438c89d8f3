// Texts in, vectors out: any model folder as an encoder, with what embeds a catalogue in TSLRec's second
// step.
import * as z from 'zod';
import { TslrecError } from '../src/errors.ts';
import { writeFileAtomically } from '../src/files.ts';
import { encodeNpy } from '../src/formats/npy.ts';
import { duplicateKey, jsonValue } from '../src/json.ts';
import { modelFolder } from '../src/language-model/files/hub.ts';
import { loadLocalModel } from '../src/language-model/local/local-model.ts';
import type { Progress } from '../src/progress.ts';
import { shown } from '../src/tables/bad-rows.ts';
import { documentIn, JSON_ARRAY } from '../src/tables/json-table.ts';
import { forEachLine } from '../src/tables/lines.ts';
import { firstText } from '../src/tables/text-bytes.ts';
import { unitRows } from '../src/unit-rows.ts';
import { checkReplaceable, prepareOutput } from './outputs/output-file.ts';
import { isNeverOwn } from './outputs/own-outputs.ts';

export interface EmbedOptions {
  /** A model folder, or hub:NAME. */
  readonly model: string;
  /** The folder of a LoRA adapter on it. */
  readonly adapter?: string;
  /** One {"text": ...} a line. */
  readonly input: string;
  /** The .npy file. */
  readonly output: string;
  /** Whether each vector is scaled to length 1; one of zeros stays. */
  readonly normalize: boolean;
  /** Whether a file of that name is replaced; it has no mark that says whose it is. */
  readonly force?: boolean;
  /** Where downloaded models are kept. */
  readonly folder: string;
  /** Sent to the hub alone. */
  readonly accessToken?: string;
  readonly progress: Progress;
}

export interface EmbedResult {
  readonly output: string;
  /** The folder that the model was read from. */
  readonly model: string;
  readonly texts: number;
  readonly width: number;
}

export async function embed({
  model,
  adapter,
  input,
  output,
  normalize,
  force = false,
  ...options
}: EmbedOptions): Promise<EmbedResult> {
  prepareOutput(output, '.npy');
  const files = [{ file: output, isOwn: isNeverOwn }];
  await checkReplaceable(files, force);
  const texts = await readTexts(input);
  const folder = await modelFolder(model, options);
  const encoder = await loadLocalModel(folder, { adapter, kind: 'sentence', readsOnly: true });
  const task = { name: 'embed texts', progress: options.progress };
  const { vectors, width } = await encoder.embed(texts, { task }).finally(() => encoder.release());
  const values = normalize ? Float32Array.from(unitRows(vectors, width)) : vectors;
  await checkReplaceable(files, force);
  writeFileAtomically(output, encodeNpy({ shape: [texts.length, width], values }));
  return { output, model: folder, texts: texts.length, width };
}

const textLine = z.strictObject({ text: z.string().refine((text) => text.isWellFormed()) });

const EXPECTED = 'expected one {"text": "..."} a line';

/** A row of the output is a line of the input: there is none to leave out. */
async function readTexts(file: string): Promise<string[]> {
  const texts: string[] = [];
  const refuse = (line: number, got: string) => {
    throw new TslrecError(
      'bad-data',
      `${file}:${line}: got ${got}, ${EXPECTED}; correct the line, or leave it out.`,
    );
  };
  await refuseDocument(file);
  await forEachLine(file, (raw, line, isWhole) => {
    if (line !== texts.length + 1) refuse(texts.length + 1, 'an empty line');
    if (!isWhole) refuse(line, 'bytes that are not UTF-8');
    const json = jsonValue(raw);
    const read = textLine.safeParse(json);
    if (!read.success) return refuse(line, complaint(raw, read.error));
    const twice = duplicateKey(raw, json);
    if (twice !== undefined) refuse(line, `"${twice.key}" twice in ${shown(raw)}`);
    texts.push(read.data.text);
  });
  if (texts.length === 0)
    throw new TslrecError('bad-data', `${file}: got no line, ${EXPECTED}; give a file with texts.`);
  return texts;
}

/** A line of its own is not to blame where the whole file is another kind of JSON. */
async function refuseDocument(file: string): Promise<void> {
  const got = documentIn(await firstText(file));
  if (got === undefined) return;
  throw new TslrecError(
    'bad-data',
    `${file}: got ${got}, ${EXPECTED}; write it with \`jq -c ${got === JSON_ARRAY ? "'.[]'" : '.'}\`.`,
  );
}

function complaint(raw: string, { issues }: z.ZodError): string {
  const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const hasText = issues.length === 1 && unknown.length > 0;
  return hasText ? `the unknown key ${shown(unknown[0])} in ${shown(raw)}` : shown(raw);
}
