// A language model in this process: a folder with a decoder, and beside it what was tuned on it: a LoRA
// adapter and, where tslrec trained that, the head that gives a text's distribution over the latent
// categories.
import path from 'node:path';
import { TslrecError } from '../../errors.ts';
import { isThere } from '../../named-file.ts';
import { createRandom, type Random } from '../../random.ts';
import { readDecoder } from '../architecture.ts';
import { readTokenizer } from '../files/folder-tokenizer.ts';
import { HEAD_FILE, readHead } from '../files/model-folder.ts';
import { readModelWeights } from '../files/model-weights.ts';
import { readAdapter } from '../files/peft-adapter.ts';
import { readSentenceModules } from '../files/sentence-modules.ts';
import { isolatedCode } from '../isolated/isolated-code.ts';
import type { LanguageModel } from '../language-model.ts';
import { createLifetime } from '../lifetime.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { createCachedDecoder, decoderParameters } from './cached-decoder.ts';
import { type ChatTemplate, readChatTemplate } from './chat-template.ts';
import { readEndTokens } from './end-tokens.ts';
import { createLocalGenerate } from './generate.ts';
import { createLocalReaders } from './read.ts';
import { createLocalScore } from './score.ts';

export interface LocalModelOptions {
  /** The folder of a LoRA adapter in PEFT's format, with or without a head. */
  readonly adapter?: string;
  /** What draws tokens at a temperature above 0. */
  readonly random?: Random;
}

/** `folder` as transformers writes it: Llama, Mistral, Qwen2 or Qwen3. */
export async function loadLocalModel(
  folder: string,
  { adapter, random = createRandom(crypto.randomUUID()) }: LocalModelOptions = {},
): Promise<LanguageModel> {
  const name = path.basename(path.resolve(folder));
  const config = await readDecoder(folder);
  const endTokens = await readEndTokens(folder);
  const base = await readModelWeights(folder, 'decoder', decoderParameters(config));
  const tuned = adapter === undefined ? undefined : await readAdapter(adapter, { kind: 'decoder', config });
  if (tuned?.adaptsOutput) {
    throw new TslrecError(
      'bad-data',
      `${adapter}: got an adapter on the output layer lm_head too, expected one on the layers before it; ` +
        'merge it into its model with PEFT and give that folder.',
    );
  }
  const hasHead = adapter !== undefined && isThere(path.join(adapter, HEAD_FILE));
  const head = hasHead ? await readHead(adapter, config.hidden_size) : undefined;
  const { hidden_size } = config;
  // A head was learnt on pooled hidden states; without one a vector is what the folder's own modules make of
  // them.
  const modules = head
    ? { pooling: head.pooling, layers: [], values: new Map(), width: hidden_size }
    : await readSentenceModules(folder, hidden_size);
  const values = new Map([...base, ...(tuned?.values ?? []), ...(head?.values ?? []), ...modules.values]);
  const { tokenizer, template } = await readCode(folder, config.vocab_size);
  const decoder = createCachedDecoder(config, values, tuned?.lora);
  const readers = createLocalReaders(
    { config, lora: tuned?.lora, categoryCount: head?.categoryCount, values, modules, width: modules.width },
    { name, tokenizer },
  );
  const chat = { tokenizer, decoder, template, endTokens };
  const generate = createLocalGenerate(chat, { name, maxTokens: config.max_position_embeddings, random });
  const score = createLocalScore(chat, { name, maxTokens: config.max_position_embeddings });

  /** The steps under way: graphs are freed when the last one has ended. */
  const steps = new Set<Promise<unknown>>();
  function step<T>(work: Promise<T>): Promise<T> {
    steps.add(work);
    return work.finally(() => steps.delete(work));
  }

  let released: Promise<void> | undefined;
  const { signalWith, end } = createLifetime(`The language model ${name}`);
  return {
    name,
    embed: async (texts, options = {}) =>
      step(readers.embed(texts, { ...options, signal: signalWith(options.signal) })),
    classify: async (texts, options = {}) =>
      step(readers.classify(texts, { ...options, signal: signalWith(options.signal) })),
    async *generate(messages, options) {
      const pieces = generate(messages, { ...options, signal: signalWith(options.signal) })[
        Symbol.asyncIterator
      ]();
      try {
        for (let next = await step(pieces.next()); !next.done; next = await step(pieces.next()))
          yield next.value;
      } finally {
        await pieces.return?.();
      }
    },
    score: async (prompt, choices, options = {}) => step(score(prompt, choices, signalWith(options.signal))),
    release() {
      end();
      released ??= Promise.allSettled(steps)
        .then(() => Promise.all([decoder.release(), readers.release()]))
        .then(() => tokenizer.release());
      return released;
    },
  };
}

/** What runs in a process of its own is read last: it costs most, and is to be released. */
async function readCode(
  folder: string,
  vocabularySize: number,
): Promise<{ tokenizer: Tokenizer; template: ChatTemplate }> {
  const code = isolatedCode();
  try {
    const tokenizer = await readTokenizer(folder, { vocabularySize, code });
    return { tokenizer, template: await readChatTemplate(folder, code) };
  } catch (error) {
    code.release();
    throw error;
  }
}
