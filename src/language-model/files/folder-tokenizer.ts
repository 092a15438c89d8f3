// The tokenizer of a model folder, in a process of its own: what it computes is written by whoever made the
// folder.
import path from 'node:path';
import { TslrecError } from '../../errors.ts';
import { readNamedText } from '../../named-file.ts';
import { type IsolatedCode, isolatedCode, type Work } from '../isolated/isolated-code.ts';
import type { Tokenizer } from '../tokenizer.ts';

const ADVICE = 'give a folder whose tokenizer does, or save it anew with transformers';
/** The largest today has 33 MB. */
const LARGEST_TOKENIZER = 5e7;

export interface FolderTokenizerOptions {
  /** vocab_size of config.json: a tokenizer of another model may know more tokens. */
  readonly vocabularySize: number;
  /** Where it is to run; its release is then the caller's. */
  readonly code?: IsolatedCode;
}

/** The tokenizer of a model folder; to be released. */
export async function readTokenizer(
  folder: string,
  { vocabularySize, code: shared }: FolderTokenizerOptions,
): Promise<Tokenizer> {
  const file = path.join(folder, 'tokenizer.json');
  const json = Buffer.from(await readNamedText(file, LARGEST_TOKENIZER));
  const code = shared ?? isolatedCode();
  const reading: Work = {
    subject: `${file}: the tokenizer`,
    advice: ADVICE,
    amount: { json: json.length },
    refusal: (message) =>
      new TslrecError(
        'bad-data',
        `${file}: got what is no tokenizer (${message}), expected one as Hugging Face's tokenizers save ` +
          'it; copy it again.',
      ),
  };
  const work = (task: string, bytes: number): Work => ({
    subject: `${file}: the tokenizer, asked to ${task},`,
    advice: ADVICE,
    amount: { text: bytes },
    refusal: (message) =>
      new TslrecError('bad-data', `${file}: the tokenizer cannot ${task} (${message}); ${ADVICE}.`),
  });
  const known = (tokens: Int32Array): Int32Array => {
    const unknown = tokens.find((token) => token < 0 || token >= vocabularySize);
    if (unknown === undefined) return tokens;
    throw new TslrecError(
      'bad-data',
      `${file}: got the token ${unknown}, expected numbers from 0 to below the vocab_size ` +
        `${vocabularySize} of config.json; give a folder whose files belong to one model.`,
    );
  };
  return {
    vocabularySize: await code.ask('tokenizer', { json }, reading).catch((error) => {
      if (shared === undefined) code.release();
      throw error;
    }),
    async encode(texts, { bare = false } = {}) {
      const encoded: Int32Array[] = [];
      for (const { block, bytes } of textBlocks(texts)) {
        const task = `encode ${block.length} ${block.length === 1 ? 'text' : 'texts'}`;
        const tokens = await code.ask('encode', { texts: block, bare }, work(task, bytes));
        for (const text of tokens) encoded.push(known(text));
      }
      return encoded;
    },
    decode: (tokens) => code.ask('decode', { tokens }, work(`decode ${tokens.length} tokens`, tokens.length)),
    release: () => code.release(),
  };
}

/** Texts of a call: by their bytes its time and memory are limited. */
const MOST_TEXTS = 1_000;
const MOST_BYTES = 250_000;

function* textBlocks(texts: readonly string[]): Generator<{ block: string[]; bytes: number }> {
  let block: string[] = [];
  let bytes = 0;
  for (const text of texts) {
    const more = Buffer.byteLength(text);
    if (block.length === MOST_TEXTS || (block.length > 0 && bytes + more > MOST_BYTES)) {
      yield { block, bytes };
      block = [];
      bytes = 0;
    }
    block.push(text);
    bytes += more;
  }
  if (block.length > 0) yield { block, bytes };
}
