// A decoder that reads a text piece by piece and keeps the keys and values of what it has read (KV cache), so
// that a further token costs one position and not the whole text again. Legend: M tokens of a piece, C places
// of the cache, K heads of keys, h width of a head, H hidden size, V vocabulary.
import { attention, type RotaryTable, rotaryValues } from '../../network/layers.ts';
import { buildModel, type Parameter, parameterFeeds, type Scope, type Values } from '../../network/scope.ts';
import {
  type Attend,
  headWidth,
  keyHeadsOf,
  type LlamaConfig,
  llamaLayers,
  outputTable,
  ropeOf,
  tokenEmbeddings,
  windowOf,
} from '../../network/transformer/llama.ts';
import type { LoraConfig } from '../../network/transformer/lora.ts';
import type { RopeFrequencies } from '../../network/transformer/rope.ts';
import { concatenate, matmul, reshape, swapLast } from '../../tensor/functions.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { createSession, type Feeds } from '../../tensor/session.ts';

export interface CachedDecoder {
  /** A text that is read by itself; several may be under way. */
  begin(): Reading;
  release(): Promise<void>;
}

export interface Reading {
  /** How many tokens have been read. */
  readonly length: number;
  /** Reads on, one token at least, and scores what comes next: logits [V]. */
  read(tokens: Int32Array): Promise<Float32Array>;
  /** Forgets all but the first `length` tokens. */
  rewind(length: number): void;
}

/** Tokens read at once while only their keys and values are wanted. */
const PIECE = 32;
/** The cache grows by this factor, from the first size on. */
const FIRST_PLACES = 128;
const GROWTH = 4;

export function createCachedDecoder(config: LlamaConfig, values: Values, lora?: LoraConfig): CachedDecoder {
  const open = async (M: number, C: number) => {
    const { graph, parameters, outputs } = buildModel('inference', (scope) =>
      pieceModel(scope, config, M, C, lora),
    );
    return { session: await createSession(graph, outputs), weights: parameterFeeds(parameters, values) };
  };
  const opened = new Map<string, ReturnType<typeof open>>();
  const rope = ropeOf(config);
  return {
    begin() {
      const cache = createCache(config);
      /** Reads at most M tokens through a graph for M. */
      const readPiece = async (tokens: Int32Array, M: number): Promise<Float32Array> => {
        cache.makeRoom(tokens.length);
        const { length, places } = cache;
        const key = `${M}/${places}`;
        if (!opened.has(key)) opened.set(key, open(M, places));
        const { session, weights } = await opened.get(key)!;
        const padded = new Int32Array(M);
        padded.set(tokens);
        const positions = positionFeeds(config, rope, length, M, places);
        const { logits, ...read } = await session.run({
          ...weights,
          ...cache.feeds,
          ...positions,
          tokens: padded,
        });
        cache.append(read, M, tokens.length);
        return logits;
      };
      return {
        get length() {
          return cache.length;
        },
        async read(tokens) {
          const before = tokens.subarray(0, -1);
          for (let from = 0; from < before.length; from += PIECE) {
            await readPiece(before.subarray(from, from + PIECE), PIECE);
          }
          return readPiece(tokens.subarray(-1), 1);
        },
        rewind: (length) => cache.truncate(length),
      };
    },
    async release() {
      for (const graph of opened.values()) await (await graph).session.release();
      opened.clear();
    },
  };
}

