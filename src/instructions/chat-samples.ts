// User-level SFT samples as conversations, for models that only generate: the prompt of the sample, then in
// which form the answer is wanted, and as the answer the preference distribution in that form. One user
// message and no system message, which the chat templates of some models refuse. The form stands last: a
// prompt that is too long loses its beginning.
//   K categories.
import { createHash } from 'node:crypto';
import { answerOf } from './distribution-answer.ts';
import type { SftSample } from './sft-samples.ts';

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** What a model is asked, when it is tuned and whenever it is asked again. */
export function chatPrompt(prompt: string, K: number): ChatMessage[] {
  return [{ role: 'user', content: `${prompt}\n${answerForm(K)}` }];
}

/** In the conversational format of TRL and OpenAI. */
export function chatSample({ prompt, target }: Pick<SftSample, 'prompt' | 'target'>): {
  messages: ChatMessage[];
} {
  return {
    messages: [...chatPrompt(prompt, target.length), { role: 'assistant', content: answerOf(target) }],
  };
}

/**
 * Part of the lineage of what is tuned on conversations: it changes with the wording and with the form of the
 * answer.
 */
export function chatTemplateHash(K: number): string {
  return createHash('sha256')
    .update(JSON.stringify(chatSample({ prompt: 'prompt', target: exampleTarget(K) })))
    .digest('hex');
}

const answerForm = (K: number): string =>
  `Answer with one JSON object and nothing else: the numbers of categories, from 0 to ${K - 1}, as its ` +
  `keys and their shares as its values, the largest first, 1 in all, as in ${answerOf(exampleTarget(K))}`;

/** The last category, the first, and nothing between them: it shows the range as well. */
function exampleTarget(K: number): Float32Array {
  const target = new Float32Array(K);
  target[K - 1] += 0.75;
  target[0] += 0.25;
  return target;
}
