// A refresh and an evaluation with hosted language models: what they are asked, what becomes of their
// answers, and that nothing is asked twice. A failpoint ends most runs once items and users are read; the
// later stages are the usual ones.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RefreshResult } from '../../jobs/refresh.ts';
import { TslrecError } from '../../src/errors.ts';
import { readSafetensors } from '../../src/formats/safetensors.ts';
import { findHostedModels } from '../../src/language-model/external/hosted-models.ts';
import { categoriesOfLabels } from '../../src/language-model/reading/category-labels.ts';
import { openStore } from '../../src/storage/store.ts';
import { type Exit, lastLine, tslrec } from '../support/command-line.ts';
import {
  type Fault,
  faults,
  type LanguageModelServer,
  type SeenRequest,
  startLanguageModelServer,
  WIDTH,
} from '../support/language-model-server.ts';
import { stageNames, stagesIn } from '../support/stages.ts';
import { emptyStoreFolder, silentLog, temporaryFolder } from '../support/stores.ts';

const ITEMS = 20;
const USERS = 40;
const TOKEN = 'hf_secret';
/** What is asked of a classifier before all else, to learn its labels. */
const PROBE = '-';

async function setUp(context: TestContext) {
  const folder = await temporaryFolder(context);
  const store = await emptyStoreFolder(context);
  const sample = ['sample', '--users', `${USERS}`, '--items', `${ITEMS}`, '--categories', '2'];
  await tslrec(folder, ['generate-sample', ...sample]);
  const run = (command: string, options: readonly string[], environment: Record<string, string> = {}) =>
    tslrec(folder, [command, '--data', 'sample', '--store', store, '--preset', 'quick', ...options], {
      HF_TOKEN: TOKEN,
      ...environment,
    });
  /** Folders of the stages that depend on the model; first those that users are read in. */
  const readings = () =>
    ['infer-all', 'infer'].flatMap((stage) =>
      stagesIn(store).flatMap(([name, folder]) => (name === stage ? [folder] : [])),
    );
  return {
    store,
    server: await startLanguageModelServer(context),
    write: (content: string) => writeFileSync(path.join(folder, 'hosted.json'), content),
    run,
    refresh: () => run('refresh', ['--hosted', 'hosted.json'], { TSLREC_FAILPOINT: 'after:infer-all' }),
    readings,
    /** Of the model that the last refresh was the first to have. */
    newest: (before: readonly string[]) => readings().find((folder) => !before.includes(folder))!,
  };
}

const sentence = ({ stderr }: Exit): string => stderr.trimEnd().split('\n').at(-1)!;
const inferred = async (folder: string) =>
  (await readSafetensors(path.join(folder, 'output.safetensors'))).tensors;

interface Label {
  readonly label: string;
  readonly score: number;
}

const right: Fault = faults.altered((answer) => answer);

/** The likeliest of the server's labels by the first name, the next by the second, ...; no others. */
const labelled = (...names: readonly string[]): Fault => {
  const renamed = faults.altered((labels: readonly Label[]) => {
    const sum = names.reduce((total, _, i) => total + labels[i].score, 0);
    return names.map((label, i) => ({ label, score: labels[i].score / sum }));
  });
  return (response, answer, request) =>
    (typeof request.body.inputs === 'string' ? renamed : right)(response, answer, request);
};
/** By name category 1 comes first. */
const twoLabels = labelled('A category 1', 'B category 0');

/** Chats have this answer. */
const answering =
  (content: (request: SeenRequest) => string): Fault =>
  (response, answer, request) => {
    if (!request.body.messages) return right(response, answer, request);
    faults.saying([{ content: content(request) }])(response, answer, request);
  };

/** What is asked one at a time, of a classifier or in a chat. */
const textOf = ({ body }: SeenRequest): string | undefined =>
  body.messages?.[0].content ?? (typeof body.inputs === 'string' ? body.inputs : undefined);
const textsAskedOf = ({ requests }: LanguageModelServer, since = 0): string[] =>
  requests.slice(since).flatMap((request) => textOf(request) ?? []);

/** Out of credits after so many texts. */
function outOfCreditsAfter(count: number, fault: Fault, answered: string[]): Fault {
  return (response, answer, request) => {
    const text = textOf(request);
    if (text !== undefined && answered.length === count) return faults.status(402)(response, answer, request);
    if (text !== undefined) answered.push(text);
    fault(response, answer, request);
  };
}

