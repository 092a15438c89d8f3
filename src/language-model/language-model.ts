// What this program asks of a language model, wherever it runs: in this process or behind HTTP
// (hosted/hosted-model.ts). Whatever implements it passes test/support/language-model-contract.ts. Legend: n
// texts, H width, K labels.
//
// Not every model can do all of it: an encoder cannot generate. What a model cannot do rejects with a
// LanguageModelError whose reason is `unsupported`, or `refused` where only its server knows, and whose
// sentence says what to use instead. An aborted call rejects with its signal's reason.

import type { Progress } from '../progress.ts';

export interface LanguageModel {
  /** What errors and manifests call it. */
  readonly name: string;

  /**
   * One vector a text, the same alone as among others. A text longer than the model reads is cut, at its
   * beginning where that can be chosen: in a history that is the oldest part. An empty text is not read; its
   * vector is zeros.
   */
  embed(texts: readonly string[], options?: ReadOptions): Promise<Embeddings>;

  /**
   * One distribution over the model's labels a text, the same alone as among others; an empty text's is
   * uniform.
   */
  classify(texts: readonly string[], options?: ReadOptions): Promise<Distributions>;

  /** What `embed` and `classify` give, in one pass over the texts where the model runs here. */
  read(texts: readonly string[], options?: ReadBothOptions): Promise<Embeddings & Distributions>;

  /**
   * The model's answer, in pieces of text as they come. A reader that leaves the loop ends the generation.
   *
   * A draft that a reasoning model writes first (`<think>...</think>` and its kin, or fields of their own) is
   * no part of the answer, and a stop text in it ends nothing. An answer that ends inside its draft rejects
   * with the reason `unfinished-draft`. One case cannot be told as the pieces come: a hosted server may open
   * the draft out of sight, in its chat template, so that its words come first and then `</think>`. Who reads
   * whole answers cuts those off with `behindDrafts` (draft.ts).
   */
  generate(messages: readonly Message[], options: GenerateOptions): AsyncIterable<string>;

  /**
   * ln P(choice | prompt) of each choice: the sum of the log-probabilities of the choice's tokens behind the
   * prompt's, in the tokenizer's cut of prompt + choice. Begin a choice with the space that parts it from the
   * prompt, so that no token reaches across the join.
   */
  score(prompt: string, choices: readonly string[], options?: ScoreOptions): Promise<Scores>;

  /**
   * Ends what is under way and frees what is held; calls are refused afterwards. A second release does
   * nothing.
   */
  release(): Promise<void>;
}

export interface ReadBothOptions {
  readonly signal?: AbortSignal;
  /** Its bar counts texts. */
  readonly task?: ReadTask;
}

export interface ReadTask {
  /** What is done, as the bar and errors call it. */
  readonly name: string;
  readonly progress: Progress;
}

export interface ReadOptions extends ReadBothOptions {
  /**
   * Called once with each batch that has passed every check, in any order. A job that keeps them, and asks
   * again only for texts without rows, repeats no work after a failure.
   */
  readonly onBatch?: (batch: Batch) => void | Promise<void>;
}

export interface Batch {
  /** The batch is texts[start] to texts[start + count - 1]. */
  readonly start: number;
  readonly count: number;
  /** [count, H] or [count, K]. */
  readonly rows: Float32Array;
}

export interface Embeddings {
  /** [n, H] */
  readonly vectors: Float32Array;
  /** H; may be 0 when nothing was asked. */
  readonly width: number;
}

export interface Distributions {
  /** [n, K] */
  readonly probabilities: Float32Array;
  /** The K labels in a fixed order; may be none when nothing was asked. */
  readonly labels: readonly string[];
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface GenerateOptions {
  /** Those of a draft count. */
  readonly maxTokens: number;
  /** 0, the default, always takes the likeliest token: the same messages then have the same answer. */
  readonly temperature?: number;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  /** Whether an answer that maxTokens would cut off rejects with the reason `cut-off`. */
  readonly whole?: boolean;
  readonly signal?: AbortSignal;
}

export interface ScoreOptions {
  readonly signal?: AbortSignal;
}

export interface Scores {
  /** Natural logarithms, one a choice. */
  readonly logProbabilities: readonly number[];
  /**
   * False where a choice changes how the end of the prompt is cut into tokens, so that other cuts of the same
   * text are left out, and when they are estimates: hosted/score.ts says how they are made.
   */
  readonly exact: boolean;
}
