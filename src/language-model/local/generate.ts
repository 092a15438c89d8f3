// A local model's answer, token by token.
import type { Random } from '../../random.ts';
import { opensDraft, withoutDraft } from '../draft.ts';
import type { GenerateOptions, Message } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { untilStop } from '../until-stop.ts';
import type { CachedDecoder } from './cached-decoder.ts';
import type { ChatTemplate } from './chat-template.ts';
import type { EndTokens } from './end-tokens.ts';
import { promptTokens } from './prompt-tokens.ts';

export interface Chat {
  readonly tokenizer: Tokenizer;
  readonly decoder: CachedDecoder;
  readonly template: ChatTemplate;
  readonly endTokens: EndTokens;
}

interface Limits {
  /** The model's name, for errors. */
  readonly name: string;
  readonly maxTokens: number;
  readonly random: Random;
}

export function createLocalGenerate(chat: Chat, limits: Limits) {
  return (messages: readonly Message[], options: GenerateOptions): AsyncIterable<string> =>
    untilStop(answer(chat, messages, options, limits), options.stop ?? []);
}

async function* answer(
  chat: Chat,
  messages: readonly Message[],
  options: GenerateOptions,
  limits: Limits,
): AsyncGenerator<string, void> {
  const called = `The language model ${limits.name}`;
  const unfinished = () => LanguageModelError.unfinishedDraft(called, options.maxTokens);
  const prompt = await chat.template(messages);
  let isWhole = false;
  async function* said() {
    isWhole = yield* pieces(chat, prompt, options, limits);
  }
  yield* withoutDraft(said(), { isOpen: opensDraft(prompt.text), unfinished });
  if (options.whole && !isWhole) throw LanguageModelError.cutOff(called, options.maxTokens);
}

/** Returns whether the model itself has ended its answer. */
async function* pieces(
  { tokenizer, decoder, endTokens }: Chat,
  { text, bare }: Awaited<ReturnType<ChatTemplate>>,
  { maxTokens, temperature = 0, signal }: GenerateOptions,
  limits: Limits,
): AsyncGenerator<string, boolean> {
  if (maxTokens >= limits.maxTokens) {
    throw new LanguageModelError(
      'refused',
      `The language model ${limits.name} reads ${limits.maxTokens} tokens, of which an answer of up to ` +
        `${maxTokens} leaves none for the prompt: ask for a shorter one, or use a model that reads more.`,
    );
  }
  const prompt = await promptTokens(tokenizer, text, {
    bare,
    begin: endTokens.begin,
    // A prompt that leaves no room for an answer loses its beginning.
    maxTokens: limits.maxTokens - maxTokens,
  });
  const reading = decoder.begin();
  const answer: number[] = [];
  let given = '';
  let isWhole = false;
  let unread: Int32Array = prompt;
  while (answer.length < maxTokens && reading.length + unread.length <= limits.maxTokens) {
    signal?.throwIfAborted();
    const logits = await reading.read(unread);
    const token = temperature === 0 ? likeliest(logits) : draw(logits, temperature, limits.random);
    isWhole = endTokens.end.has(token);
    if (isWhole) break;
    answer.push(token);
    unread = Int32Array.of(token);
    const whole = await tokenizer.decode(answer);
    if (whole.endsWith(INCOMPLETE) || whole.length <= given.length) continue;
    yield whole.slice(given.length);
    given = whole;
  }
  const rest = (await tokenizer.decode(answer)).slice(given.length);
  if (rest !== '') yield rest;
  return isWhole;
}

/** What a decoder writes for the bytes of a character whose other bytes are still to come. */
const INCOMPLETE = '\uFFFD';

/** The token of the highest score; of equal ones the first. */
function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token;
  return best;
}

function draw(logits: Float32Array, temperature: number, random: Random): number {
  const top = logits[likeliest(logits)];
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - top) / temperature));
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let token = 0; token < weights.length; token++) {
    left -= weights[token];
    if (left < 0) return token;
  }
  return weights.length - 1;
}
