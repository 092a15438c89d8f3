// A language model in this process: a model folder, and beside it what was tuned on it: a LoRA adapter and,
// where tslrec trained that, the head that gives a text's distribution over the latent categories; or the
// same in memory, right after it was trained.
import path from 'node:path';
import { TslrecError } from '../../errors.ts';
import { isThere } from '../../named-file.ts';
import { createRandom, type Random } from '../../random.ts';
import { parametersOf, readArchitecture } from '../architecture.ts';
import { readTokenizer } from '../files/folder-tokenizer.ts';
import { HEAD_FILE, readHead } from '../files/model-folder.ts';
import { readModelWeights } from '../files/model-weights.ts';
import { readAdapter } from '../files/peft-adapter.ts';
import { readSentenceModules } from '../files/sentence-modules.ts';
import { isolatedCode } from '../isolated/isolated-code.ts';
import type { LanguageModel } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import { createLifetime } from '../lifetime.ts';
import type { TextKind } from '../pooled/cut-text.ts';
import {
  createTextReader,
  type ReadingLimit,
  type ReadingModel,
  type ReadTextsOptions,
} from '../pooled/text-reader.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { createCachedDecoder, decoderParameters } from './cached-decoder.ts';
import { type ChatTemplate, readChatTemplate } from './chat-template.ts';
import { readEndTokens } from './end-tokens.ts';
import { type Chat, createLocalGenerate } from './generate.ts';
import { createLocalScore } from './score.ts';

export interface LocalModelOptions {
  /** The folder of a LoRA adapter in PEFT's format, with or without a head. */
  readonly adapter?: string;
  /** Reads fewer tokens of a text than the model could. */
  readonly maxTokens?: number;
  /**
   * What is embedded. 'sentence': each has the vector that sentence-transformers gives it, whatever head the
   * adapter has. 'prompt', the default: too long a one loses its beginning (cut-text.ts).
   */
  readonly kind?: TextKind;
  /** Whether it is only to read: what answers take is then not loaded. An encoder can do nothing else. */
  readonly readsOnly?: boolean;
  /** Whether it has read other texts before, and told them apart. */
  readonly proven?: boolean;
  /** What draws tokens at a temperature above 0. */
  readonly random?: Random;
}

/** `folder` as transformers writes it: Llama, Mistral, Qwen2, Qwen3 or BERT. */
export async function loadLocalModel(
  folder: string,
  {
    adapter,
    maxTokens,
    kind = 'prompt',
    readsOnly = false,
    proven,
    random = createRandom(crypto.randomUUID()),
  }: LocalModelOptions = {},
): Promise<LanguageModel> {
  const name = path.basename(path.resolve(folder));
  const architecture = await readArchitecture(folder);
  const { hidden_size, max_position_embeddings, vocab_size } = architecture.config;
  const answering = architecture.kind === 'decoder' && !readsOnly ? architecture.config : undefined;
  const endTokens = answering && (await readEndTokens(folder));
  // A head was learnt on pooled hidden states; without one a vector is what the folder's own modules make of
  // them.
  const hasHead = adapter !== undefined && kind === 'prompt' && isThere(path.join(adapter, HEAD_FILE));
  const head = hasHead ? await readHead(adapter, hidden_size) : undefined;
  const modules = head ? undefined : await readSentenceModules(folder, hidden_size);
  const tuned = adapter === undefined ? undefined : await readAdapter(adapter, architecture);
  if (answering && tuned?.adaptsOutput) {
    throw new TslrecError(
      'bad-data',
      `${adapter}: got an adapter on the output layer lm_head too, expected one on the layers before it; ` +
        'merge it into its model with PEFT and give that folder.',
    );
  }
  const parameters = answering ? decoderParameters(answering) : parametersOf(architecture);
  const base = await readModelWeights(folder, architecture.kind, parameters);
  const values = new Map([...base, ...(tuned?.values ?? []), ...(head ?? modules)!.values]);
  const { tokenizer, template } = await readCode(folder, vocab_size, answering !== undefined);
  const limits = [
    { maxTokens: max_position_embeddings, limitedBy: 'max_position_embeddings of config.json' },
    ...(modules ? [modules] : []),
    ...(maxTokens === undefined ? [] : [{ maxTokens, limitedBy: 'maxTokens' }]),
  ];
  const limit = limits.reduce((least, other) => (other.maxTokens < least.maxTokens ? other : least));
  const model = createLocalModel({
    name,
    model: { ...(head ?? modules)!, architecture, lora: tuned?.lora, values },
    tokenizer,
    limit: { ...limit, kind },
    proven,
    answers: answering && {
      decoder: createCachedDecoder(answering, values, tuned?.lora),
      template: template!,
      endTokens: endTokens!,
      maxTokens: max_position_embeddings,
      random,
    },
  });
  return { ...model, release: () => model.release().then(() => tokenizer.release()) };
}

