// What a model that only generates says of users: each is asked in words, and the answer is read as a
// distribution over the categories. A malformed answer is asked for again, a bounded number of times and at a
// rising temperature, because at the same one the same question may have the same answer. A user who still
// has none gets the mean of the others.
//   n prompts, K categories.
import { invariant, TslrecError } from '../../errors.ts';
import { fewAtATime } from '../../few-at-a-time.ts';
import { chatPrompt } from '../../instructions/chat-samples.ts';
import { isComplete, parseAnswer } from '../../instructions/distribution-answer.ts';
import type { Progress } from '../../progress.ts';
import { behindDrafts, DRAFT_TOKENS } from '../draft.ts';
import type { LanguageModel } from '../language-model.ts';
import { LanguageModelError } from '../language-model-error.ts';
import type { KeptRow, KeptRows } from './row-journal.ts';

export interface ReadAnswersOptions {
  /** How often a user is asked at most. */
  readonly tries?: number;
  /** How many users are asked at a time. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Users who have an answer already are not asked; those of the others are kept as they come. */
  readonly kept?: KeptRows;
  /** What the progress is called. */
  readonly name?: string;
  readonly progress: Progress;
}

export interface AnswerCounts {
  /** Answers that came, and those of them that could not be read. */
  readonly answers: number;
  readonly malformed: number;
  /** Users without an answer that could be read: their rows are the mean of the others. */
  readonly givenUp: number;
}

/** Of two readings, of which either may have asked nobody. */
export function sumOfCounts(a?: AnswerCounts, b?: AnswerCounts): AnswerCounts | undefined {
  if (!a || !b) return a ?? b;
  const { answers, malformed, givenUp } = a;
  return {
    answers: answers + b.answers,
    malformed: malformed + b.malformed,
    givenUp: givenUp + b.givenUp,
  };
}

export interface AnswersRead extends AnswerCounts {
  /** [n, K]; each row sums to 1. */
  readonly distributions: Float32Array;
}

const TEMPERATURE_STEP = 0.3;
const HIGHEST_TEMPERATURE = 1;

/** Room for an answer: a token a character, `"63": 0.015, ` for each category, and words around it. */
const TOKENS_PER_CATEGORY = 13;
const TOKENS_AROUND = 64;

/** Throws 'bad-data' where no answer at all can be read. */
export async function readAnswers(
  model: LanguageModel,
  prompts: readonly string[],
  K: number,
  { tries = 3, concurrency = 4, signal, kept, name = `ask ${model.name}`, progress }: ReadAnswersOptions,
): Promise<AnswersRead> {
  invariant(tries >= 1 && concurrency >= 1, 'nobody would be asked');
  const room = { tokens: 0, isRefused: false };
  const bar = progress.start(name, prompts.length);
  const asked = await fewAtATime(concurrency, [...prompts.entries()], async ([row, prompt]) => {
    const before = kept?.rows.get(row);
    const result = before ? answeredBefore(before) : await ask(model, prompt, K, { tries, room, signal });
    // Who has no answer is asked again by a run that goes on where this one breaks off.
    const { distribution: values, malformed } = result;
    if (values && !before) kept?.keep([[row, { values, malformed }]], model.name);
    bar.advance(1);
    return result;
  });
  bar.done();

  const malformed = asked.reduce((sum, user) => sum + user.malformed, 0);
  const read = asked.flatMap(({ distribution }) => distribution ?? []);
  if (read.length === 0 && prompts.length > 0) {
    throw new TslrecError(
      'bad-data',
      `${model.name}: got ${malformed} answers to ${prompts.length} prompts and none that can be read (of ` +
        `the last, ${asked.at(-1)!.complaint}), expected distributions over ${K} categories as JSON; tune ` +
        'it on the chat.jsonl that `tslrec export-sft` writes, or ask another model.',
    );
  }
  const mean = meanOf(read, K);
  const distributions = new Float32Array(prompts.length * K);
  asked.forEach(({ distribution }, row) => {
    distributions.set(distribution ?? mean, row * K);
  });
  return {
    distributions,
    answers: read.length + malformed,
    malformed,
    givenUp: prompts.length - read.length,
  };
}

interface Asked {
  readonly distribution?: Float32Array;
  /** How many answers could not be read, and what was wrong with the last of them. */
  readonly malformed: number;
  readonly complaint?: string;
}

const answeredBefore = ({ values, malformed = 0 }: KeptRow): Asked => ({ distribution: values, malformed });

/**
 * What is known of the model's drafts; shared by all who are asked, because one model drafts like another.
 */
interface DraftRoom {
  /** Tokens for a draft before an answer: none until the model has written one. */
  tokens: number;
  /** The model refuses to be asked for so many. */
  isRefused: boolean;
}

interface Asking {
  readonly tries: number;
  readonly room: DraftRoom;
  readonly signal: AbortSignal | undefined;
}

async function ask(model: LanguageModel, prompt: string, K: number, asking: Asking): Promise<Asked> {
  let complaint: string | undefined;
  for (let malformed = 0; malformed < asking.tries; malformed++) {
    const temperature = Math.min(HIGHEST_TEMPERATURE, TEMPERATURE_STEP * malformed);
    const read = await readAnswer(model, prompt, K, { ...asking, temperature });
    if (typeof read !== 'string') return { distribution: read, malformed };
    complaint = read;
  }
  return { malformed: asking.tries, complaint };
}

/** [K], or in a few words what is wrong with the answer. */
async function readAnswer(
  model: LanguageModel,
  prompt: string,
  K: number,
  asking: Asking & { readonly temperature: number },
): Promise<Float32Array | string> {
  const { tries, room, temperature, signal } = asking;
  const roomForDraft = room.tokens;
  const maxTokens = TOKENS_PER_CATEGORY * K + TOKENS_AROUND + roomForDraft;
  const options = { maxTokens, temperature, whole: true, signal };
  try {
    const whole = await wholeAnswer(() => model.generate(chatPrompt(prompt, K), options), tries);
    const answer = behindDrafts(whole);
    if (answer !== whole) makeRoom(room);
    return answer === undefined ? 'it ends inside the draft before it' : parseAnswer(answer, K);
  } catch (error) {
    if (!(error instanceof LanguageModelError)) throw error;
    if (error.reason === 'cut-off') return 'it was cut off before its end';
    if (error.reason === 'unfinished-draft') {
      makeRoom(room);
      return 'it ends inside the draft before it';
    }
    if (error.reason !== 'refused' || roomForDraft === 0) throw error;
    Object.assign(room, { tokens: 0, isRefused: true });
    return readAnswer(model, prompt, K, asking);
  }
}

function makeRoom(room: DraftRoom): void {
  if (!room.isRefused) room.tokens = DRAFT_TOKENS;
}

/**
 * A model tries its requests again, and cannot do so once pieces of an answer are out: one that breaks off is
 * asked for anew.
 */
async function wholeAnswer(ask: () => AsyncIterable<string>, tries: number): Promise<string> {
  for (let broken = 1; ; broken++) {
    let answer = '';
    try {
      for await (const piece of ask()) {
        answer += piece;
        if (isComplete(answer)) break;
      }
      return answer;
    } catch (error) {
      const brokeOff = answer !== '' && error instanceof LanguageModelError && error.isServerFailure;
      if (!brokeOff || broken === tries) throw error;
    }
  }
}

function meanOf(distributions: readonly Float32Array[], K: number): Float32Array {
  const mean = new Float64Array(K);
  for (const distribution of distributions)
    for (let k = 0; k < K; k++) mean[k] += distribution[k] / distributions.length;
  return Float32Array.from(mean);
}
