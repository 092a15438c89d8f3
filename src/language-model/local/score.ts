// A local model's probabilities of given continuations: all share the reading of the prompt.

import { commonBeginning } from '../common-beginning.ts';
import type { Scores } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import type { Reading } from './cached-decoder.ts';
import type { Chat } from './generate.ts';
import { promptTokens } from './prompt-tokens.ts';

export function createLocalScore(
  { tokenizer, decoder, endTokens }: Chat,
  { name, maxTokens }: { name: string; maxTokens: number },
) {
  return async (prompt: string, choices: readonly string[], signal: AbortSignal): Promise<Scores> => {
    const [whole] = await tokenizer.encode([prompt]);
    const joined = await tokenizer.encode(choices.map((choice) => prompt + choice));
    const continuations = joined.map((tokens) => {
      const common = commonBeginning(whole, tokens);
      return { common, tokens: tokens.subarray(common) };
    });
    const longest = continuations.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
    if (longest >= maxTokens) {
      throw new LanguageModelError(
        'refused',
        `The language model ${name} reads ${maxTokens} tokens, and a choice has ${longest}: give shorter ` +
          'choices.',
      );
    }
    const prefix = await promptTokens(tokenizer, prompt, {
      begin: endTokens.begin,
      maxTokens: maxTokens - longest,
    });
    const reading = decoder.begin();
    await reading.read(prefix);
    const logProbabilities: number[] = [];
    for (const { common, tokens } of continuations) {
      signal.throwIfAborted();
      const at = Math.max(1, prefix.length - (whole.length - common));
      const logProbabilityOf = (behind: Int32Array) => {
        reading.rewind(at - 1);
        return continuation(reading, prefix.subarray(at - 1, at), behind);
      };
      // A choice may change the cut of the prompt's last tokens, which is then read on from the token before:
      // ln P(choice | prompt) = ln P(prompt + choice) - ln P(prompt), in which what both begin with cancels
      // out.
      const ofBoth = await logProbabilityOf(tokens);
      logProbabilities.push(Math.min(0, ofBoth - (await logProbabilityOf(prefix.subarray(at)))));
    }
    return { logProbabilities, exact: continuations.every(({ common }) => common === whole.length) };
  };
}

/** ln P(tokens) behind what was read and one more token. */
async function continuation(reading: Reading, before: Int32Array, tokens: Int32Array): Promise<number> {
  let unread = before;
  let total = 0;
  for (const [i, token] of tokens.entries()) {
    const logits = await reading.read(unread);
    total += logits[token] - logSumExp(logits);
    unread = tokens.subarray(i, i + 1);
  }
  return total;
}

function logSumExp(logits: Float32Array): number {
  const top = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  return top + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0));
}
