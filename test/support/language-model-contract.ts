// What every LanguageModel promises (src/language-model/language-model.ts), as tests that run over each
// implementation. Legend: n texts, H width, K labels.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type {
  Batch,
  GenerateOptions,
  LanguageModel,
  Message,
} from '../../src/language-model/language-model.ts';
import type { Progress } from '../../src/progress.ts';
import { collect } from './collect.ts';

export interface ContractSubject {
  readonly model: LanguageModel;
  /**
   * The likeliest answer to it has more than four tokens and six characters. As a user's message it reaches
   * the model as it stands, without a template around it, so that generate and score can be compared.
   */
  readonly prompt: string;
  /** Continuations of the prompt: one token each, no two alike, and the first two may follow one another. */
  readonly choices: readonly string[];
  /** One that generates, and ends every answer of up to 12 tokens inside the draft before it. */
  readonly drafting?: LanguageModel;
}

export type Ability = 'embed' | 'classify' | 'generate' | 'score';

const TEXTS = [
  'the cat',
  '',
  'A much longer text about a dog that ran to the mat, and what the cat made of it.',
  '日本語のテキスト',
  'naïve 🙂\n\ttabs and\u0000zeros',
  'x',
];

const TOLERANCE = 1e-4;

export function languageModelContract(
  name: string,
  create: (context: TestContext) => Promise<ContractSubject>,
  cannot: readonly Ability[] = [],
): void {
  test(`${name} keeps the contract of LanguageModel`, async (context) => {
    const { model, prompt, choices, drafting } = await create(context);
    const can = (ability: Ability, title: string, check: () => Promise<void>) =>
      context.test(title, { skip: cannot.includes(ability) && `it cannot ${ability}` }, check);
    const abort = new AbortController();
    abort.abort(new Error('changed my mind'));
    const aborted = { signal: abort.signal };
    const messages: Message[] = [{ role: 'user', content: prompt }];
    const answer = async (options: GenerateOptions) =>
      (await collect(model.generate(messages, options))).join('');

    await can('embed', 'embed gives a row a text, finite and not zero', async () => {
      const { vectors, width } = await model.embed(TEXTS);
      assert.ok(width > 0);
      assert.equal(vectors.length, TEXTS.length * width);
      assert.ok(vectors.every(Number.isFinite));
      for (const [i, row] of rows(vectors, width).entries())
        assert.equal(row.some(Boolean), TEXTS[i] !== '', TEXTS[i]);
    });

    await can('embed', 'a vector is the same alone, among others and in any place', async () => {
      const { vectors, width } = await model.embed(TEXTS);
      const turned = await model.embed(TEXTS.toReversed());
      close(rows(turned.vectors, width).toReversed().flat(), [...vectors]);
      for (const [i, row] of rows(vectors, width).entries())
        close([...(await model.embed([TEXTS[i]])).vectors], row);
    });

    await can(
      'embed',
      'no texts have no vectors, and more texts than go into one batch have all theirs',
      async () => {
        assert.equal((await model.embed([])).vectors.length, 0);
        const { vectors, width } = await model.embed(
          Array.from({ length: 100 }, (_, i) => TEXTS[i % TEXTS.length]),
        );
        const few = rows((await model.embed(TEXTS)).vectors, width);
        for (const [i, row] of rows(vectors, width).entries()) close(row, few[i % TEXTS.length]);
      },
    );

    await can('embed', 'a text that is longer than any model reads is cut', async () => {
      const { vectors } = await model.embed(['the cat sat on the mat. '.repeat(5_000)]);
      assert.ok(vectors.length > 0 && vectors.every(Number.isFinite));
    });

    await can('embed', 'each batch is handed over once, and together they are the whole', async () => {
      const batches: Batch[] = [];
      const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`);
      const { vectors } = await model.embed(texts, { onBatch: (batch) => void batches.push(batch) });
      assert.deepEqual(assembled(batches, texts.length), vectors);
    });

    await can(
      'classify',
      'classify gives each text a distribution over labels that do not change',
      async () => {
        const { probabilities, labels } = await model.classify(TEXTS);
        const K = labels.length;
        assert.equal(new Set(labels).size, K);
        assert.equal(probabilities.length, TEXTS.length * K);
        for (const row of rows(probabilities, K)) {
          assert.ok(row.every((p) => p >= 0 && p <= 1));
          assert.ok(Math.abs(sum(row) - 1) < TOLERANCE);
        }
        const empty = rows(probabilities, K)[TEXTS.indexOf('')];
        close(empty, new Array(K).fill(1 / K));
      },
    );

    await can('classify', 'a distribution is the same alone, among others and in any place', async () => {
      const { probabilities, labels } = await model.classify(TEXTS);
      const turned = await model.classify(TEXTS.toReversed());
      assert.deepEqual(turned.labels, labels);
      close(rows(turned.probabilities, labels.length).toReversed().flat(), [...probabilities]);
      assert.equal((await model.classify([])).probabilities.length, 0);
      const batches: Batch[] = [];
      const again = await model.classify(TEXTS, { onBatch: (batch) => void batches.push(batch) });
      assert.deepEqual(assembled(batches, TEXTS.length), again.probabilities);
    });

    await can('classify', 'read gives what embed and classify give', async () => {
      const { vectors, width, probabilities, labels } = await model.read(TEXTS);
      close([...vectors], [...(await model.embed(TEXTS)).vectors]);
      close([...probabilities], [...(await model.classify(TEXTS)).probabilities]);
      assert.deepEqual(
        [vectors.length, probabilities.length],
        [width, labels.length].map((w) => w * TEXTS.length),
      );
    });

    await can('embed', 'a bar counts the texts that have been read', async () => {
      const bars: { task: string; total: number; steps: number; isDone: boolean }[] = [];
      const progress: Progress = {
        start(task, total) {
          const bar = { task, total, steps: 0, isDone: false };
          bars.push(bar);
          return {
            advance(steps) {
              bar.steps += steps;
            },
            done() {
              bar.isDone = true;
            },
          };
        },
      };
      const total = TEXTS.length;
      await model.embed(TEXTS, { task: { name: 'read them', progress } });
      assert.deepEqual(bars, [{ task: 'read them', total, steps: total, isDone: true }]);
    });

    await can(
      'generate',
      'at temperature 0 an answer is always the same, and fewer tokens are its beginning',
      async () => {
        const whole = await answer({ maxTokens: 12, temperature: 0 });
        assert.notEqual(whole, '');
        assert.equal(await answer({ maxTokens: 12 }), whole);
        const beginning = await answer({ maxTokens: 4 });
        assert.ok(whole.startsWith(beginning) && beginning.length < whole.length);
      },
    );

    await can(
      'generate',
      'an answer ends before the first stop text, however it falls into pieces',
      async () => {
        const whole = await answer({ maxTokens: 12 });
        const stop = whole.slice(3, 6);
        assert.equal(
          await answer({ maxTokens: 12, stop: ['nowhere', stop] }),
          whole.slice(0, whole.indexOf(stop)),
        );
        assert.equal(await answer({ maxTokens: 12, stop: ['nowhere'] }), whole);
      },
    );

    await can(
      'generate',
      'an answer that maxTokens cuts off is given as far as it goes, or refused where it was to be whole',
      async () => {
        assert.notEqual(await answer({ maxTokens: 4, whole: false }), '');
        await assert.rejects(answer({ maxTokens: 4, whole: true }), { reason: 'cut-off' });
        const whole = await answer({ maxTokens: 12 });
        const stop = [whole.slice(3, 6)];
        assert.equal(
          await answer({ maxTokens: 12, stop, whole: true }),
          whole.slice(0, whole.indexOf(stop[0])),
        );
      },
    );

    await can('generate', 'a draft is no part of an answer, and no stop text in it ends one', async () => {
      assert.ok(drafting, 'a model that generates needs one that drafts beside it');
      for (const stop of [[], ['a', 'e', ' ']]) {
        const pieces: string[] = [];
        const read = async () => {
          for await (const piece of drafting.generate(messages, { maxTokens: 12, stop })) pieces.push(piece);
        };
        await assert.rejects(read(), {
          reason: 'unfinished-draft',
          message: /12 tokens were allowed: allow /,
        });
        assert.deepEqual(pieces, []);
      }
    });

    await can('generate', 'pieces come one by one; a reader may leave, or abort', async () => {
      const pieces = [];
      for await (const piece of model.generate(messages, { maxTokens: 12 })) {
        assert.notEqual(piece, '');
        pieces.push(piece);
        if (pieces.length === 2) break;
      }
      assert.equal(pieces.length, 2);

      const midway = new AbortController();
      const read = async () => {
        for await (const _ of model.generate(messages, { maxTokens: 12, signal: midway.signal })) {
          midway.abort(new Error('enough'));
        }
      };
      await assert.rejects(read(), /enough/);
    });

    await can('score', 'scores are logarithms of probabilities that exclude one another', async () => {
      const { logProbabilities } = await model.score(prompt, choices);
      assert.equal(logProbabilities.length, choices.length);
      assert.ok(logProbabilities.every((value) => Number.isFinite(value) && value <= 0));
      assert.ok(sum(logProbabilities.map(Math.exp)) <= 1 + TOLERANCE);
      const turned = await model.score(prompt, choices.toReversed());
      close(turned.logProbabilities.toReversed(), logProbabilities);
      assert.deepEqual((await model.score(prompt, [])).logProbabilities, []);
    });

    await can(
      'score',
      'a choice of two parts scores as the first, and then the second behind it',
      async () => {
        const [a, b] = choices;
        const [both, first] = (await model.score(prompt, [a + b, a])).logProbabilities;
        const {
          logProbabilities: [second],
          exact,
        } = await model.score(prompt + a, [b]);
        assert.ok(exact);
        close([both], [first + second]);
        close((await model.score(prompt, [''])).logProbabilities, [0]);
      },
    );

    await context.test(
      'what is generated first scores best',
      { skip: scoresAndGenerates(cannot) },
      async () => {
        const first = await answer({ maxTokens: 1 });
        const all = [...new Set([...choices, first])];
        const { logProbabilities } = await model.score(prompt, all);
        assert.equal(all[logProbabilities.indexOf(Math.max(...logProbabilities))], first);
      },
    );

    await context.test(
      'an aborted call rejects with its reason, and what a model cannot do says so',
      async () => {
        const calls: Record<Ability, (options: object) => Promise<unknown>> = {
          embed: (options) => model.embed(['a'], options),
          classify: (options) => model.classify(['a'], options),
          generate: (options) => answer({ maxTokens: 1, ...options }),
          score: (options) => model.score(prompt, choices, options),
        };
        if (cannot.includes('classify')) await assert.rejects(model.read(['a']), { reason: 'unsupported' });
        else await assert.rejects(model.read(['a'], aborted), /changed my mind/);
        for (const [ability, call] of Object.entries(calls)) {
          if (cannot.includes(ability as Ability)) await assert.rejects(call({}), { reason: 'unsupported' });
          else await assert.rejects(call(aborted), /changed my mind/);
        }
      },
    );

    await context.test('after its release a model refuses, and a second release does nothing', async () => {
      await Promise.all([model.release(), model.release()]);
      await model.release();
      if (!cannot.includes('embed')) await assert.rejects(model.embed(['a']), { code: 'unavailable' });
      if (!cannot.includes('generate'))
        await assert.rejects(answer({ maxTokens: 1 }), { code: 'unavailable' });
    });
  });
}

const scoresAndGenerates = (cannot: readonly Ability[]): string | false =>
  (cannot.includes('score') || cannot.includes('generate')) && 'it cannot do both';

const rows = (matrix: Float32Array, width: number): number[][] =>
  Array.from({ length: matrix.length / width }, (_, i) => [...matrix.subarray(i * width, (i + 1) * width)]);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function close(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]) <= TOLERANCE, `${value} is not ${expected[i]}`);
  }
}

/** The rows of batches in the order of the texts; fails when they leave texts out or have some twice. */
function assembled(batches: readonly Batch[], n: number): Float32Array {
  const inOrder = [...batches].sort((a, b) => a.start - b.start);
  let next = 0;
  for (const { start, count } of inOrder) {
    assert.equal(start, next);
    next += count;
  }
  assert.equal(next, n);
  return Float32Array.from(inOrder.flatMap(({ rows: part }) => [...part]));
}
