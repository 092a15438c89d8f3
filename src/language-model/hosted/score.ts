// ln P(choice | prompt) from a hosted model, in the best way that its server has:
//   echo          /v1/completions echoes prompt + choice with every token's log-probability (vLLM): exact.
//   first tokens  the likeliest first tokens of the answer to the prompt as a chat (TGI, most providers): an
//   estimate. samples       how often such answers begin with each choice: a rougher one.

import { fewAtATime } from '../../few-at-a-time.ts';
import { DRAFT_TOKENS } from '../draft.ts';
import type { LanguageModel, Message, Scores } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import type { HostedClient } from './client.ts';
import type { ChatParameters } from './requests.ts';
import {
  answerText,
  firstTokens,
  scoresFromEchoes,
  scoresFromFirstTokens,
  scoresFromSamples,
} from './score-estimates.ts';
import { estimatedTokens } from './token-batches.ts';

/** Some servers list no more (TGI). */
const FIRST_TOKENS = 5;
const SAMPLES = 20;

type Way = (prompt: string, choices: readonly string[], signal: AbortSignal) => Promise<Scores | undefined>;

export function createHostedScore(
  client: HostedClient,
  { workers }: { workers: number },
): LanguageModel['score'] {
  const chat = (prompt: string, parameters: ChatParameters, signal: AbortSignal) => {
    const messages: Message[] = [{ role: 'user', content: prompt }];
    return client.json((requests) => requests.chat(messages, parameters, signal), signal);
  };

  const byEcho: Way = async (prompt, choices, signal) => {
    const prompts = [prompt, ...choices.map((choice) => prompt + choice)];
    const parameters = { max_tokens: 0, echo: true, logprobs: 1 };
    const answer = await client.json((requests) => requests.completions(prompts, parameters, signal), signal);
    return scoresFromEchoes(answer, prompts);
  };

  const byFirstTokens: Way = async (prompt, choices, signal) => {
    const parameters = { max_tokens: 1, temperature: 1, logprobs: true, top_logprobs: FIRST_TOKENS };
    const tokens = firstTokens(await chat(prompt, parameters, signal));
    return tokens && scoresFromFirstTokens(tokens, choices);
  };

  const bySamples = async (
    prompt: string,
    choices: readonly string[],
    signal: AbortSignal,
  ): Promise<Scores> => {
    const longest = Math.max(...choices.map(estimatedTokens));
    const ask = async (seed: number): Promise<string> => {
      for (const max_tokens of [longest, longest + DRAFT_TOKENS]) {
        const said = await chat(prompt, { max_tokens, temperature: 1, seed }, signal);
        const answer = answerText(said, client.refuse);
        if (answer !== undefined) return answer;
      }
      throw LanguageModelError.unfinishedDraft(client.name, longest + DRAFT_TOKENS);
    };
    return scoresFromSamples(await fewAtATime(workers, Array.from(Array(SAMPLES).keys()), ask), choices);
  };

  /**
   * Set when a refused echo turned out to be the echo's fault, because the server answered in another way.
   */
  let cannotEcho = false;

  return async (prompt, choices, { signal: caller } = {}) => {
    const signal = client.signalWith(caller);
    if (choices.length === 0) return { logProbabilities: [], exact: true };
    const exact = cannotEcho ? undefined : await unlessRefused(byEcho(prompt, choices, signal));
    if (exact) return exact;
    const estimate =
      (await unlessRefused(byFirstTokens(prompt, choices, signal))) ??
      (await bySamples(prompt, choices, signal));
    cannotEcho = true;
    return estimate;
  };
}

async function unlessRefused(scores: Promise<Scores | undefined>): Promise<Scores | undefined> {
  try {
    return await scores;
  } catch (error) {
    if (error instanceof LanguageModelError && (error.reason === 'refused' || error.reason === 'unsupported'))
      return;
    throw error;
  }
}
