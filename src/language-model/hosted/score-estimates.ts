// The log-probabilities of choices, from what servers answer to the three ways of asking in score.ts.
import { z } from 'zod';
import { commonBeginning } from '../common-beginning.ts';
import { behindDrafts, mayBeginDraft } from '../draft.ts';
import type { Scores } from '../language-model.ts';
import type { Refuse } from './client.ts';

const echoesSchema = z.object({
  choices: z.array(
    z.object({
      index: z.number(),
      logprobs: z.object({ tokens: z.array(z.string()), token_logprobs: z.array(z.number().nullable()) }),
    }),
  ),
});

type Echo = z.infer<typeof echoesSchema>['choices'][number]['logprobs'];

/**
 * From the echoes of what was sent: the prompt, and the prompt with each choice; nothing when they carry no
 * log-probabilities, or are no echoes. A server may leave them out, or answer what was not to be answered.
 * ln P(choice | prompt) = ln P(prompt + choice) - ln P(prompt), in which the tokens that both begin with
 * cancel out.
 */
export function scoresFromEchoes(answer: unknown, sent: readonly string[]): Scores | undefined {
  const read = echoesSchema.safeParse(answer);
  if (!read.success || read.data.choices.length !== sent.length) return undefined;
  const echoes = read.data.choices.sort((a, b) => a.index - b.index).map(({ logprobs }) => logprobs);
  if (!echoes.every((echo, i) => isEchoOf(echo, sent[i]))) return undefined;
  const [prompt, ...wholes] = echoes;
  const shared = wholes.map((whole) => commonBeginning(prompt.tokens, whole.tokens));
  const logProbabilities = wholes.map((whole, i) => sumFrom(whole, shared[i]) - sumFrom(prompt, shared[i]));
  if (logProbabilities.some(Number.isNaN)) return undefined;
  return {
    logProbabilities: logProbabilities.map((value) => Math.min(0, value)),
    // Where a token reaches across the join, the prompt's tokens are not the beginning of the whole.
    exact: shared.every((length) => length === prompt.tokens.length),
  };
}

/** Before the text there may be a token that begins it; behind it nothing. */
const isEchoOf = ({ tokens }: Echo, text: string): boolean =>
  tokens.length > 0 && tokens.join('').endsWith(text);

/** NaN where a token has none: the first has nothing before it that it could follow from. */
function sumFrom({ token_logprobs }: Echo, from: number): number {
  return token_logprobs.slice(from).reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0);
}

const draftFields = { reasoning_content: z.string().nullish(), reasoning: z.string().nullish() };
type DraftFields = z.infer<z.ZodObject<typeof draftFields>>;

const isDraft = ({ reasoning_content, reasoning }: DraftFields): boolean =>
  Boolean(reasoning_content || reasoning);

const firstTokensSchema = z.object({
  choices: z.tuple([
    z.object({
      message: z.object(draftFields).nullish(),
      logprobs: z.object({
        content: z
          .tuple([
            z.object({ top_logprobs: z.array(z.object({ token: z.string(), logprob: z.number() })).min(1) }),
          ])
          .rest(z.unknown()),
      }),
    }),
  ]),
});

export type TokenLogProbability = z.infer<
  typeof firstTokensSchema
>['choices'][0]['logprobs']['content'][0]['top_logprobs'][number];

/**
 * The likeliest first tokens of an answer to a chat; nothing when it carries no log-probabilities, or when
 * they are of a draft before it.
 */
export function firstTokens(answer: unknown): readonly TokenLogProbability[] | undefined {
  const read = firstTokensSchema.safeParse(answer);
  if (!read.success) return undefined;
  const [{ message, logprobs }] = read.data.choices;
  const tokens = logprobs.content[0].top_logprobs;
  const { token } = tokens.reduce((best, other) => (other.logprob > best.logprob ? other : best));
  const isOfDraft = (message && isDraft(message)) || (token.trim() !== '' && mayBeginDraft(token));
  return isOfDraft ? undefined : tokens;
}

/**
 * P(choice) = the sum of P(token) over the listed tokens that the choice begins with. Choices beyond the list
 * share with everything else what is left, and none of them is likelier than the last on the list. Nothing
 * when no choice is listed, or a token fits two of them.
 */
export function scoresFromFirstTokens(
  tokens: readonly TokenLogProbability[],
  choices: readonly string[],
): Scores | undefined {
  const wanted = choices.map(plain);
  const found = choices.map(() => 0);
  for (const { token, logprob } of tokens) {
    const text = plain(token);
    const fitting = text === '' ? [] : wanted.flatMap((choice, i) => (choice.startsWith(text) ? [i] : []));
    if (fitting.length > 1) return undefined;
    if (fitting.length === 1) found[fitting[0]] += Math.exp(logprob);
  }
  const missing = found.filter((probability) => probability === 0).length;
  if (missing === choices.length) return undefined;
  const listed = tokens.map(({ logprob }) => Math.exp(logprob));
  const left = 1 - listed.reduce((sum, probability) => sum + probability, 0);
  const unlisted = Math.max(Number.EPSILON, Math.min(left / (missing + 1), ...listed));
  return {
    logProbabilities: found.map((probability) => Math.min(0, Math.log(probability || unlisted))),
    exact: false,
  };
}

const answerSchema = z.object({
  choices: z.tuple([z.object({ message: z.object({ content: z.string().nullish(), ...draftFields }) })]),
});

/** The whole of an answer to a chat, without a draft; nothing when it ends inside that. */
export function answerText(answer: unknown, refuse: Refuse): string | undefined {
  const read = answerSchema.safeParse(answer);
  if (!read.success) throw refuse('gave no answer to a chat', 'use the URL of a chat-completion API');
  const { content, ...fields } = read.data.choices[0].message;
  return content ? behindDrafts(content) : isDraft(fields) ? undefined : '';
}

/**
 * P(choice) = (answers that begin with it + 1) / (answers + choices + 1): one answer is added for each choice
 * and for everything else (Laplace), so that what was not seen is unlikely rather than impossible.
 */
export function scoresFromSamples(answers: readonly string[], choices: readonly string[]): Scores {
  const wanted = choices.map(plain);
  const counts = choices.map(() => 1);
  for (const answer of answers) {
    const fitting = wanted.filter((choice) => plain(answer).startsWith(choice));
    // The longest: where both are choices, "not" is no "no".
    const longest = fitting.sort((a, b) => b.length - a.length).at(0);
    if (longest !== undefined) counts[wanted.indexOf(longest)]++;
  }
  const total = answers.length + choices.length + 1;
  return { logProbabilities: counts.map((count) => Math.log(count / total)), exact: false };
}

/** Tokenizers write the space before a word as "Ġ" or "▁", and a model may write a "yes" as "Yes". */
const plain = (text: string): string => text.replace(/[Ġ▁]/g, ' ').trim().toLowerCase();
