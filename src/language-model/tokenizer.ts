// A byte-level BPE tokenizer (Sennrich et al., arXiv 1508.07909; byte alphabet of GPT-2), trained on the
// catalogue's text by Hugging Face's `tokenizers`. Any byte has a token, so nothing is ever unknown.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { byteLevelAlphabet, Tokenizer as HfTokenizer } from 'tokenizers';

const runFile = promisify(execFile);

export interface Tokenizer {
  readonly vocabularySize: number;
  /** The token that separates texts. */
  readonly endOfText: number;
  encode(texts: readonly string[]): Promise<Int32Array[]>;
  /** The contents of tokenizer.json. */
  readonly json: string;
}

export const END_OF_TEXT = '<|endoftext|>';

/**
 * The trainer of the Node binding takes no options and learns up to 30,000 tokens; merges are learnt one by one,
 * so that the first n of them are exactly what training for n merges gives.
 */
export async function trainTokenizer(texts: readonly string[], vocabularySize: number): Promise<Tokenizer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-tokenizer-'));
  try {
    const corpus = path.join(folder, 'corpus.txt');
    const trained = path.join(folder, 'tokenizer.json');
    await writeFile(corpus, texts.map((text) => text.replaceAll('\n', ' ')).join('\n'));
    await runFile(process.execPath, [path.join(import.meta.dirname, 'train-bpe.ts'), corpus, trained]);
    return tokenizerFromJson(truncate(await readFile(trained, 'utf8'), vocabularySize));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function tokenizerFromJson(json: string): Tokenizer {
  const tokenizer = HfTokenizer.fromString(json);
  return {
    vocabularySize: tokenizer.getVocabSize(true),
    endOfText: tokenizer.tokenToId(END_OF_TEXT)!,
    json,
    async encode(texts) {
      const encodings = await tokenizer.encodeBatch([...texts]);
      return encodings.map((encoding) => Int32Array.from(encoding.getIds()));
    },
  };
}

/** Keeps the end-of-text token, the 256 bytes and as many merges as there is room for. */
function truncate(json: string, vocabularySize: number): string {
  const tokenizer = JSON.parse(json) as { model: { merges: [string, string][] } };
  const symbols = [END_OF_TEXT, ...byteLevelAlphabet().sort()];
  const merges = tokenizer.model.merges.slice(0, Math.max(0, vocabularySize - symbols.length));
  const vocabulary = [...symbols, ...merges.map(([left, right]) => left + right)];
  return JSON.stringify({
    ...tokenizer,
    added_tokens: [
      {
        id: 0,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { ...tokenizer.model, vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])), merges },
  });
}
