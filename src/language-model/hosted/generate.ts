// The answer of a hosted model to a conversation, as OpenAI's chat completion streams it.
import { z } from 'zod';
import { withoutDraft } from '../draft.ts';
import type { LanguageModel } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import { untilStop } from '../until-stop.ts';
import type { HostedClient, Refuse } from './client.ts';

export function createHostedGenerate(client: HostedClient): LanguageModel['generate'] {
  return async function* (messages, { maxTokens, temperature = 0, stop = [], whole, signal: caller }) {
    const signal = client.signalWith(caller);
    const parameters = { max_tokens: maxTokens, temperature, stream: true };
    const chunks = client.events((requests) => requests.chat(messages, parameters, signal), signal);
    const unfinished = () => LanguageModelError.unfinishedDraft(client.name, maxTokens);
    let end: ChatEnd | undefined;
    async function* said() {
      end = yield* chatPieces(chunks, client.refuse);
    }
    async function* answer() {
      yield* withoutDraft(said(), { unfinished });
      if (end?.isDraft) throw unfinished();
      if (whole && end?.reason === 'length') throw LanguageModelError.cutOff(client.name, maxTokens);
    }
    // They are not sent: the server would find one in the draft too.
    yield* untilStop(answer(), stop);
  };
}

const chunkSchema = z.object({
  // Empty in the chunk in which some servers count the tokens.
  choices: z.array(
    z.object({
      // The draft has a field of its own at servers that know the model's tags, under one of two names.
      delta: z
        .object({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
        })
        .nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
});

interface ChatEnd {
  /** As the server calls it: 'length' where the tokens were used up. */
  readonly reason: string;
  /** Whether all that came was a draft, in a field of its own. */
  readonly isDraft: boolean;
}

/** A stream that stops before a chunk has named the reason for the end is broken off. */
async function* chatPieces(chunks: AsyncIterable<unknown>, refuse: Refuse): AsyncGenerator<string, ChatEnd> {
  let reason: string | undefined;
  let isDraft = false;
  let isAnswer = false;
  for await (const chunk of chunks) {
    const read = chunkSchema.safeParse(chunk);
    if (!read.success)
      throw refuse('gave an event that is no part of an answer', 'use the URL of a chat-completion API');
    const [choice] = read.data.choices;
    const { content, reasoning_content, reasoning } = choice?.delta ?? {};
    if (content) {
      isAnswer = true;
      yield content;
    } else if (reasoning_content || reasoning) {
      isDraft = true;
    }
    if (choice?.finish_reason) reason = choice.finish_reason;
  }
  if (reason === undefined) throw refuse('broke its answer off before it was finished', 'ask again');
  return { reason, isDraft: isDraft && !isAnswer };
}
