// The answer of a hosted model to a conversation, as OpenAI's chat completion streams it.
import { z } from 'zod';
import type { LanguageModel } from '../language-model.ts';
import { untilStop } from '../until-stop.ts';
import type { HostedClient, Refuse } from './client.ts';

/** Some servers take no more (OpenAI, TGI); the rest are looked for here alone. */
const MOST_STOPS = 4;

export function createHostedGenerate(client: HostedClient): LanguageModel['generate'] {
  return async function* (messages, { maxTokens, temperature = 0, stop = [], signal: caller }) {
    const signal = client.signalWith(caller);
    const parameters = {
      max_tokens: maxTokens,
      temperature,
      stream: true,
      ...(stop.length > 0 && { stop: stop.slice(0, MOST_STOPS) }),
    };
    const chunks = client.events((requests) => requests.chat(messages, parameters, signal), signal);
    // TGI leaves the stop text in the answer.
    yield* untilStop(chatPieces(chunks, client.refuse), stop);
  };
}

const chunkSchema = z.object({
  // Empty in the chunk in which some servers count the tokens.
  choices: z.array(
    z.object({
      delta: z.object({ content: z.string().nullish() }).nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
});

/** A stream that stops before a chunk has named the reason for the end is broken off. */
async function* chatPieces(chunks: AsyncIterable<unknown>, refuse: Refuse): AsyncGenerator<string, void> {
  let finished = false;
  for await (const chunk of chunks) {
    const read = chunkSchema.safeParse(chunk);
    if (!read.success)
      throw refuse('gave an event that is no part of an answer', 'use the URL of a chat-completion API');
    const [choice] = read.data.choices;
    if (choice?.delta?.content) yield choice.delta.content;
    if (choice?.finish_reason) finished = true;
  }
  if (!finished) throw refuse('broke its answer off before it was finished', 'ask again');
}