export interface LocalModelParts {
  /** What errors call it. */
  readonly name: string;
  /** Its values may be in memory alone: a TunedModel is one. */
  readonly model: ReadingModel;
  /** Stays the caller's: a release of the model leaves it. */
  readonly tokenizer: Tokenizer;
  readonly limit: ReadingLimit;
  /** Whether it has read other texts before, and told them apart. */
  readonly proven?: boolean;
  /** What answering takes; a model without only reads. */
  readonly answers?: Omit<Chat, 'tokenizer'> & { readonly maxTokens: number; readonly random: Random };
}

/** Runs values that are there: those of a folder, or what was just trained. */
export function createLocalModel(parts: LocalModelParts): LanguageModel {
  const { name, model, tokenizer, limit, answers } = parts;
  const { categoryCount: K } = model;
  const labels = Array.from({ length: K ?? 0 }, (_, k) => String(k));
  const reader = createTextReader(model, limit, parts);
  const chat = answers && { ...answers, tokenizer };
  const generate = chat && createLocalGenerate(chat, { name, ...chat });
  const score = chat && createLocalScore(chat, { name, ...chat });

  /** The steps under way: graphs are freed when the last one has ended. */
  const steps = new Set<Promise<unknown>>();
  function step<T>(work: Promise<T>): Promise<T> {
    steps.add(work);
    return work.finally(() => steps.delete(work));
  }

  let released: Promise<void> | undefined;
  const { signalWith, end } = createLifetime(`The language model ${name}`);
  const read = (texts: readonly string[], options: ReadTextsOptions) =>
    step(reader.read(texts, { ...options, signal: signalWith(options.signal) }));
  const unsupported = (what: string, advice: string) =>
    new LanguageModelError('unsupported', `The language model ${name} ${what}: ${advice}.`);
  const requireHead = () => {
    if (K !== undefined) return;
    throw unsupported(
      'has no category head',
      'give the adapter folder that a refresh left, or embed its texts',
    );
  };
  const readsOnly = () =>
    unsupported('only reads texts', 'give the folder of a decoder, opened to answer, or embed the texts');
  return {
    name,
    async embed(texts, { onBatch, ...options } = {}) {
      const { vectors } = await read(texts, {
        ...options,
        onBatch: onBatch && (({ start, count, vectors: rows }) => onBatch({ start, count, rows })),
      });
      return { vectors, width: reader.width };
    },
    async classify(texts, { onBatch, ...options } = {}) {
      requireHead();
      const { probabilities } = await read(texts, {
        ...options,
        onBatch: onBatch && (({ start, count, probabilities: rows }) => onBatch({ start, count, rows })),
      });
      return { probabilities, labels };
    },
    async read(texts, { signal, task } = {}) {
      requireHead();
      return { ...(await read(texts, { signal, task })), width: reader.width, labels };
    },
    async *generate(messages, options) {
      if (!generate) throw readsOnly();
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
    async score(prompt, choices, options = {}) {
      if (!score) throw readsOnly();
      return step(score(prompt, choices, signalWith(options.signal)));
    },
    release() {
      end();
      released ??= Promise.allSettled(steps).then(async () => {
        await Promise.all([chat?.decoder.release(), reader.release()]);
      });
      return released;
    },
  };
}

/** What runs in a process of its own is read last: it costs most, and is to be released. */
async function readCode(
  folder: string,
  vocabularySize: number,
  answers: boolean,
): Promise<{ tokenizer: Tokenizer; template: ChatTemplate | undefined }> {
  const code = isolatedCode();
  try {
    const tokenizer = await readTokenizer(folder, { vocabularySize, code });
    return { tokenizer, template: answers ? await readChatTemplate(folder, code) : undefined };
  } catch (error) {
    code.release();
    throw error;
  }
}
