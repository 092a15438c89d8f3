// Samples for outside trainers: what is in the three files, that nothing held out is in them, and that the
// stages are those of a refresh. Each item is called what its id is, so that a prompt tells which items it
// lists.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { ExportSftResult } from '../../jobs/export-sft.ts';
import { PRESETS } from '../../jobs/presets.ts';
import { chatPrompt } from '../../src/instructions/chat-samples.ts';
import { parseAnswer } from '../../src/instructions/distribution-answer.ts';
import { readDataset } from '../../src/layouts/read-dataset.ts';
import { lastLine, tslrec } from '../support/command-line.ts';
import { stagesIn } from '../support/stages.ts';
import { emptyStoreFolder, temporaryFolder } from '../support/stores.ts';
import { npy } from '../support/vector-files.ts';

const USERS = 24;
const ITEMS = 20;
const { items: itemsPerPrompt } = PRESETS.quick.languageModel.prompt;

interface SampleLine {
  readonly userId: string;
  readonly prompt: string;
  readonly target: readonly number[];
}
interface ChatLine {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

test('export-sft', async (context) => {
  const folder = await temporaryFolder(context);
  const store = await emptyStoreFolder(context);
  await tslrec(folder, [
    'generate-sample',
    'sample',
    '--users',
    `${USERS}`,
    '--items',
    `${ITEMS}`,
    '--categories',
    '2',
  ]);
  const ids = Array.from({ length: ITEMS }, (_, item) => `S${String(item + 1).padStart(4, '0')}`);
  const items = ids.map((id) => `${JSON.stringify({ item_id: id, title: `called ${id}` })}\n`);
  writeFileSync(path.join(folder, 'sample', 'items.jsonl'), items.join(''));
  writeFileSync(path.join(folder, 'sample', 'prices.csv'), 'item_id,price\n');
  const { dataset } = await readDataset(path.join(folder, 'sample'), { onBadRow: 'stop' });

  const common = ['--data', 'sample', '--store', store, '--preset', 'quick'];
  const refresh = await tslrec(folder, ['refresh', ...common], { TSLREC_FAILPOINT: 'after:instruct' });
  assert.equal(refresh.signal, 'SIGKILL', refresh.stderr);
  const stages = () =>
    stagesIn(store).flatMap(([stage, at]) =>
      readdirSync(at).map((name) => {
        const { ino, mtimeMs } = statSync(path.join(at, name));
        return { stage, name: path.join(at, name), ino, mtimeMs };
      }),
    );
  const ofRefresh = stages();
  const output = path.join(folder, 'new', 'samples');
  const exit = await tslrec(folder, ['export-sft', ...common, '--output', output, '--json']);
  assert.equal(exit.code, 0, exit.stderr);
  const result = lastLine<ExportSftResult>(exit);
  const K = result.categoryCount;
  const lines = <Line>(name: string): Line[] =>
    readFileSync(path.join(output, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
  const samples = lines<SampleLine>('samples.jsonl');
  const chats = lines<ChatLine>('chat.jsonl');

  await context.test('the stages are those of the refresh, and none is computed again', () => {
    assert.deepEqual(stages(), ofRefresh);
    assert.ok(ofRefresh.some(({ stage }) => stage === 'instruct'));
  });

  await context.test(
    'a sample lists the latest training items: no prompt has an item that is held out',
    () => {
      assert.deepEqual(
        samples.map(({ userId, prompt }) => [userId, prompt.match(/S\d{4}/g)]),
        dataset.userIds.map((userId, user) => {
          const train = dataset.sequences[user].subarray(0, -2);
          return [userId, Array.from(train.subarray(-itemsPerPrompt), (item) => ids[item])];
        }),
      );
      const heldOut = dataset.sequences.map((sequence) => {
        const train = sequence.subarray(0, -2);
        return Array.from(sequence.subarray(-2)).filter((item) => !train.includes(item));
      });
      assert.ok(heldOut.flat().length > USERS);
      heldOut.forEach((of, user) => {
        for (const item of of) assert.ok(!JSON.stringify([samples[user], chats[user]]).includes(ids[item]));
      });
    },
  );

  await context.test('a target is the distribution that the refresh learns from', () => {
    const [{ name }] = ofRefresh.filter((file) => path.basename(file.name) === 'instructions.jsonl');
    const kept = readFileSync(name, 'utf8');
    assert.equal(readFileSync(path.join(output, 'samples.jsonl'), 'utf8'), kept);
    for (const { target } of samples) {
      assert.equal(target.length, K);
      assert.ok(Math.abs(target.reduce((sum, share) => sum + share, 0) - 1) < 1e-6);
    }
  });

  await context.test('a conversation asks the same and answers the same, to three digits', () => {
    assert.equal(chats.length, samples.length);
    chats.forEach(({ messages }, user) => {
      const { prompt, target } = samples[user];
      const [answer] = messages.slice(-1);
      assert.deepEqual(messages, [...chatPrompt(prompt, K), { role: 'assistant', content: answer.content }]);
      const read = parseAnswer(answer.content, K);
      assert.ok(typeof read !== 'string', `${read}`);
      for (const [k, share] of target.entries())
        assert.ok(Math.abs(read[k] - share) < 0.002, `${read[k]} ${share}`);
    });
  });

  await context.test('sft.json says what the samples are', () => {
    const {
      output: where,
      layout,
      timed,
      notes,
      skippedRows,
      duplicateRows,
      filteredRows,
      ...manifest
    } = result;
    assert.deepEqual([where, layout, timed], [output, 'tslrec', true]);
    assert.deepEqual([skippedRows, duplicateRows, filteredRows], [0, 0, 0]);
    assert.deepEqual(notes, ['Files that are not read: prices.csv.']);
    assert.ok(exit.stdout.startsWith(notes[0]), exit.stdout);
    assert.deepEqual(JSON.parse(readFileSync(path.join(output, 'sft.json'), 'utf8')), manifest);
    assert.deepEqual(manifest, {
      dataset: { name: 'sample', hash: dataset.hash },
      preset: 'quick',
      seed: 1,
      work: manifest.work,
      categoryCount: K,
      samples: USERS,
      usersWithoutSample: 0,
      prompt: { maxItems: itemsPerPrompt, descriptionWords: 0, templateHash: manifest.prompt.templateHash },
      chat: { templateHash: manifest.chat.templateHash },
      sha256: Object.fromEntries(
        ['samples.jsonl', 'chat.jsonl'].map((name) => [
          name,
          createHash('sha256')
            .update(readFileSync(path.join(output, name)))
            .digest('hex'),
        ]),
      ),
      head: { longestPrompt: 256, pooling: 'mean' },
    });
    assert.deepEqual(readdirSync(output).sort(), ['chat.jsonl', 'samples.jsonl', 'sft.json']);
  });

  await context.test(
    'its own files are replaced, and one that somebody has changed only with --force',
    async () => {
      const again = (...options: string[]) =>
        tslrec(folder, ['export-sft', ...common, '--output', output, ...options]);
      const chat = path.join(output, 'chat.jsonl');
      const before = readFileSync(chat, 'utf8');
      assert.equal((await again()).code, 0);
      writeFileSync(chat, `${before}mine\n`);
      const { code, stderr } = await again();
      assert.equal(code, 1);
      assert.match(stderr, /^tslrec: \S+chat\.jsonl is there already, .*, or replace it with --force\.\n$/);
      assert.equal(readFileSync(chat, 'utf8'), `${before}mine\n`);
      assert.equal((await again('--force')).code, 0);
      assert.equal(readFileSync(chat, 'utf8'), before);
    },
  );

  await context.test('with given item vectors the samples are from other work', async () => {
    writeFileSync(path.join(folder, 'v.npy'), npy(ids.map((_, item) => [item % 2, 1 - (item % 2)])));
    writeFileSync(path.join(folder, 'v.ids.txt'), ids.join('\n'));
    const own = await tslrec(folder, [
      'export-sft',
      ...common,
      '--output',
      'own',
      '--srs-embeddings',
      'v.npy',
      '--json',
    ]);
    assert.equal(own.code, 0, own.stderr);
    const { work, srs, categoryCount } = lastLine<ExportSftResult>(own);
    assert.notEqual(work, result.work);
    assert.deepEqual([srs?.file, categoryCount], ['v.npy', 2]);
  });

  await context.test('a mistake is one sentence', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    for (const [parameters, expected] of [
      ['--data sample', /^error: required option '--output <folder>' not specified$/],
      [
        '--data sample --output file',
        /^tslrec: \S*file cannot be used: a file stands where a folder is wanted; /,
      ],
      ['--data sample --output out --srs-ids ids', /^tslrec: --srs-ids is given without --srs-embeddings, /],
    ] as const) {
      const { code, stderr } = await tslrec(folder, ['export-sft', ...parameters.split(' ')]);
      assert.equal(code, 1);
      assert.match(stderr.split('\n')[0], expected);
    }
  });
});