test('hosted models: one that embeds and one that classifies', async (context) => {
  const { store, server, write, run, refresh, readings, newest } = await setUp(context);
  const at = (model: string) => ({ model, endpointUrl: server.url });
  const hosted = (classifier: string) =>
    write(JSON.stringify({ embed: at('vectors'), classify: at(classifier) }));
  const ask = async <Answer>(inputs: string | readonly string[]): Promise<Answer> =>
    JSON.parse(await (await fetch(server.url, { method: 'POST', body: JSON.stringify({ inputs }) })).text());

  hosted('labels');
  server.failWith(twoLabels);
  const undisturbed = await refresh();
  assert.equal(undisturbed.signal, 'SIGKILL', undisturbed.stderr);
  const first = newest([]);
  const [, ...asked] = textsAskedOf(server);

  await context.test(
    'nothing is tuned; vectors are those of the one, distributions by number those of the other',
    async () => {
      assert.deepEqual(readdirSync(first), ['output.safetensors', 'texts.json']);
      const named = stageNames(store).filter((name) => /language-model|fine-tune/.test(name));
      assert.deepEqual(named, []);
      assert.ok(server.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`));
      const prompts = server.requests
        .map(({ body }) => body.inputs!)
        .find((inputs) => inputs.length === ITEMS) as string[];
      // The second fit asks for the labels again, and of items nothing.
      assert.deepEqual([prompts.length, asked.length], [ITEMS, ITEMS + 1 + USERS]);
      assert.deepEqual(asked.slice(0, ITEMS).sort(), prompts.toSorted());

      server.work();
      const tensors = await inferred(first);
      const shapes = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
      assert.deepEqual(shapes, {
        itemHidden: [ITEMS, WIDTH],
        itemDistributions: [ITEMS, 2],
        promptDistributions: [USERS, 2],
      });
      for (const [i, prompt] of prompts.entries()) {
        const [vector] = await ask<number[][]>([prompt]);
        assert.deepEqual(
          tensors.get('itemHidden')!.values.subarray(i * WIDTH, (i + 1) * WIDTH),
          Float32Array.from(vector),
        );
        const [{ score: a }, { score: b }] = await ask<Label[]>(prompt);
        const [p0, p1] = tensors.get('itemDistributions')!.values.subarray(i * 2, i * 2 + 2);
        assert.ok(
          Math.abs(p0 - b / (a + b)) < 1e-6 && Math.abs(p1 - a / (a + b)) < 1e-6,
          `${prompt}: ${p0}, ${p1}`,
        );
      }
    },
  );

  await context.test(
    'what has failed midway is one sentence, and the next run asks only for what is missing',
    async () => {
      hosted('the same labels');
      const before = readings();
      const answered: string[] = [];
      server.failWith(outOfCreditsAfter(30, twoLabels, answered));
      const failed = await refresh();
      assert.equal(failed.code, 1);
      assert.match(
        sentence(failed),
        /^tslrec: The language model the same labels at \S+ answered 402 \(.*\.$/,
      );
      const kept = path.join(newest(before), 'checkpoint');
      appendFileSync(kept, '\n{"kind":"infer categories of us'); // as a kill may leave it

      const since = server.requests.length;
      server.failWith(twoLabels);
      const resumed = await refresh();
      assert.equal(resumed.signal, 'SIGKILL', resumed.stderr);
      const [probe, ...askedThen] = textsAskedOf(server, since);
      assert.equal(probe, PROBE);
      assert.deepEqual([...answered.slice(1), ...askedThen].sort(), asked.toSorted());
      // No vector again.
      assert.ok(server.requests.slice(since).every(({ body }) => typeof body.inputs === 'string'));
      assert.deepEqual(await inferred(newest(before)), await inferred(first));
      assert.ok(!existsSync(kept));
    },
  );

  await context.test(
    'labels that are the same for every text are one sentence, and are not kept',
    async () => {
      hosted('one answer');
      const before = readings();
      const constant = faults.body(JSON.stringify(['0', '1'].map((label) => ({ label, score: 0.5 }))));
      server.failWith((response, answer, request) =>
        (typeof request.body.inputs === 'string' ? constant : right)(response, answer, request),
      );
      const exit = await refresh();
      assert.equal(exit.code, 1);
      assert.match(
        sentence(exit),
        /^tslrec: The language model one answer gave the same row .* for all of 20 different texts, .*\.$/,
      );
      const kept = readFileSync(path.join(newest(before), 'checkpoint'), 'utf8');
      assert.doesNotMatch(kept, /infer categories/);
    },
  );

  await context.test('labels that are no categories are told before anything else is asked', async () => {
    hosted('other labels');
    server.work();
    const since = server.requests.length;
    const exit = await refresh();
    assert.equal(exit.code, 1);
    assert.match(
      sentence(exit),
      /^tslrec: other labels: got 3 labels \(LABEL_0, LABEL_2, LABEL_10\), expected 2 .*; serve .*\.$/,
    );
    assert.deepEqual(textsAskedOf(server, since), [PROBE]);
    assert.equal(server.requests.length, since + 1);
  });

  await context.test('a server that has another model than before', async () => {
    hosted('labels once more');
    server.failWith(outOfCreditsAfter(10, twoLabels, []));
    const before = readings();
    assert.equal((await refresh()).code, 1);
    // Of one item the vector is missing.
    const kept = path.join(newest(before), 'checkpoint');
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('"row":3,', '"row":300,'));
    server.failWith((response, answer, request) => {
      const shorter = faults.altered((rows: readonly number[][]) => rows.map((row) => row.slice(1)));
      (Array.isArray(request.body.inputs) ? shorter : twoLabels)(response, answer, request);
    });
    const exit = await refresh();
    assert.equal(exit.code, 1);
    assert.match(
      sentence(exit),
      /^tslrec: vectors: got rows of 15 numbers, expected 16 .*checkpoint; serve /,
    );
  });

  await context.test('a mistake in the file is one sentence, and nothing is asked', async () => {
    const since = server.requests.length;
    write(JSON.stringify({ embed: at('vectors') }));
    const exit = await refresh();
    assert.deepEqual([exit.code, exit.stdout], [1, '']);
    assert.equal(
      exit.stderr,
      'tslrec: hosted.json: got "embed", expected "embed" and either "classify" or "generate"; correct it; ' +
        'docs/LANGUAGE-MODELS.md shows one.\n',
    );
    assert.equal(server.requests.length, since);
  });

  await context.test(
    'tuned for the categories of other work, it is refused before anything is asked',
    async () => {
      const since = server.requests.length;
      write(JSON.stringify({ embed: at('vectors'), classify: at('labels'), work: '0123' }));
      const exit = await refresh();
      assert.equal(exit.code, 1);
      assert.match(
        sentence(exit),
        /^tslrec: hosted\.json: got a model tuned on the categories of other work \(0123\), expected /,
      );
      assert.equal(server.requests.length, since);
    },
  );

  await context.test('it is brought alone', async () => {
    const exit = await run('refresh', ['--hosted', 'hosted.json', '--base', 'folder']);
    assert.equal(exit.code, 1);
    assert.match(
      exit.stderr,
      /^error: option '--hosted <file>' cannot be used with option '--base <folder\|hub:name>'$/m,
    );
  });

  await context.test('a token that no header can carry is not shown', async () => {
    const exit = await run('refresh', ['--hosted', 'hosted.json'], { HF_TOKEN: `${TOKEN}\n` });
    assert.equal(
      exit.stderr,
      'tslrec: The environment variable HF_TOKEN is wrong: it has a character that no header can carry, ' +
        'such as a line break; set it anew.\n',
    );
  });
});

test('hosted models: one that embeds and one that answers in words', async (context) => {
  const { store, server, write, run, newest } = await setUp(context);
  const at = (model: string) => ({ model, endpointUrl: server.url });
  write(JSON.stringify({ embed: at('vectors'), generate: at('chat') }));
  const hosted = ['--hosted', 'hosted.json'];
  const answered: string[] = [];
  let malformed = 0;
  const oneMalformed = answering(({ body: { temperature } }) =>
    temperature === 0 && malformed++ === 0 ? 'category 1' : '{"1": 0.75, "0": 0.25}',
  );

  await context.test('out of credits midway, it is one sentence', async () => {
    server.failWith(outOfCreditsAfter(25, oneMalformed, answered));
    const exit = await run('refresh', hosted);
    assert.equal(exit.code, 1);
    assert.match(sentence(exit), /^tslrec: The language model chat at \S+ answered 402 \(.*\.$/);
  });

  await context.test('the next run asks for the rest, and counts the answers of both', async () => {
    const since = server.requests.length;
    server.failWith(answering(() => '<think>{"0": 1}?</think>\n{"1": 0.75, "0": 0.25}'));
    const exit = await run('refresh', [...hosted, '--json']);
    assert.equal(exit.code, 0, exit.stderr);
    // One of those that were answered had two answers.
    assert.equal(new Set(answered).size, 24);
    assert.equal(answered.length + textsAskedOf(server, since).length, ITEMS + USERS + 1);

    const counts = { answers: ITEMS + USERS + 1, malformed: 1, givenUp: 0 };
    const result = lastLine<RefreshResult>(exit);
    assert.deepEqual([result.answers, result.metrics.languageModel], [counts, counts]);
    assert.ok(!('modelFolder' in result || 'adapterFolder' in result || 'tuning' in result));
    assert.match(
      exit.stdout,
      /^The language model gave 61 answers, 1 malformed; 0 prompts were given up\.$/m,
    );
    const { itemDistributions, promptDistributions } = Object.fromEntries(await inferred(newest([])));
    for (const { values } of [itemDistributions, promptDistributions])
      assert.ok(values.every((share, i) => share === [0.25, 0.75][i % 2]));
  });

  await context.test('the version tells which models, and not the token', async () => {
    const opened = await openStore(store, { log: silentLog });
    const [{ manifest }] = await opened.listVersions().finally(opened.close);
    const { sha256, ...models } = manifest.lineage.languageModel as Record<string, unknown>;
    assert.deepEqual(models, { embed: at('vectors'), generate: at('chat') });
    assert.match(String(sha256), /^[0-9a-f]{64}$/);
    assert.ok(!('adapter' in manifest.lineage));
    assert.doesNotMatch(JSON.stringify(manifest), new RegExp(TOKEN));
  });

  await server.stop();
  const evaluate = (arms: string) =>
    run('evaluate', [...hosted, '--arms', arms, '--modes', 'frozen', '--seeds', '1']);

  await context.test('evaluate finds what the refresh has left', async () => {
    const exit = await evaluate('tslrec');
    assert.equal(exit.code, 0, exit.stderr);
    assert.match(exit.stdout, /sasrec +tslrec +frozen/);
    assert.ok(!stageNames(store).includes('pretrain-language-model'));
  });

  await context.test('there is nothing of before the tuning', async () => {
    const exit = await evaluate('untuned,tslrec');
    assert.deepEqual([exit.code, exit.stdout], [1, '']);
    assert.match(
      sentence(exit),
      /^tslrec: A hosted model has been tuned elsewhere, .*; leave it out of --arms, .*\.$/,
    );
  });
});

test('the file of hosted models: each mistake is one sentence without any secret', async (context) => {
  const file = path.join(await temporaryFolder(context), 'hosted.json');
  const embed = { model: 'vectors', endpointUrl: 'http://host' };
  const mistakes: [unknown, RegExp][] = [
    [[], /hosted\.json: got a list, expected "embed" and either "classify" or "generate"; correct it; .*\.$/],
    [
      { embed, classify: embed, generate: embed },
      /: got "embed", "classify", "generate", expected "embed" and either /,
    ],
    [{ classify: embed }, / embed: got nothing, expected "model" and either "provider" or "endpointUrl"; /],
    [{ embed, classify: {} }, / classify\.model: got nothing, expected the name of a model; /],
    [{ embed, classify: { model: 'labels' } }, / classify: got "model", expected "model" and either /],
    [
      { embed: { ...embed, token: TOKEN }, classify: embed },
      / embed: got "model", "endpointUrl", "token", expected "model" and /,
    ],
    [
      { embed: { ...embed, provider: 'novita' }, classify: embed },
      / embed: got "model", "endpointUrl", "provider", expected /,
    ],
    [
      { embed: { ...embed, model: '' }, classify: embed },
      / embed\.model: got "", expected the name of a model; /,
    ],
    [
      { embed, generate: { model: 'chat', provider: 'acme' } },
      / generate\.provider: got "acme", expected one of .*, hf-inference, .*; correct it; /,
    ],
    [
      { embed, classify: { model: 'labels', endpointUrl: `http://me:${TOKEN}@host` } },
      / classify: The endpoint's URL is not of the form http\(s\):\/\/host\/path: give it without user, /,
    ],
  ];
  for (const [content, message] of mistakes) {
    writeFileSync(file, JSON.stringify(content));
    await assert.rejects(findHostedModels({ hosted: file }), (error: Error) => {
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, new RegExp(TOKEN));
      return error instanceof TslrecError;
    });
  }
  writeFileSync(file, JSON.stringify({ embed, classify: embed }));
  const { source } = await findHostedModels({ hosted: file });
  writeFileSync(
    file,
    `{ "classify": ${JSON.stringify(embed)},\n"embed": {"endpointUrl": "http://host", "model": "vectors"} }`,
  );
  assert.deepEqual((await findHostedModels({ hosted: file })).source, source);
});

test('the categories of labels', () => {
  const K = 3;
  for (const labels of [
    ['2', '0', '1'],
    ['LABEL_2', 'LABEL_0', 'LABEL_1'],
    ['a category 2', 'b00', 'c-1'],
  ])
    assert.deepEqual(categoriesOfLabels(labels, K, 'model'), [2, 0, 1]);
  const mistakes: [string[], RegExp][] = [
    [
      ['0', '1', '3'],
      /^model: got 3 labels \(0, 1, 3\), none of which is category 2, expected 3 .* from 0 to 2, /,
    ],
    [['1', '2', '3'], / none of which is category 0, /],
    [['0', '1', '1'], / none of which is category 2, /],
    [['good', 'bad', 'ugly'], / none of which is category 0, /],
    [['0', '1'], /^model: got 2 labels \(0, 1\), expected 3 /],
    [['0', '1', '2', '3'], /^model: got 4 labels \(0, 1, 2, \.\.\.\), expected 3 /],
  ];
  for (const [labels, message] of mistakes)
    assert.throws(() => categoriesOfLabels(labels, K, 'model'), { code: 'bad-data', message });
});