/** Keys and values of all layers [K, places, h], of which the first `length` rows of each head are filled. */
function createCache(config: LlamaConfig) {
  const [K, h] = [keyHeadsOf(config), headWidth(config)];
  const names = Array.from({ length: config.num_hidden_layers }, (_, i) => [`key.${i}`, `value.${i}`]).flat();
  const empty = (places: number): Record<string, Float32Array> =>
    Object.fromEntries(names.map((name) => [`past.${name}`, new Float32Array(K * places * h)]));
  /**
   * The first `count` rows of each head of `source` [K, from, h] -> `target` [K, to, h], from row `at` on.
   */
  const copyRows = (
    source: Float32Array,
    from: number,
    target: Float32Array,
    to: number,
    count: number,
    at: number,
  ) => {
    for (let head = 0; head < K; head++) {
      const start = head * from * h;
      target.set(source.subarray(start, start + count * h), (head * to + at) * h);
    }
  };
  let places = FIRST_PLACES;
  let feeds = empty(places);
  let length = 0;
  return {
    get length() {
      return length;
    },
    get places() {
      return places;
    },
    get feeds() {
      return feeds;
    },
    makeRoom(count: number) {
      if (length + count <= places) return;
      const [old, before] = [feeds, places];
      while (places < length + count) places *= GROWTH;
      feeds = empty(places);
      for (const [name, rows] of Object.entries(old)) copyRows(rows, before, feeds[name], places, length, 0);
    },
    /** The first `count` of the M rows that a piece gave for each head. */
    append(read: Readonly<Record<string, Float32Array>>, M: number, count: number) {
      for (const name of names) copyRows(read[name], M, feeds[`past.${name}`], places, count, length);
      length += count;
    },
    truncate(to: number) {
      length = Math.min(length, to);
    },
  };
}

/** Everything that reading and scoring need. */
export const decoderParameters = (config: LlamaConfig): readonly Parameter[] =>
  buildModel('inference', (scope) => pieceModel(scope, config, 1, 1, undefined)).parameters;

/**
 * Keys and values of M tokens [1, K, M, h] by layer, and for a single token the logits [1, V] of the next.
 */
function pieceModel(
  scope: Scope,
  config: LlamaConfig,
  M: number,
  C: number,
  lora: LoraConfig | undefined,
): Record<string, Tensor> {
  const { graph } = scope;
  const [K, h] = [keyHeadsOf(config), headWidth(config)];
  const rotary: RotaryTable = {
    cosines: graph.input('cosines', [1, 1, M, h]),
    sines: graph.input('sines', [1, 1, M, h]),
  };
  const masks = new Map(
    windowsOf(config).map((window) => [window, graph.input(maskName(window), [M, C + M])]),
  );
  const outputs: Record<string, Tensor> = {};
  const attend: Attend = (q, k, v, i) => {
    outputs[`key.${i}`] = k;
    outputs[`value.${i}`] = v;
    const seen = (name: string, own: Tensor) =>
      reshape(concatenate([graph.input(`past.${name}.${i}`, [1, K, C, h]), own], 2), [1, K, 1, C + M, h]);
    const queries = reshape(q, [1, K, config.num_attention_heads / K, M, h]);
    const mask = masks.get(windowOf(config, i))!;
    return reshape(attention(scope, queries, seen('key', k), seen('value', v), mask, 0), q.shape);
  };
  const E = tokenEmbeddings(scope, config);
  const hidden = llamaLayers(scope, graph.input('tokens', [1, M], 'int32'), E, config, {
    rotary,
    attend,
    lora,
  });
  if (M > 1) return outputs;
  return {
    ...outputs,
    logits: matmul(reshape(hidden, [1, config.hidden_size]), swapLast(outputTable(scope, E, config))),
  };
}

const windowsOf = (config: LlamaConfig): number[] => [
  ...new Set(Array.from({ length: config.num_hidden_layers }, (_, i) => windowOf(config, i))),
];
const maskName = (window: number): string => `mask.${window}`;

const UNSEEN = -1e9;

/** Where M tokens behind `length` others stand, and what they see of C places and of one another. */
function positionFeeds(
  config: LlamaConfig,
  { frequencies, scale }: RopeFrequencies,
  length: number,
  M: number,
  C: number,
): Feeds {
  const masks = windowsOf(config).map((window) => {
    const mask = new Float32Array(M * (C + M)).fill(UNSEEN);
    for (let i = 0; i < M; i++) {
      const row = mask.subarray(i * (C + M), (i + 1) * (C + M));
      row.fill(0, Math.min(length, Math.max(0, length + i - window + 1)), length);
      row.fill(0, C + Math.max(0, i - window + 1), C + i + 1);
    }
    return [maskName(window), mask] as const;
  });
  return { ...rotaryValues(length, M, frequencies, scale), ...Object.fromEntries(masks) };
}
