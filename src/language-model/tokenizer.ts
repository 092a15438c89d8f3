// Tokenizers of Hugging Face's `tokenizers` in this process: what a tokenizer.json says, and a byte-level BPE
// (Sennrich et al., arXiv 1508.07909; byte alphabet of GPT-2) trained on the catalogue's text, where any byte
// has a token and nothing is unknown. Those of model folders run elsewhere (folder-tokenizer.ts).
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { byteLevelAlphabet, Tokenizer as HfTokenizer } from 'tokenizers';
import { inBlocks } from './pooled/pooled-batches.ts';

const runFile = promisify(execFile);

export interface Tokenizer {
  readonly vocabularySize: number;
  /**
   * With the special tokens that the tokenizer puts around a text, unless they stand in it; all of it,
   * without padding.
   */
  encode(texts: readonly string[], options?: { readonly bare?: boolean }): Promise<Int32Array[]>;
  /** The text of tokens, without special ones; a character that is not complete is U+FFFD. */
  decode(tokens: readonly number[]): Promise<string>;
  release(): void;
}

export interface TrainedTokenizer extends Tokenizer {
  /** The token that separates texts. */
  readonly endOfText: number;
  /** The contents of tokenizer.json. */
  readonly json: string;
}

export const END_OF_TEXT = '<|endoftext|>';
const END_OF_TEXT_ID = 0;

/**
 * The trainer of the Node binding takes no options and learns up to 30,000 tokens; merges are learnt one by
 * one, so that the first n of them are exactly what training for n merges gives.
 */
export async function trainTokenizer(
  texts: readonly string[],
  vocabularySize: number,
): Promise<TrainedTokenizer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'tslrec-tokenizer-'));
  try {
    const corpus = path.join(folder, 'corpus.txt');
    const trained = path.join(folder, 'tokenizer.json');
    await writeFile(corpus, texts.map((text) => text.replaceAll('\n', ' ')).join('\n'));
    await runFile(process.execPath, [path.join(import.meta.dirname, 'train-bpe.ts'), corpus, trained]);
    const json = truncate(await readFile(trained, 'utf8'), vocabularySize);
    return { ...tokenizerFromJson(json), endOfText: END_OF_TEXT_ID, json };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Encoded at once: what the binding keeps of each token is a hundred times its id.
 */
const TEXTS_AT_ONCE = 1_000;

/**
 * What tokenizer.json says of padding and truncation is not followed, as in transformers: it is left over
 * from training. Who reads texts cuts them (pooled/cut-text.ts).
 */
export function tokenizerFromJson(json: string): Tokenizer {
  const tokenizer = HfTokenizer.fromString(json);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  return {
    vocabularySize: tokenizer.getVocabSize(true),
    async encode(texts, { bare = false } = {}) {
      const encoded: Int32Array[] = [];
      for (const block of inBlocks(texts, TEXTS_AT_ONCE)) {
        const encodings = await tokenizer.encodeBatch(block, { addSpecialTokens: !bare });
        for (const encoding of encodings) encoded.push(Int32Array.from(encoding.getIds()));
      }
      return encoded;
    },
    decode: (tokens) => tokenizer.decode([...tokens], true),
    release() {},
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
        id: END_OF_TEXT_ID,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      ...tokenizer.model,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  });
}
